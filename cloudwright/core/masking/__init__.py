"""Masking of secrets: `SessionRedactor` is the implementation of `core.redaction.Redactor`."""

from cloudwright.core.masking.redactor import PLACEHOLDER, SessionRedactor

__all__ = ["PLACEHOLDER", "SessionRedactor"]
