"""Names of the files that Coqui published with YourTTS. Imports nothing: the web process lists voices by them."""

#: The weights; the first that exists is read.
WEIGHTS = ("model.safetensors", "model_file.pth", "model_file.pth.tar", "best_model.pth")
