"""Remedies that are computed from the rest of the cluster, by kind of cause."""

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.remedies import access, admission, jobs, storage, stores, wiring
from cloudwright.diagnosis.view import ClusterView


class Rank(IntEnum):
    """Where a computed remedy stands among the others."""

    FIRST = 1
    BEFORE_CHECKS = 2
    """After going back to the revision before, where that revision did not have the fault."""
    AFTER_CHECKS = 3


Maker = Callable[[ClusterView, Cause], Iterator[Remedy]]

FIRST: Mapping[str, tuple[Maker, ...]] = {
    "claim-storage-class-missing": (storage.claim_of_known_class,),
}
BEFORE: Mapping[str, tuple[Maker, ...]] = {
    "pod-security-violation": (admission.meet_standard,),
    "limit-range-violated": (admission.widen_limits,),
    "network-policy-blocks-service": (access.mended_peers, access.every_caller),
}
AFTER: Mapping[str, tuple[Maker, ...]] = {
    "cluster-dns-rule": (access.without_rule,),
    "claim-storage-class-mismatch": (storage.claim_that_fits,),
    "claim-access-mode-mismatch": (storage.claim_that_fits,),
    "claim-capacity-mismatch": (storage.claim_that_fits,),
    "evicted-own-limit": (storage.more_scratch_space,),
    "volume-full": (storage.larger_claim,),
    "cron-last-failed": (wiring.known_host,),
    "job-deadline": (jobs.longer_deadline,),
    "name-resolution-failing": (wiring.known_host,),
    "address-unknown": (wiring.known_host,),
    "dependency-wrong-port": (wiring.offered_port,),
    "database-wrong-port": (wiring.offered_port,),
    "secret-key-missing": (wiring.meant_key,),
    "config-map-key-missing": (wiring.meant_key,),
    "external-name-shadows-workload": (access.no_alias,),
    "external-name-unknown": (access.no_alias,),
    "database-read-only": (stores.writable,),
    "database-locked": (stores.unlocked,),
    "database-connections-exhausted": (stores.more_connections,),
    "store-memory-full": (stores.more_store_memory,),
    "credentials-rejected": (wiring.fresh_credentials, wiring.shared_credentials),
}


_BY_RANK = {Rank.FIRST: FIRST, Rank.BEFORE_CHECKS: BEFORE, Rank.AFTER_CHECKS: AFTER}


def computed(view: ClusterView, cause: Cause, rank: Rank) -> Iterator[Remedy]:
    """What can be computed for a cause of this kind."""
    for make in _BY_RANK[rank].get(cause.kind, ()):
        yield from make(view, cause)
