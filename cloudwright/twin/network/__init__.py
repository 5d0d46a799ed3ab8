"""The data plane: name resolution, routing, policy and a fluid model of requests on every edge."""
