"""The encodings in which a secret may show up again."""

import base64
import binascii
import json
from urllib.parse import quote, quote_plus

_SHORTEST = 4


def variants(secret: str) -> list[str]:
    """The secret itself and its usual encodings (base64 in its three alignments, URL, JSON, hex), longest first."""
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote_plus(secret), quote(secret), json.dumps(secret)[1:-1]}
    found |= {json.dumps(secret, ensure_ascii=False)[1:-1], secret.replace("\n", "\\n")}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        whole = encode(raw).decode()
        found |= {whole, whole.rstrip("=")}
        for shift in (1, 2):
            inner = encode(b"\0" * shift + raw).decode().rstrip("=")
            found.add(inner[shift + 1 : len(inner) - 1])
    if len(raw) >= 6:
        found.add(raw.hex())
    return sorted((item for item in found if len(item) >= _SHORTEST), key=len, reverse=True)


def decoded(word: str) -> str | None:
    """The text that a base64 word holds, or None where it is none or not printable."""
    body = word.rstrip("=")
    if len(body) % 4 == 1:
        return None
    padded = (body + "=" * (-len(body) % 4)).replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(padded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text if all(letter.isprintable() or letter in "\r\n\t" for letter in text) else None
