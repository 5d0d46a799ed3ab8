"""Repair policies so that given requests are allowed and others denied; every accepted repair is proved."""
