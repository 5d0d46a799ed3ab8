"""Time series, PromQL and the Prometheus HTTP API of the simulated cluster."""
