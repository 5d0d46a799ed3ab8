"""What an image does, as data: application models, the image registry, processes and their shell."""
