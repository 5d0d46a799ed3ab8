"""Ways to get a ClusterView: a folder of dumps, a live cluster, a saved snapshot."""
