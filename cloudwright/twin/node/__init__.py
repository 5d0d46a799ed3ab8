"""The node agent: simulated kubelets that speak only the Kubernetes API."""
