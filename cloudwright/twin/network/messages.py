"""What programs log about their calls, in the manner of their language, and what they count."""

import json
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cloudwright.twin.apps.model import AppModel
from cloudwright.twin.apps.process import Process

if TYPE_CHECKING:
    from cloudwright.twin.network.edges import Edge

BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_REPEAT = 10.0
_ACCESS = 45.0


def problem_text(problem: str, host: str, port: int, server: str, answer: str, ip: str = "") -> str:
    """A connection problem in the words of common client libraries."""
    if problem == "dns":
        words = "no such host" if answer == "NXDOMAIN" else "server misbehaving"
        return f"dial tcp: lookup {host} on {server}:53: {words}"
    if problem == "dns-timeout":
        return f"dial tcp: lookup {host} on {server}:53: read udp {server}:53: i/o timeout"
    phrases = {"refused": "connect: connection refused", "timeout": "i/o timeout", "reset": "connection reset by peer"}
    return f"dial tcp {ip}:{port}: {phrases.get(problem, problem)}"


def format_line(language: str, app: str, level: str, moment: float, message: str, **fields: object) -> str:
    """One log line as the language's usual logger writes it."""
    stamp = datetime.fromtimestamp(moment, UTC)
    iso = stamp.strftime("%Y-%m-%dT%H:%M:%S.") + f"{stamp.microsecond // 1000:03d}Z"
    details = " ".join(
        f"{key}={json.dumps(value) if isinstance(value, str) else value}" for key, value in fields.items()
    )
    if language == "java":
        thread = f"nio-exec-{1 + int(moment) % 8}"
        return f"{iso} {level.upper():>5} 1 --- [{thread}] com.shop.{app}.Handler : {message} {details}".rstrip()
    if language == "node":
        return json.dumps({"time": iso, "level": level, "name": app, "msg": message, **fields})
    if language == "python":
        return f"{level.upper()}:{app}:{message} {details}".rstrip()
    return f"time={iso} level={level} msg={json.dumps(message)} {details}".rstrip()


class CauseLog:
    """Counts requests and calls, and writes log lines at a bounded rate."""

    def __init__(self) -> None:
        self._last: WeakKeyDictionary[Process, dict[str, float]] = WeakKeyDictionary()

    def record(self, process: Process, model: AppModel, edges: "Sequence[Edge]", seconds: float, now: float) -> None:
        """Count and log what happened in the last `seconds`."""
        traffic = process.traffic
        rate = traffic.arriving
        if model.role in ("server", "store", "dns") and rate > 0:
            bad = traffic.failure
            _count(process, ("requests", "200"), rate * (1 - bad) * seconds)
            _count(process, ("requests", "500"), rate * bad * seconds)
            process.counters["latency_sum",] = (
                process.counters.get(("latency_sum",), 0.0) + rate * traffic.latency * seconds
            )
            _histogram(process, rate * seconds, traffic.latency)
            if model.role == "server":
                self._access(process, model, now)
        for edge in edges:
            state = traffic.calls.get(edge.call.name)
            if state is None or (state.rate <= 0 and state.attempt_failure < 0.5):
                continue
            _count(process, ("calls", edge.call.name, "ok"), state.rate * (1 - state.attempt_failure) * seconds)
            if state.attempt_failure > 0.0005:
                _count(
                    process,
                    ("calls", edge.call.name, state.cause or "error"),
                    state.rate * state.attempt_failure * seconds,
                )
                self._failed_call(process, model, edge, now)
        if model.error_ratio > 0 and rate > 0:
            self._say(process, model, "own", "error", now, model.error_message)

    def _failed_call(self, process: Process, model: AppModel, edge: "Edge", now: float) -> None:
        state = process.traffic.calls[edge.call.name]
        if state.attempt_failure < 0.01:
            return
        level = "error" if edge.call.required else "warn"
        message = (
            f"call to {edge.call.name} failed"
            if edge.call.required
            else f"{edge.call.name} unavailable, continuing without"
        )
        self._say(process, model, edge.call.name + state.cause, level, now, message, err=state.detail or state.cause)

    def _access(self, process: Process, model: AppModel, now: float) -> None:
        last = self._last.setdefault(process, {})
        if now - last.get("access", 0.0) >= _ACCESS:
            last["access"] = now
            traffic = process.traffic
            status = 200 if traffic.failure < 0.5 else 500
            line = format_line(
                model.language,
                model.name,
                "info",
                now,
                "request",
                status=status,
                duration_ms=round(traffic.latency * 1000, 1),
            )
            process.say(line)

    def _say(
        self, process: Process, model: AppModel, key: str, level: str, now: float, message: str, **fields: object
    ) -> None:
        last = self._last.setdefault(process, {})
        if now - last.get(key, -_REPEAT) >= _REPEAT:
            last[key] = now
            process.say(format_line(model.language, model.name, level, now, message, **fields))


def _count(process: Process, key: tuple[str, ...], amount: float) -> None:
    process.counters[key] = process.counters.get(key, 0.0) + amount


def _histogram(process: Process, amount: float, mean: float) -> None:
    counters = process.counters
    for bound in BUCKETS:
        key = ("bucket", str(bound))
        counters[key] = counters.get(key, 0.0) + amount * (1.0 - math.exp(-bound / max(mean, 1e-4)))
    counters["bucket", "+Inf"] = counters.get(("bucket", "+Inf"), 0.0) + amount
