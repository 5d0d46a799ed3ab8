"""A hosted demo in a process of its own: it starts, and later runs, beside the program that talks about it."""

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from cloudwright.core.errors import CloudwrightError, UsageError

if TYPE_CHECKING:
    from cloudwright.evals.hosting import Hosted

_GRACE = 10.0


@dataclass(frozen=True)
class Wanted:
    """Which demo: see `evals.demo.prepare`."""

    seed: int = 0
    healthy: bool = False
    names: tuple[str, ...] = ()
    port: int = 0


@dataclass(frozen=True)
class Address:
    """Where the demo is reached: a kubeconfig file, and the base URL of its Prometheus."""

    kubeconfig: str
    prometheus_url: str


class Beside:
    """Starts the other process at once; `address` waits until it serves. It ends with this one, however that ends."""

    def __init__(self, wanted: Wanted) -> None:
        self._process = subprocess.Popen(  # noqa: S603 (our own module; its argument is data)
            [sys.executable, "-m", __name__, json.dumps(asdict(wanted))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the conversation, not for the cluster
        )

    def __enter__(self) -> "Beside":
        return self

    def address(self) -> Address:
        """Where it serves.

        Raises:
            UsageError: there is no such demo. CloudwrightError: it did not come up.
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise CloudwrightError("The simulated cluster did not come up.")
        said = json.loads(line)
        if "error" in said:
            raise UsageError(said["error"], hint=said["hint"])
        return Address(**said)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def host(wanted: Wanted) -> "Hosted":
    """The demo in this process, not yet served.

    Raises:
        UsageError: there is no such fault.
    """
    from cloudwright.evals.demo import prepare
    from cloudwright.evals.hosting import Hosted

    prepared = prepare(seed=wanted.seed, healthy=wanted.healthy, names=wanted.names, start_at=time.time())
    world = prepared.cluster.world
    world.step(max(0.0, time.time() - world.clock.now()))  # the clock shows the present, however long this took
    return Hosted(prepared.cluster, port=wanted.port)


def main(wanted: Wanted) -> None:
    """Prepare and serve; say where on standard output, and stop when standard input ends."""
    try:
        hosted = host(wanted)
    except CloudwrightError as error:
        sys.stdout.write(json.dumps({"error": error.message, "hint": error.hint}) + "\n")
        return
    except OSError as error:
        said = {"error": f"Port {wanted.port} cannot be used: {error.strerror}.", "hint": "Choose another --port."}
        sys.stdout.write(json.dumps(said) + "\n")
        return
    with hosted:
        address = Address(str(hosted.kubeconfig), hosted.prometheus_url)
        sys.stdout.write(json.dumps(asdict(address)) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    main(Wanted(**{**given, "names": tuple(given["names"])}))
