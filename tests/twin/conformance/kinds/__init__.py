"""The kinds of the corpus: a manifest that is accepted, a change, and inputs that are refused."""

from tests.twin.conformance.kinds.access import ACCESS
from tests.twin.conformance.kinds.cluster import CLUSTER
from tests.twin.conformance.kinds.core import CORE
from tests.twin.conformance.kinds.model import Kind
from tests.twin.conformance.kinds.network import NETWORK
from tests.twin.conformance.kinds.workloads import WORKLOADS

KINDS: tuple[Kind, ...] = (*CORE, *WORKLOADS, *NETWORK, *ACCESS, *CLUSTER)
