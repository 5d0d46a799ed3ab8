"""Predictions of Cloud-OpsBench's format from a diagnosis, and their scores by the data's own scorer."""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudwright.core.errors import UsageError
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.graph.endpoints import selected_workloads
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.model import Cause, Investigation
from cloudwright.diagnosis.view import WORKLOADS, ClusterView
from cloudwright.evals.benchmarks.cloudopsbench import build_view, read_case
from cloudwright.evals.benchmarks.cob_mapping import ROOT_CAUSES, TARGETS


@dataclass(frozen=True)
class Prediction:
    """The answer to one case and the seconds it took."""

    case: str
    entries: tuple[Mapping[str, str], ...]
    seconds: float
    investigation: Investigation


def predict(case: Mapping[str, Any]) -> Prediction:
    """Diagnose one case and say it in the benchmark's words, at most three entries, best first."""
    started = time.perf_counter()
    view = build_view(case)
    result = investigate(view)
    entries = list(dict.fromkeys(item for cause in result.causes for item in _entries(view, cause)))
    answers = tuple(
        {"fault_taxonomy": TARGETS[root][0], "fault_object": f"{TARGETS[root][1]}/{name}", "root_cause": root}
        for root, name in entries[:3]
    )
    return Prediction(f.text(case, "uid"), answers, time.perf_counter() - started, result)


def _entries(view: ClusterView, cause: Cause) -> Iterator[tuple[str, str]]:
    root = ROOT_CAUSES.get(cause.kind)
    if root is None:
        return
    match TARGETS[root][1]:
        case "namespace":
            yield root, cause.object.namespace
        case "node":
            node = next((item for item in (cause.object, *cause.affected) if item.kind == "Node"), None)
            if node is not None:
                yield root, node.name
        case _:
            for name in _apps(view, cause):
                yield root, name


def _apps(view: ClusterView, cause: Cause) -> list[str]:
    """Names of the workloads that a cause is about: the one to edit, behind the Service to edit, or that it hurts."""
    own = _app(view, cause.object)
    if own:
        return [own]
    return list(dict.fromkeys(name for item in cause.affected if (name := _app(view, item))))


def _app(view: ClusterView, ref: ObjectRef) -> str:
    obj = view.lookup(ref)
    if ref.kind == "Service":
        served = selected_workloads(view, obj) if obj is not None else []
        names = [f.name(item) for item in served]
        return ref.name if ref.name in names or not names else names[0]
    if obj is None or ref.kind not in WORKLOADS:
        return ""
    return f.name(view.top(obj))


def cases(data: Path) -> list[Path]:
    """The case files below a folder, in a fixed order.

    Raises:
        UsageError: there are none.
    """
    found = sorted(data.glob("*/*/*.json.gz"))
    if not found:
        raise UsageError(f"{data} holds no Cloud-OpsBench cases (<system>/<category>/<id>.json.gz).")
    return found


def run(paths: Iterable[Path]) -> Iterator[Prediction]:
    """Predictions for case files; the program sees neither their paths nor labels."""
    for path in paths:
        yield predict(read_case(path))


def score(predictions: Iterable[Prediction], data: Path, out: Path) -> dict[str, Any]:
    """Scores by the data's own `score.py`: groups with their metrics. Writes the predictions to `out`.

    Raises:
        UsageError: the folder has no scorer, or the scorer fails.
    """
    report = out.with_suffix(".report.json")
    with out.open("w", encoding="utf-8") as stream:
        for item in predictions:
            stream.write(json.dumps({"case": item.case, "top_3_predictions": list(item.entries)}) + "\n")
    scorer = data / "score.py"
    if not scorer.exists():
        raise UsageError(f"{data} has no score.py.")
    command = [sys.executable, str(scorer), str(out), str(data / "labels.json"), "--json", str(report)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the data's own scorer, named by the user
    if done.returncode:
        raise UsageError(f"score.py failed: {done.stderr.strip()[-300:]}")
    groups = json.loads(report.read_text(encoding="utf-8"))["groups"]
    return dict(groups)
