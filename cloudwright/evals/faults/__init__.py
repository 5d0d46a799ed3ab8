"""Faults as data: how each is injected, what it shows, what repairs it and what does not."""
