"""Checks: pure functions from a ClusterView to findings, one module per domain, listed in `table.CHECKS`."""
