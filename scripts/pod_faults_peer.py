"""Runs k8sgpt's analyzers (no model) over the corpora of faults and healthy states on real pods, for comparison.

    python -m scripts.pod_faults_peer --k8sgpt PROGRAM --kubeconfig FILE [--corpus tests/corpora] [--only REGEX]

It is asked about the namespace of a case alone, in the state in which `scripts/pod_faults.py` asks the diagnosis.
Counted generously: a finding names a cause when its object or the parent that it states does; texts are counted apart.
"""

import argparse
import json
import re
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.pod_faults import Case, Cluster, batches, clean, prepare, read_case


@dataclass(frozen=True)
class Found:
    """One finding of the peer."""

    object: str
    """Kind/name."""
    parent: str
    text: str

    def names(self, truth: dict[str, Any], *, by_text: bool) -> bool:
        """Whether it speaks of the object of a truth, or of one that counts as the same cause."""
        options = [truth, *truth.get("or", [])]
        if any(f"{one['kind']}/{one['name']}" in (self.object, self.parent) for one in options):
            return True
        return by_text and any(re.search(rf"(?<![\w-]){re.escape(one['name'])}(?![\w-])", self.text) for one in options)


@dataclass(frozen=True)
class Score:
    """What the peer said of one case."""

    case: str
    healthy: bool
    findings: int
    first: bool = False
    among_three: bool = False
    in_text: bool = False
    """Among the first three, where a name in the text of a finding counts too."""


def findings(program: str, kubeconfig: str, namespace: str) -> tuple[Found, ...]:
    """Every finding in a namespace, in the peer's order; all of its analyzers that need no further installation."""
    done = subprocess.run(
        [program, "analyze", "--kubeconfig", kubeconfig, "--namespace", namespace, "--output", "json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    answer = json.loads(done.stdout[done.stdout.index("{") :])
    return tuple(
        Found(
            f"{item['kind']}/{item['name'].rpartition('/')[2]}",
            item.get("parentObject", ""),
            " ".join(error["Text"] for error in item.get("error") or []),
        )
        for item in answer.get("results") or []
    )


def score(case: Case, found: Sequence[Found]) -> Score:
    """How far the findings name every truth of a case; of a healthy state each finding is one too many."""
    truths = case.get("truth")
    if truths is None:
        return Score(case["id"], True, len(found))
    first, three = found[: len(truths)], found[: max(3, len(truths))]
    return Score(
        case["id"],
        False,
        len(found),
        all(any(item.names(truth, by_text=False) for item in first) for truth in truths),
        all(any(item.names(truth, by_text=False) for item in three) for truth in truths),
        all(any(item.names(truth, by_text=True) for item in three) for truth in truths),
    )


def main() -> None:
    """Run the corpora in batches, print one line a case and the totals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--k8sgpt", required=True, help="the program")
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--corpus", type=Path, default=Path("tests/corpora"))
    parser.add_argument("--only", default=".")
    parser.add_argument("--batch", type=int, default=10)
    args = parser.parse_args()
    cluster = Cluster(args.kubeconfig)
    files = sorted([*(args.corpus / "pod_faults").glob("[fn]*.yaml"), *(args.corpus / "pod_healthy").glob("h*.yaml")])
    cases = [read_case(file, cluster.node) for file in files if re.search(args.only, file.name)]
    scores: list[Score] = []
    for batch in batches(cases, args.batch):
        with ThreadPoolExecutor(len(batch)) as pool:
            ready = list(pool.map(lambda case: prepare(cluster, case), batch))
        for case, stands in zip(batch, ready, strict=True):
            if stands:
                scores.append(score(case, findings(args.k8sgpt, args.kubeconfig, case["namespace"])))
                print(scores[-1], flush=True)
        for case in batch:
            clean(cluster, case)
    faults, healthy = [one for one in scores if not one.healthy], [one for one in scores if one.healthy]
    print(f"every cause's object first          {sum(one.first for one in faults)}/{len(faults)}")
    print(f"among the first three               {sum(one.among_three for one in faults)}/{len(faults)}")
    print(f"among the first three, or in a text {sum(one.in_text for one in faults)}/{len(faults)}")
    print(f"healthy without a finding           {sum(not one.findings for one in healthy)}/{len(healthy)}")


if __name__ == "__main__":
    main()
