"""Plain language without a model: requests become typed calls over the catalogue and the cluster's own vocabulary."""
