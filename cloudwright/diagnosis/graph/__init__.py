"""The graph of objects and calls."""
