"""Tokens of service accounts in Secrets, and roles that are made of other roles."""

from collections.abc import Hashable
from typing import Any

from cloudwright.twin.api import SECRETS, SERVICE_ACCOUNTS, Resource
from cloudwright.twin.controllers.base import Context, Controller, ignore_not_found
from cloudwright.twin.controllers.informer import both
from cloudwright.twin.objects import (
    Raw,
    annotations_of,
    is_deleting,
    key_of,
    labels_of,
    name_of,
    namespace_of,
    selector_matches,
    uid_of,
)
from cloudwright.twin.store import clone

CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles")
_TYPE = "kubernetes.io/service-account-token"
_ACCOUNT, _ACCOUNT_UID = "kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"
_TEN_YEARS = 315_360_000


class TokenController(Controller):
    """Fills Secrets of type kubernetes.io/service-account-token, and removes those whose account is gone."""

    name = "tokens-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._secrets, self._accounts = context.cache(SECRETS), context.cache(SERVICE_ACCOUNTS)
        self._secrets.add_index("account", _account_index)
        self._secrets.add_handler(self._on_secret)
        self._accounts.add_handler(self._on_account)

    def _on_secret(self, old: Raw | None, new: Raw | None) -> None:
        if new is not None and new.get("type") == _TYPE:
            self.queue.add(key_of(new))

    def _on_account(self, old: Raw | None, new: Raw | None) -> None:
        for account in both(old, new)[-1:]:
            for secret in self._secrets.by("account", key_of(account)):
                self.queue.add(key_of(secret))

    def sync(self, key: Hashable) -> None:
        """Fill, leave or remove one Secret."""
        assert isinstance(key, tuple)
        namespace, name = key
        secret = self._secrets.get(namespace, name)
        if secret is None or is_deleting(secret) or secret.get("type") != _TYPE:
            return
        account = self._accounts.get(namespace, annotations_of(secret).get(_ACCOUNT, ""))
        known = annotations_of(secret).get(_ACCOUNT_UID)
        if account is None or (known is not None and known != uid_of(account)):
            ignore_not_found(lambda: self.api.delete(SECRETS, name, namespace, uid=uid_of(secret)))
            return
        if (secret.get("data") or {}).get("token"):
            return
        body = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": _TEN_YEARS, "audiences": []},
        }
        answer = self.api.create_subresource(SERVICE_ACCOUNTS, name_of(account), namespace, "token", body)
        text = {"token": answer["status"]["token"], "namespace": namespace, "ca.crt": self.context.options.cluster_ca}
        filled = clone(secret)
        filled["metadata"].setdefault("annotations", {})[_ACCOUNT_UID] = uid_of(account)
        self.api.update(SECRETS, {**filled, "stringData": text})


def _account_index(secret: Raw) -> list[tuple[str, str]]:
    if secret.get("type") != _TYPE:
        return []
    return [(namespace_of(secret), annotations_of(secret).get(_ACCOUNT, ""))]


class RoleAggregator(Controller):
    """Keeps the rules of ClusterRoles with an `aggregationRule` the union of those that it selects."""

    name = "clusterrole-aggregation-controller"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._roles = context.cache(CLUSTER_ROLES)
        self._roles.add_handler(self._on_role)

    def _on_role(self, old: Raw | None, new: Raw | None) -> None:
        for role in self._roles.all():
            if "aggregationRule" in role:
                self.queue.add(name_of(role))

    def sync(self, key: Hashable) -> None:
        """Gather the rules of one role."""
        role = self._roles.get("", str(key))
        selectors = ((role or {}).get("aggregationRule") or {}).get("clusterRoleSelectors")
        if role is None or not selectors:
            return
        rules: list[Any] = []
        for other in sorted(self._roles.all(), key=name_of):
            if name_of(other) != name_of(role) and any(selector_matches(each, labels_of(other)) for each in selectors):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
        if sorted(map(str, rules)) != sorted(map(str, role.get("rules") or ())):
            self.api.update(CLUSTER_ROLES, {**clone(role), "rules": clone(rules)})
