"""The API server of the twin: one request pipeline, with HTTP around it."""
