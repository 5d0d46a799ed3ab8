"""Who asks: bearer tokens, client certificates, impersonation."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin.clock import Clock
from cloudwright.twin.server.errors import StatusError
from cloudwright.twin.server.rbac import Attributes, Authorizer, forbidden_text
from cloudwright.twin.server.request import ANONYMOUS, User
from cloudwright.twin.server.tokens import Tokens, account_user

_AUTHENTICATED = "system:authenticated"
_ACCOUNT = "system:serviceaccount:"
Headers = Iterable[tuple[str, str]]


def unauthorized() -> StatusError:
    """401."""
    return StatusError(401, "Unauthorized", "Unauthorized")


class Authenticator:
    """Knows static tokens, service account tokens and verified client certificates."""

    def __init__(self, tokens: Tokens, authorizer: Authorizer, clock: Clock, static: Mapping[str, User]) -> None:
        self._tokens = tokens
        self._authorizer = authorizer
        self._clock = clock
        self.static = dict(static)

    def user(self, authorization: str, certificate: Mapping[str, Any] | None) -> User:
        """The user of a request's credentials; anonymous without any.

        Raises:
            StatusError: 401 for a token that is not valid.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer" and token:
            found = self.static.get(token.strip()) or self._account(token.strip())
            if found is None:
                raise unauthorized()
            return found
        if certificate:
            return _subject(certificate)
        return ANONYMOUS

    def _account(self, token: str) -> User | None:
        try:
            return self._tokens.check(token, self._clock.now())
        except (ValueError, KeyError):
            return None

    def impersonated(self, user: User, headers: Headers) -> User | None:
        """Whom the user wants to be, or None.

        Raises:
            StatusError: 403, the user may not; 400 or 500 for incomplete headers.
        """
        wanted = [(name[len("impersonate-") :], value) for name, value in headers if name.startswith("impersonate-")]
        if not wanted:
            return None
        names = [value for name, value in wanted if name == "user"]
        groups = [value for name, value in wanted if name == "group"]
        uids = [value for name, value in wanted if name == "uid"]
        extra: dict[str, tuple[str, ...]] = {}
        for name, value in wanted:
            if name.startswith("extra-"):
                key = name.removeprefix("extra-")
                extra[key] = (*extra.get(key, ()), value)
        if not names:
            message = "requested [{}] without impersonating a user".format(" ".join(groups or uids))
            raise StatusError(500, "InternalError", f"Internal error occurred: {message}")
        self._check(user, names[0], groups, uids, extra)
        return _become(names[0], groups, uids, extra)

    def _check(self, user: User, name: str, groups: list[str], uids: list[str], extra: Mapping[str, Any]) -> None:
        if name.startswith(_ACCOUNT):
            namespace, _, account = name.removeprefix(_ACCOUNT).partition(":")
            wanted = [Attributes(user, "impersonate", "", "v1", "serviceaccounts", namespace=namespace, name=account)]
        else:
            wanted = [Attributes(user, "impersonate", "", "v1", "users", name=name)]
        wanted += [Attributes(user, "impersonate", "", "v1", "groups", name=group) for group in groups]
        group = "authentication.k8s.io"
        wanted += [Attributes(user, "impersonate", group, "v1", "uids", name=uid) for uid in uids]
        wanted += [
            Attributes(user, "impersonate", group, "v1", "userextras", key, name=value)
            for key, values in extra.items()
            for value in values
        ]
        for attributes in wanted:
            if not self._authorizer.decide(attributes).allowed:
                resource = attributes.resource + (f".{attributes.group}" if attributes.group else "")
                message = f'{resource} "{attributes.name}" is forbidden: {forbidden_text(attributes)}'
                details = {"name": attributes.name, "group": attributes.group, "kind": attributes.resource}
                raise StatusError(403, "Forbidden", message, {k: v for k, v in details.items() if v})


def _become(name: str, groups: list[str], uids: list[str], extra: Mapping[str, tuple[str, ...]]) -> User:
    if name == ANONYMOUS.name:
        return User(name, tuple(groups) or ANONYMOUS.groups)
    if name.startswith(_ACCOUNT) and not groups:
        namespace, _, account = name.removeprefix(_ACCOUNT).partition(":")
        return account_user(namespace, account, uids[0] if uids else "", extra)
    if _AUTHENTICATED not in groups:
        groups = [*groups, _AUTHENTICATED]
    return User(name, tuple(groups), uids[0] if uids else "", extra)


def _subject(certificate: Mapping[str, Any]) -> User:
    parts = [(key, value) for group in certificate.get("subject", ()) for key, value in group]
    name = next((value for key, value in parts if key == "commonName"), "")
    groups = tuple(value for key, value in parts if key == "organizationName")
    return User(name, (*groups, _AUTHENTICATED))
