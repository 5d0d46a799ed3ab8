"""Observations from what the benchmark's tools print: service maps, alerts, connection tests, error logs."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.observations import Anomaly, CallEdge, ConnectionTest, NodeService, Signal

_SIGNALS = {
    "LATENCY_DEGRADATION": Signal.LATENCY,
    "LATENCY_MISSING": Signal.LATENCY,
    "THROUGHPUT_DROP": Signal.THROUGHPUT,
    "THROUGHPUT_SURGE": Signal.THROUGHPUT,
    "ERROR_SPIKE": Signal.ERRORS,
    "TRAFFIC_ANOMALY": Signal.TRAFFIC,
    "NETWORK_QUALITY_DEGRADED": Signal.RETRANSMISSION,
}
_VALUES = re.compile(r"(?:([\w-]+): )?Normal=([\d.]+)\s*(\S*?) -> Cur(?:rent)?=([\d.]+)")


def edges(app: Any, output: Any) -> Iterator[CallEdge]:
    """Who calls whom, as a service map draws it; `app` names the object of a service."""
    text = output if isinstance(output, str) else ""
    match = re.search(r"^\[Service\]: (\S+)", text, re.M)
    if match is None:
        return
    own = match[1]
    upstream = re.search(r"^\[Upstream \(Called By\)\]: (.*)$", text, re.M)
    for caller in (upstream[1] if upstream else "").split(","):
        if re.fullmatch(r"[\w.-]+", caller.strip()):
            yield CallEdge(app(caller.strip()), app(own), "service map")
    for line in text.partition("[Downstream (Calls)]:")[2].split("\n"):
        branch = re.match(r"(?:├|└)── ([\w.-]+)", line)
        if branch:
            yield CallEdge(app(own), app(branch[1]), "service map")


def node_service(arguments: Mapping[str, Any], output: str) -> NodeService:
    """Whether a service of a node runs, as systemctl says."""
    state = re.search(r"^\s*Active: (\S+)(.*)$", output, re.M)
    return NodeService(
        node=str(arguments.get("node_name", "")),
        service=str(arguments.get("service_name", "")),
        active=state is None or state[1] in ("active", "activating", "reloading"),
        detail=f"Active: {state[1]}{state[2]}" if state else output[:200],
    )


def connection_tests(arguments: Mapping[str, Any], output: str) -> Iterator[ConnectionTest]:
    """Whether a port answered, from each Pod that tried it."""
    base = (
        str(arguments.get("namespace", "")),
        str(arguments.get("service_name", "")),
        int(arguments.get("port") or 0),
    )
    parts = re.split(r"Debug Pod test results deployed on ([\w.-]+): ", output)
    if len(parts) == 1:
        yield ConnectionTest(*base, ok="Succeeded" in output, detail=output.strip()[:120])
    for node, result in zip(parts[1::2], parts[2::2], strict=False):
        yield ConnectionTest(*base, ok="Succeeded" in result, origin=node, detail=result.strip()[:120])


def anomalies(app: Any, output: Any) -> Iterator[Anomaly]:
    """The alerts, each with the value before and now."""
    for alert in f.maps(output, "alerts"):
        if service := f.text(alert, "entry_service"):
            quote = f"{f.text(alert, 'request_method')} {f.text(alert, 'url')}: {f.text(alert, 'raw_error')}"
            yield Anomaly(app(service), Signal.ERRORS, 0.0, float(f.integer(alert, "occurrences")), "requests", quote)
            continue
        subject = app(f.text(alert, "name"))
        if alert.get("type") == "Node":
            subject = ObjectRef(kind="Node", name=f.text(alert, "name"))
        for line in f.strings(alert, "evidence"):
            yield from _measures(subject, line)


def _measures(subject: ObjectRef, line: str) -> Iterator[Anomaly]:
    word = line.partition(" ")[0]
    signal = _SIGNALS.get(word)
    if word == "RESOURCE_SATURATION":
        signal = Signal.THROTTLING if "cfs" in line else Signal.CPU
    if signal is None:
        return
    found = list(_VALUES.finditer(line))
    for match in found:
        yield Anomaly(subject, signal, float(match[2]), float(match[4]), f"{match[1] or ''} {match[3]}".strip(), line)
    if not found:
        value = re.search(r"Val: ([\d.]+)", line)
        yield Anomaly(subject, signal, None, float(value[1]) if value else None, "", line)


def error_lines(output: Any) -> Iterator[tuple[str, Iterable[str]]]:
    """The error lines of each container."""
    if isinstance(output, str):
        try:
            output = json.loads(output)
        except ValueError:
            yield "", output.split("\n")
            return
    if isinstance(output, Mapping) and "patterns" in output:
        yield "", [f.text(item, "sample") for item in f.maps(output, "patterns")]
    elif isinstance(output, Mapping):
        for container, lines in output.items():
            name = "" if container == "app" else str(container)
            yield name, [part for line in f.strings({"x": lines}, "x") for part in line.split("\n")]
    elif isinstance(output, list):
        yield "", [line for line in output if isinstance(line, str)]
