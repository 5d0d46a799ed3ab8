"""Times of repeated work."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Clock:
    """Wall and processor seconds of repeated work: on a busy machine the second is the one to compare."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Time one piece of work."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall.append(time.perf_counter() - wall)
        self.cpu.append(time.process_time() - cpu)

    def __str__(self) -> str:
        return f"wall {spread(self.wall)}; cpu {spread(self.cpu)}"


def spread(seconds: Sequence[float]) -> str:
    """Median, p95 and maximum in milliseconds."""
    if not seconds:
        return "no cases"
    ordered = sorted(seconds)
    at = [ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], ordered[-1]]
    return (
        f"median {at[0] * 1000:.1f} ms, p95 {at[1] * 1000:.1f} ms, max {at[2] * 1000:.0f} ms, sum {sum(ordered):.1f} s"
    )
