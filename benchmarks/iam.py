"""Figures of the IAM engine on labelled data: `python benchmarks/iam.py --data DIR`.

DIR holds cloudfix/{injected,forum,published}.jsonl and quacky/{pairs,singles}.jsonl. Labels are read only to score.
"""

import argparse
import json
import platform
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import z3
from iam_clock import Clock
from iam_faults import found_faults, standing, written
from iam_growth import growth
from iam_protected import protected, within_on

from cloudwright.policies.iam.access import Document
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.errors import PolicyError
from cloudwright.policies.iam.evaluate import outcome
from cloudwright.policies.iam.localize import localize
from cloudwright.policies.iam.parse import parse_policy
from cloudwright.policies.iam.questions import Relation, compare, implies
from cloudwright.policies.iam.repair.diagnose import all_faults
from cloudwright.policies.iam.repair.engine import repair
from cloudwright.policies.iam.repair.salvage import salvage
from cloudwright.policies.iam.repair.task import RepairStatus, RepairTask
from cloudwright.policies.iam.request import Expectation, parse_request
from cloudwright.policies.iam.services import known_action
from cloudwright.policies.iam.summarize import summarize

RELATIONS = {
    "faulty_more_permissive": Relation.LEFT_MORE,
    "faulty_less_permissive": Relation.RIGHT_MORE,
    "policy1_more_permissive": Relation.LEFT_MORE,
    "policy2_more_permissive": Relation.RIGHT_MORE,
    "equivalent": Relation.EQUIVALENT,
    "incomparable": Relation.INCOMPARABLE,
}


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The cases of one file; a file that is not there has none."""
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from (json.loads(line) for line in file)


def requests_of(case: dict[str, Any]) -> list[dict[str, Any]]:
    """All requests of a case, published sets flattened."""
    sets = case["request_sets"].values() if "request_sets" in case else [case]
    return [item for group in sets for item in (*group["should_allow"], *group["should_deny"])]


def expectations(case: dict[str, Any]) -> tuple[Expectation, ...]:
    """Requests with the answers that are wanted."""
    wanted = [(raw, True) for raw in case["should_allow"]] + [(raw, False) for raw in case["should_deny"]]
    return tuple(Expectation(parse_request(raw), allow) for raw, allow in wanted)


def parsed(raw: Any) -> Policy | None:
    """The policy, None when it is rejected as AWS would."""
    try:
        return parse_policy(raw)
    except PolicyError:
        return None


def readable(raw: Any) -> tuple[Policy | None, tuple[str, ...]]:
    """The policy as `cloudwright policy repair` reads it, with the corrections; None when no statement is left."""
    try:
        return salvage(raw)
    except PolicyError:
        return None, ()


def evaluator(data: Path) -> None:
    """Agreement of the evaluator with the labels."""
    print("\n== evaluator ==")
    tally: dict[str, Counter[str]] = defaultdict(Counter)
    disputed: list[str] = []
    for family in ("injected", "forum", "published"):
        for case in lines(data / f"cloudfix/{family}.jsonl"):
            published = family == "published"
            policy, corrections = readable(case["faulty_policy" if published else "ground_truth_policy"])
            for raw in requests_of(case):
                labels = raw["decision_on_faulty"] if published else {}
                wanted = labels["aws"] if published else raw["decision_on_ground_truth"]
                agreed = labels["aws"] == labels["iam_simulate"] if published else raw["agreed"]
                name = f"{family}, {'undisputed' if agreed else 'disputed'}"
                tally[name]["n"] += 1
                tally[name]["in documents that AWS rejects, read after corrections"] += bool(corrections)
                if policy is None:
                    tally[name]["in documents that cannot be read"] += 1
                    continue
                got = outcome(policy, parse_request(raw)).value
                tally[name]["equal"] += got == wanted
                if not agreed:
                    other = labels.get("iam_simulate") or raw.get("iam_simulate", {}).get("ground_truth")
                    flags = [flag for flag in raw.get("flags", []) if flag.startswith("evaluators_disagree")]
                    reason = raw.get("disputed_reason") or ", ".join(flags)
                    disputed.append(
                        f"{case['id']} {raw['id']}: label {wanted}, simulator {other}, ours {got} ({reason})"
                    )
    for name, counts in tally.items():
        print(f"{name}: {dict(counts)}")
    (data_out() / "disputed.txt").write_text("\n".join(disputed) + "\n", encoding="utf-8")
    print(f"disputed labels listed in {data_out() / 'disputed.txt'} (n={len(disputed)})")


def data_out() -> Path:
    """Where plots and lists go."""
    folder = Path("build/benchmarks")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def pairs(data: Path) -> Iterator[tuple[str, Policy, Policy, str, bool]]:
    """(id, left, right, relation, certified) of every labelled pair."""
    for family in ("injected", "forum"):
        for case in lines(data / f"cloudfix/{family}.jsonl"):
            left, right = parsed(case["faulty_policy"]), parsed(case["ground_truth_policy"])
            if left and right and case.get("relation_faulty_vs_ground_truth"):
                yield case["id"], left, right, case["relation_faulty_vs_ground_truth"], True
    for case in lines(data / "quacky/pairs.jsonl"):
        left, right = parsed(case["policy1"]), parsed(case["policy2"])
        if left and right:
            yield case["id"], left, right, case["relation"], case["certified"]


def comparing(data: Path, limit_ms: int, strings_ms: int) -> None:
    """Relations and times, against z3 strings on the same pairs."""
    print(f"\n== compare == (solver limit {limit_ms} ms; z3 strings limit {strings_ms} ms a direction)")
    known_action("s3:GetObject")
    found = list(pairs(data))
    if found:
        compare(Document(found[0][1]), Document(found[0][2]))
    counts: Counter[str] = Counter()
    verdicts, dressed, strings = Clock(), Clock(), Clock()
    unknown = 0
    both_decided: list[tuple[float, float]] = []
    undecided = disagreements = 0
    realistic: Counter[bool] = Counter()
    for name, left, right, label, certified in found:
        with verdicts.running():
            plain = compare(Document(left), Document(right), timeout_ms=limit_ms, readable=False)
        with dressed.running():
            full = compare(Document(left), Document(right), timeout_ms=limit_ms)
        for item in (full.left_only, full.right_only):
            if item.witness is not None:
                realistic[item.witness.realistic] += 1
        wanted = RELATIONS.get(label)
        kind = "certified" if certified else "not certified"
        counts[
            f"{kind}: {'right' if plain.relation is wanted else 'label undetermined' if wanted is None else 'WRONG'}"
        ] += 1
        if wanted is not None and plain.relation is not wanted:
            print(f"  {name}: label {label}, got {plain.relation}")
        undecided += plain.relation is Relation.UNDECIDED
        if strings_ms:
            with strings.running():
                other = compare(
                    Document(left), Document(right), timeout_ms=strings_ms, strings_only=True, readable=False
                )
            unknown += other.relation is Relation.UNDECIDED
            if other.relation is not Relation.UNDECIDED:
                both_decided.append((strings.cpu[-1], verdicts.cpu[-1]))
            disagreements += other.relation not in (Relation.UNDECIDED, plain.relation)
    print(f"n={len(found)}: {dict(counts)}; undecided {undecided}")
    print(f"classes, verdict: {verdicts}")
    print(
        f"classes, with readable witnesses: {dressed}; witnesses "
        f"possible in AWS {realistic[True]}, labelled not {realistic[False]}"
    )
    if strings_ms:
        print(f"z3 strings: {strings}; undecided {unknown}; disagreements {disagreements}")
        wall, cpu = sum(strings.wall) / sum(verdicts.wall), sum(strings.cpu) / sum(verdicts.cpu)
        print(f"z3 strings / classes, total time: wall {wall:.0f} x, cpu {cpu:.0f} x")
        theirs, ours = (sum(times) for times in zip(*both_decided, strict=True))
        single = sorted(left / right for left, right in both_decided)[len(both_decided) // 2]
        decided = f"on the {len(both_decided)} pairs that z3 strings decides"
        print(f"  {decided}: cpu {theirs / ours:.0f} x, median {single:.1f} x")
        print("  (same parser, principals, numbers, dates and addresses, confirmation and z3 context; actions,")
        print("  resources and texts are string variables and regular expressions; undecided counts with its limit)")


def localizing(data: Path) -> None:
    """Whether the injected faults are named."""
    print("\n== localization == (no solver; rules only)")
    print("labels that a later fault moved: statements are counted as they stand in the faulty document")
    single: Counter[str] = Counter()
    several: dict[str, Counter[str]] = defaultdict(Counter)
    times, several_times = Clock(), Clock()
    for case in lines(data / "cloudfix/injected.jsonl"):
        policy, wanted = parsed(case["faulty_policy"]), expectations(case)
        if policy is None:
            single["not measured: AWS rejects the document"] += 1
            continue
        faults = standing(case["faults"])
        if len(case["faults"]) == 1:
            with times.running():
                ranked = localize(policy, wanted)
            single["n"] += 1
            if ranked:
                single["statement"] += ranked[0].statement == faults[0][0]
                single["statement and element"] += (ranked[0].statement, ranked[0].element.value) == faults[0]
            continue
        with several_times.running():
            suspects = all_faults(policy, wanted)
        named = [(item.statement, item.element.value) for item in suspects]
        half = "odd" if int(case["id"].rpartition("-")[2]) % 2 else "even"
        for which in ("all", f"{half} ids"):
            several[which] += found_faults(faults, named)
        several["all, labels as written"] += found_faults(written(case["faults"]), named)
    print(f"single fault, first suspect: {shares(single)}\n  {times}")
    for which, counts in several.items():
        print(f"double and triple, {which}: {shares(counts)}")
    print(f"  {several_times}")


def shares(counts: Counter[str]) -> str:
    """Counts with their share of n."""
    n = counts["n"]
    return (
        f"n={n}; " + ", ".join(f"{k} {v} ({100 * v / n:.1f} %)" for k, v in counts.items() if k != "n")
        if n
        else "no cases"
    )


def repairing(data: Path) -> None:
    """Repair without a model."""
    print("\n== repair, no model == (search limit 2 s, solver limit 10000 ms)")
    for family in ("injected", "forum"):
        counts: Counter[str] = Counter()
        relations: Counter[str] = Counter()
        by_faults: dict[int, Counter[str]] = defaultdict(Counter)
        beyond: list[str] = []
        times = Clock()
        for case in lines(data / f"cloudfix/{family}.jsonl"):
            policy, _ = readable(case["faulty_policy"])
            truth = parsed(case["ground_truth_policy"])
            wanted = expectations(case)
            if policy is None:
                counts["n"] += 1
                counts["cannot be read"] += 1
                continue
            with times.running():
                result = repair(RepairTask(policy, wanted))
            counts["n"] += 1
            counts[f"{result.status.value}, {result.method.value}"] += 1
            if result.policy is None or truth is None:
                continue
            right = all(outcome(result.policy, item.request).allowed == item.allow for item in wanted)
            counts["all requests right"] += right
            answer = compare(Document(result.policy), Document(truth), readable=False)
            relations[answer.relation.value.replace("first", "repair").replace("second", "truth")] += 1
            counts["equivalent to truth"] += answer.relation is Relation.EQUIVALENT
            denied = [item.request for item in wanted if not item.allow]
            counts["no denied (protected) request allowed"] += not any(
                outcome(result.policy, r).allowed for r in denied
            )
            same_more = (
                answer.left_only.none_exists or implies(Document(result.policy), Document(policy)).answer == "yes"
            )
            counts["within truth, or within the input"] += same_more
            counts["within truth"] += answer.left_only.none_exists
            kept = protected(wanted)
            within = within_on([truth], result.policy, kept)
            counts["within truth on protected resources"] += within
            counts["adds nothing to the input beyond truth on protected resources"] += within or within_on(
                [truth, policy], result.policy, kept
            )
            if not within:
                beyond.append(f"{case['id']}, e.g. {answer.left_only.witness}")
            number = len(case.get("faults", [])) or 0
            by_faults[number]["n"] += 1
            by_faults[number]["equivalent"] += answer.relation is Relation.EQUIVALENT
        print(f"{family}: {shares(counts)}\n  {dict(relations)}")
        for number, found in sorted(by_faults.items()):
            print(f"  {number} faults: {shares(found)}")
        print(f"  beyond truth on protected resources ({len(beyond)}): {'; '.join(beyond) or 'none'}")
        print(f"  {times}")
    published(data)


def published(data: Path) -> None:
    """The published sets, where listing the allowed requests is enough."""
    times = Clock()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for case in lines(data / "cloudfix/published.jsonl"):
        policy, changes = readable(case["faulty_policy"])
        for size, sets in case["request_sets"].items():
            if policy is None:
                counts[size]["n"] += 1
                counts[size]["cannot be read"] += 1
                continue
            wanted = expectations(sets)
            with times.running():
                result = repair(RepairTask(policy, wanted))
            right = result.policy is not None and all(
                outcome(result.policy, i.request).allowed == i.allow for i in wanted
            )
            counts[size]["n"] += 1
            counts[size]["all requests right"] += right
            counts[size][f"{result.status.value}, {result.method.value}"] += 1
            counts[size]["input rejected by AWS, read after corrections"] += bool(changes)
            if result.status is not RepairStatus.REPAIRED and not right:
                print(
                    f"  {case['id']} size {size}: {result.status.value} "
                    f"{[str(item) for item in result.contradictions][:1]}"
                )
    for size, found in counts.items():
        print(f"published, size {size}: {shares(found)}")
    print(f"  {times}\n  (listing the allowed requests alone would satisfy every set that has no contradiction)")


def summaries(data: Path) -> None:
    """How many summaries are exact."""
    print("\n== summaries == (solver limit 10000 ms)")
    counts: Counter[str] = Counter()
    times = Clock()
    for case in [*lines(data / "cloudfix/published.jsonl"), *lines(data / "quacky/singles.jsonl")]:
        policy = parsed(case.get("faulty_policy") or case.get("policy"))
        if policy is None:
            continue
        with times.running():
            summary = summarize(policy)
        counts["n"] += 1
        counts["exact (proved)"] += summary.exact
        counts["fewer rows than statements"] += len(summary.rows) < len(policy.statements)
    print(f"{shares(counts)}\n  {times}")


def main() -> None:
    """Run the sections asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--solver-ms", type=int, default=10_000)
    parser.add_argument("--strings-ms", type=int, default=10_000, help="0 leaves the z3 string runs out")
    parser.add_argument("--seed", type=int, default=20_260_115)
    parser.add_argument(
        "--only", nargs="*", default=["evaluator", "compare", "localize", "repair", "summaries", "growth", "fuzz"]
    )
    chosen = parser.parse_args()
    if not (chosen.data / "cloudfix").is_dir() and not (chosen.data / "quacky").is_dir():
        parser.error(f"{chosen.data} holds neither cloudfix/ nor quacky/")
    print(f"z3 {z3.get_version_string()}, Python {platform.python_version()}, seed {chosen.seed}, data {chosen.data}")
    random.seed(chosen.seed)
    sections = {
        "evaluator": lambda: evaluator(chosen.data),
        "compare": lambda: comparing(chosen.data, chosen.solver_ms, chosen.strings_ms),
        "localize": lambda: localizing(chosen.data),
        "repair": lambda: repairing(chosen.data),
        "summaries": lambda: summaries(chosen.data),
        "growth": lambda: growth(data_out(), chosen.solver_ms),
        "fuzz": lambda: fuzzing(chosen.seed),
    }
    for name in chosen.only:
        sections[name]()


def fuzzing(seed: int) -> None:
    """Hostile documents: no crash, no hang, one sentence."""
    from iam_fuzz import fuzz

    print("\n== fuzz ==")
    print(fuzz(100_000, seed))


if __name__ == "__main__":
    main()
