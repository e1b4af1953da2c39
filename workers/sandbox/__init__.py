"""What a process that opens user bytes is kept from. One file a mechanism; `confinement` puts them together."""
