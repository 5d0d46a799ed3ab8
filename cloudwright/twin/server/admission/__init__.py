"""Admission plugins in the order in which a default API server runs them."""

from cloudwright.twin.server.admission.accounts import ServiceAccounts
from cloudwright.twin.server.admission.defaults import (
    DefaultIngressClass,
    DefaultStorageClass,
    InUseProtection,
    NewNodes,
    TolerationSeconds,
)
from cloudwright.twin.server.admission.escalation import Escalation
from cloudwright.twin.server.admission.lifecycle import NamespaceLifecycle
from cloudwright.twin.server.admission.limits import LimitRanger
from cloudwright.twin.server.admission.podsecurity import PodSecurity
from cloudwright.twin.server.admission.priority import Priority
from cloudwright.twin.server.admission.quota import Quota
from cloudwright.twin.server.admission.webhooks import Webhooks
from cloudwright.twin.server.catalog import Catalog
from cloudwright.twin.server.rbac import Authorizer
from cloudwright.twin.server.registry import Admission, Registry


def standard_plugins(
    registry: Registry, catalog: Catalog, authorizer: Authorizer, *, upkeep: bool = True
) -> list[Admission]:
    """The plugins that are on by default."""
    store = registry.store
    return [
        NamespaceLifecycle(store),
        LimitRanger(store),
        ServiceAccounts(store, registry.identities),
        NewNodes(),
        PodSecurity(store),
        Priority(store),
        TolerationSeconds(),
        DefaultStorageClass(store),
        InUseProtection(),
        DefaultIngressClass(store),
        Escalation(authorizer),
        Webhooks(registry, catalog),
        Quota(registry, catalog, upkeep=upkeep),
    ]
