"""Facts about the kinds of a Kubernetes 1.34 API server, as data that `scripts/generate_twin_schema.py` writes."""
