"""Adapters of public benchmarks: their formats in, our answers out. They know formats, never answers."""
