"""Cloudwright: an assistant for people who run clouds."""

__version__ = "0.1.0"
