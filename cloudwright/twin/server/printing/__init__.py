"""Tables: what `kubectl get` shows, made by the server."""
