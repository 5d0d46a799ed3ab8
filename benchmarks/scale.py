"""Speed and memory of a diagnosis at scale.

    python benchmarks/scale.py --memory [--pods 1000 2500 5000]            checks alone, on objects made in memory
    KUBEBUILDER_ASSETS=… python benchmarks/scale.py [--pods 1250 2500 5000]  on a real API server: view + checks beside
                                                                             the bare client's lists of the same kinds

Draws build/benchmarks/scale.png. Exits with 1 where a limit is missed: 1.3 times the bare lists, 300 MB, one paged list
per kind and no request per object.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import estate  # noqa: E402 - the folder above is no installed package

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
KNOWN = frozenset({"Pod", "Service", "ConfigMap", "Secret", "ServiceAccount", "Deployment", "EndpointSlice"})
PAGE = 500
MOST_MEMORY = 300
MOST_TIME = 1.3


def main() -> int:
    """Measure and print; 1 if a limit is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pods", type=int, nargs="+")
    parser.add_argument("--memory", action="store_true", help="without a server: the checks alone")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", choices=("ours", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--kubeconfig", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        ours(args.kubeconfig) if args.child == "ours" else bare(args.kubeconfig)
        print(peak())
        return 0
    for pods in args.pods or [1000, 2500, 5000]:
        print(checks_alone(pods), flush=True)
    return 0 if args.memory else on_a_server(args.pods or [1250, 2500, 5000], args.rounds)


def checks_alone(pods: int) -> str:
    """Objects a second of the checks, on one core."""
    from cloudwright.diagnosis.checks.table import run
    from cloudwright.diagnosis.pausing import collector_paused
    from cloudwright.diagnosis.view import ClusterView, index_objects

    found = index_objects(estate.objects(pods))
    times = []
    for _ in range(3):
        view = ClusterView(objects=found, collected_at=NOW, complete=KNOWN)
        started = time.process_time()
        with collector_paused():  # as in an investigation
            run(view)
        times.append(time.process_time() - started)
    seconds = statistics.median(times)
    return f"{pods} pods, {view.total} objects: checks {seconds:.2f} s CPU, {view.total / seconds:,.0f} objects/s (n=3)"


def on_a_server(sizes: list[int], rounds: int) -> int:
    """Fill a control plane step by step and measure at every step."""
    from tests.servers.apiserver import ControlPlane, assets

    programs = assets()
    if programs is None:
        print("scale on a server: skipped, KUBEBUILDER_ASSETS names no control plane programs")
        return 0
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder, ControlPlane(programs, Path(folder) / "plane", nodes=0) as plane:
        for number in range(estate.SPACES):
            plane.new_namespace(f"team-{number}")
        plane.stop_controllers()
        filler = estate.Filler(str(plane.kubeconfig))
        done = 0
        for pods in sizes:
            filler.nodes(estate.nodes_of(done) if done else 0, estate.nodes_of(pods))
            filler.applications(done // estate.REPLICAS, estate.applications_of(pods), estate.nodes_of(pods))
            done = pods
            rows.append(measure(plane, pods, rounds))
        requests = requests_of_one_run(plane)
    draw(rows)
    good = rows[-1]["ratio"] <= MOST_TIME and rows[-1]["memory"] < MOST_MEMORY  # the largest: it has the least overhead
    frugal = judge_requests(requests, rows[-1])
    print("scale: within its limits" if good and frugal else "scale: LIMITS MISSED")
    return 0 if good and frugal else 1


def measure(plane: Any, pods: int, rounds: int) -> dict[str, float]:
    """Median times of both, in turns; memory of fresh processes."""
    kubeconfig = str(plane.kubeconfig)
    mine, theirs, cpu, cpu_bare, total = [], [], [], [], 0
    for _ in range(rounds):
        started, spent = time.perf_counter(), time.process_time()
        total = ours(kubeconfig)
        mine.append(time.perf_counter() - started)
        cpu.append(time.process_time() - spent)
        started, spent = time.perf_counter(), time.process_time()
        bare(kubeconfig)
        theirs.append(time.perf_counter() - started)
        cpu_bare.append(time.process_time() - spent)
    row = {
        "pods": pods,
        "objects": total,
        "ours": statistics.median(mine),
        "bare": statistics.median(theirs),
        "memory": peak_of("ours", kubeconfig),
        "bare memory": peak_of("bare", kubeconfig),
    }
    row["ratio"] = row["ours"] / row["bare"]
    print(
        f"{pods} pods, {total} objects kept: view + checks {row['ours']:.2f} s ({statistics.median(cpu):.2f} s CPU), "
        f"bare lists {row['bare']:.2f} s ({statistics.median(cpu_bare):.2f} s CPU), "
        f"ratio {row['ratio']:.2f} (n={rounds}); "
        f"peak {row['memory']:.0f} MB, bare {row['bare memory']:.0f} MB",
        flush=True,
    )
    return row


def ours(kubeconfig: str) -> int:
    """Connect, read the cluster, run the checks and rank; returns the number of objects."""
    from cloudwright.core.masking import SessionRedactor
    from cloudwright.core.store import MemoryResultStore
    from cloudwright.diagnosis.investigate import investigate
    from cloudwright.diagnosis.load import live
    from cloudwright.tools.kubernetes.session import connect

    context = connect(kubeconfig, redactor=SessionRedactor(os.urandom(32)), results=MemoryResultStore())
    view = live.load(context, logs=False)
    investigate(view)
    return view.total


def bare(kubeconfig: str) -> None:
    """The official client: raw answers of the same kinds, parsed, page after page, one kind after the other."""
    import kubernetes

    from cloudwright.diagnosis.load.live import KINDS

    client = kubernetes.config.new_client_from_config(config_file=kubeconfig)
    known = list(_paths(client))
    for name in KINDS:
        plural, _, group = name.partition(".")
        path = next(path for one, of, path in known if (one, of) == (plural, group))
        token = ""
        while True:
            query = f"?limit={PAGE}" + (f"&continue={token}" if token else "")
            page = _get(client, path + query)
            token = page["metadata"].get("continue", "")
            if not token:
                break


def _paths(client: Any) -> Any:
    groups = _get(client, "/apis")["groups"]
    versions = ["/api/v1", *(f"/apis/{one['preferredVersion']['groupVersion']}" for one in groups)]
    for version in versions:
        group = version.split("/")[2] if version.startswith("/apis") else ""
        for item in _get(client, version)["resources"]:
            yield item["name"], group, f"{version}/{item['name']}"


def _get(client: Any, path: str) -> Any:
    import urllib.parse

    path, _, query = path.partition("?")
    answer = client.call_api(
        path,
        "GET",
        query_params=urllib.parse.parse_qsl(query),
        auth_settings=["BearerToken"],
        _preload_content=False,
        _return_http_data_only=True,
    )
    return json.loads(answer.data)


def requests_of_one_run(plane: Any) -> Counter[str]:
    """Requests of one run by resource, as the server's audit log counts them; those for one object by its name."""
    mark = plane.audit.mark()
    ours(str(plane.kubeconfig))
    seen = [one for one in plane.audit.requests(mark) if not one.review]
    return Counter(f"one {one.resource}" if one.name else f"{one.resource}.{one.group}" for one in seen if one.resource)


def judge_requests(requests: Counter[str], last: dict[str, float]) -> bool:
    """Whether every kind was listed once, in pages, and no single object was asked for (but the one with the uid)."""
    single = {name: count for name, count in requests.items() if name.startswith("one ")}
    pages, kinds = requests.total() - sum(single.values()), len(requests) - len(single)
    most = kinds + sum(1 for _ in estate.objects(int(last["pods"]))) / PAGE
    print(f"{pages} pages of {kinds} kinds (at most {most:.0f} if each is listed once), single objects: {single}")
    return pages <= most and sum(single.values()) <= 1


def peak() -> float:
    """Megabytes that this process held at most; `ru_maxrss` would count the parent's, from before exec."""
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) / 1024


def peak_of(kind: str, kubeconfig: str) -> float:
    """Megabytes that a fresh process needs at most."""
    command = [sys.executable, __file__, "--child", kind, "--kubeconfig", kubeconfig]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def draw(rows: list[dict[str, float]]) -> None:
    """Time and memory over objects."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4))
    pods = [row["pods"] for row in rows]
    for axis, names, unit in ((left, ("ours", "bare"), "seconds"), (right, ("memory", "bare memory"), "MB at most")):
        for name, label in zip(names, ("view + checks", "bare client's lists, nothing kept"), strict=True):
            axis.plot(pods, [row[name] for row in rows], marker="o", label=label)
        axis.set(xlabel="pods", ylabel=unit, xlim=0, ylim=0)
        axis.legend()
    path = ROOT / "build" / "benchmarks" / "scale.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(path)
    print(f"drawn: {path.relative_to(ROOT)}")


if __name__ == "__main__":
    raise SystemExit(main())
