"""Remedies that are computed from the rest of the cluster, by kind of cause."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.remedies import access, admission, storage, wiring
from cloudwright.diagnosis.view import ClusterView


@dataclass(frozen=True)
class Computed:
    """A remedy, and whether it is better than what the check itself proposes."""

    remedy: Remedy
    before_checks: bool


Maker = Callable[[ClusterView, Cause], Iterator[Remedy]]

BEFORE: Mapping[str, tuple[Maker, ...]] = {
    "pod-security-violation": (admission.meet_standard,),
    "limit-range-violated": (admission.widen_limits,),
    "network-policy-blocks-service": (access.mended_peers, access.every_caller),
}
AFTER: Mapping[str, tuple[Maker, ...]] = {
    "cluster-dns-rule": (access.without_rule,),
    "claim-storage-class-missing": (storage.claim_of_known_class,),
    "claim-storage-class-mismatch": (storage.claim_that_fits,),
    "claim-access-mode-mismatch": (storage.claim_that_fits,),
    "claim-capacity-mismatch": (storage.claim_that_fits,),
    "evicted-own-limit": (storage.more_scratch_space,),
    "volume-full": (storage.larger_claim,),
    "cron-last-failed": (wiring.known_host, wiring.as_the_last_success),
    "job-failed": (wiring.known_host,),
    "name-resolution-failing": (wiring.known_host,),
    "credentials-rejected": (wiring.fresh_credentials, wiring.shared_credentials),
}


def computed(view: ClusterView, cause: Cause) -> Iterator[Computed]:
    """What can be computed for a cause of this kind."""
    for first, makers in ((True, BEFORE), (False, AFTER)):
        for make in makers.get(cause.kind, ()):
            for remedy in make(view, cause):
                yield Computed(remedy, first)
