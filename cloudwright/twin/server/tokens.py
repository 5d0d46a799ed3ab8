"""Service account tokens: signed JSON web tokens that only this server accepts."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from cloudwright.twin.server.request import User

ISSUER = "https://kubernetes.default.svc.cluster.local"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def account_user(namespace: str, name: str, uid: str = "", extra: Mapping[str, tuple[str, ...]] | None = None) -> User:
    """The identity of a service account."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return User(f"system:serviceaccount:{namespace}:{name}", groups, uid, extra or {})


class Tokens:
    """Issues and checks service account tokens."""

    issuer = ISSUER

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def issue(
        self,
        account: Mapping[str, Any],
        audiences: Sequence[str],
        now: float,
        seconds: int,
        bound: Mapping[str, Any] | None = None,
    ) -> str:
        """A token for an account, valid for some seconds from `now`."""
        metadata = account["metadata"]
        subject = {"name": metadata["name"], "uid": metadata["uid"]}
        private: dict[str, Any] = {"namespace": metadata["namespace"], "serviceaccount": subject}
        if bound and bound.get("kind") == "Pod":
            private["pod"] = {"name": bound.get("name", ""), "uid": bound.get("uid", "")}
        claims = {
            "aud": list(audiences),
            "exp": int(now) + seconds,
            "iat": int(now),
            "iss": self.issuer,
            "jti": secrets.token_hex(16),
            "kubernetes.io": private,
            "nbf": int(now),
            "sub": f"system:serviceaccount:{metadata['namespace']}:{metadata['name']}",
        }
        head = _encode(json.dumps({"alg": "HS256", "kid": "twin"}).encode())
        body = _encode(json.dumps(claims, separators=(",", ":")).encode())
        return f"{head}.{body}.{self._sign(f'{head}.{body}')}"

    def _sign(self, text: str) -> str:
        return _encode(hmac.new(self._secret, text.encode(), hashlib.sha256).digest())

    def check(self, token: str, now: float) -> User | None:
        """Whose token it is, or None when it is not valid."""
        parts = token.split(".")
        if len(parts) != 3 or not hmac.compare_digest(self._sign(f"{parts[0]}.{parts[1]}"), parts[2]):
            return None
        claims = json.loads(_decode(parts[1]))
        if not claims["nbf"] <= now < claims["exp"]:
            return None
        private = claims["kubernetes.io"]
        account = private["serviceaccount"]
        extra = {"authentication.kubernetes.io/credential-id": (f"JTI={claims['jti']}",)}
        return account_user(private["namespace"], account["name"], account["uid"], extra)
