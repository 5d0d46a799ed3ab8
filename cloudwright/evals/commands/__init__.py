"""Commands around the simulated cluster, one file a group."""
