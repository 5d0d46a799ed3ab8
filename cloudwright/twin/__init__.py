"""A simulated Kubernetes cluster that real clients accept; its symptoms are derived, never scripted."""
