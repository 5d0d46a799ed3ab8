"""Clusters as data: nodes, workloads, objects outside, and their past."""
