"""Three small clusters for every kind of finding."""

from tests.diagnosis.samples import configuration, conflicts, images, placing, platform, programs, routing, workloads
from tests.diagnosis.samples.base import Sample


def all_samples() -> dict[str, Sample]:
    """(positive, negative, near miss) by kind of finding."""
    found: dict[str, Sample] = {}
    for module in (images, configuration, workloads, placing, programs, routing, platform, conflicts):
        found.update(module.samples())
    return found
