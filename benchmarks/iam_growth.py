"""Time against size: statements, distinct patterns, and patterns with inner stars up to the cap."""

import time
from pathlib import Path

from cloudwright.policies.iam.access import Document
from cloudwright.policies.iam.document import MODERN, Effect, Patterns, Policy, PolicyKind, Statement
from cloudwright.policies.iam.questions import Comparison, compare

SIZES = (10, 30, 100, 300, 1000)
STARS = (2, 4, 6, 8, 10, 12)


def _policy(statements: list[Statement]) -> Policy:
    return Policy(tuple(statements), PolicyKind.IDENTITY, MODERN)


def by_statements(number: int, changed: str = "") -> Policy:
    """Statements with two actions and a literal and a prefix resource each; one of them altered."""
    return _policy(
        [
            Statement(
                i,
                Effect.DENY if i % 7 == 6 else Effect.ALLOW,
                Patterns((f"svc{i % 40}:Get{i}", f"svc{i % 40}:List*")),
                Patterns(
                    (
                        f"arn:aws:svc{i % 40}:::thing-{i:04d}{changed if i == number // 2 else ''}",
                        f"arn:aws:svc{i % 40}:::thing-{i:04d}/*",
                    )
                ),
            )
            for i in range(number)
        ]
    )


def by_patterns(number: int, changed: str = "") -> Policy:
    """One statement with many distinct resource patterns."""
    values = tuple(f"arn:aws:s3:::team-{i:04d}{changed if i == number // 2 else ''}/*" for i in range(number))
    return _policy([Statement(0, Effect.ALLOW, Patterns(("s3:GetObject",)), Patterns(values))])


def by_stars(number: int, changed: str = "") -> Policy:
    """Patterns with two inner stars each in statements of their own: the hard case for the classes."""
    return _policy(
        [
            Statement(
                i,
                Effect.ALLOW,
                Patterns((f"s3:Get{i}",)),
                Patterns((f"arn:aws:s3:::*{chr(97 + i)}*{chr(109 + i)}{changed}*",)),
            )
            for i in range(number)
        ]
    )


def growth(folder: Path, limit_ms: int) -> None:
    """Print and plot."""
    print(f"\n== growth == (solver limit {limit_ms} ms)")
    drawn: dict[str, list[tuple[int, float]]] = {}
    for name, make, sizes in (
        ("statements", by_statements, SIZES),
        ("distinct patterns", by_patterns, SIZES),
        ("patterns with two inner stars", by_stars, STARS),
    ):
        for number in sizes:
            start, cpu = time.perf_counter(), time.process_time()
            answer = compare(Document(make(number)), Document(make(number, "x")), timeout_ms=limit_ms, readable=False)
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            drawn.setdefault(name, []).append((number, cpu))
            times = f"wall {seconds * 1000:.0f} ms, cpu {cpu * 1000:.0f} ms"
            print(f"{number} {name}: {times}, {answer.relation}{_how(answer)}")
    _plot(drawn, folder / "iam_growth.png")


def _how(answer: Comparison) -> str:
    return f" [{answer.left_only.method}]" + (f" ({answer.left_only.notes[0]})" if answer.left_only.notes else "")


def _plot(drawn: dict[str, list[tuple[int, float]]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5))
    for name, points in drawn.items():
        axes.plot([x for x, _ in points], [y for _, y in points], marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="size", ylabel="processor seconds to compare two documents")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    print(f"plot: {path}")
