"""Chat models behind one Protocol; a model is optional everywhere."""
