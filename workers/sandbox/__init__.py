"""Sandboxes of the processes that parse user input. One file a mechanism; `confinement` puts them together."""
