"""`policy`: understand, compare, repair, write and summarize AWS policies. Files are JSON; `-` is standard input."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NoReturn

import typer

from cloudwright.core.errors import ExitCode, UsageError
from cloudwright.surfaces.commands.policy_input import (
    kind_of,
    load,
    policy_set,
    probe,
    probe_of,
    read_file,
    read_requests,
    write_file,
)

if TYPE_CHECKING:
    from cloudwright.policies.iam.authorize import PolicySet
    from cloudwright.policies.iam.document import Policy
    from cloudwright.policies.iam.request import Expectation, Request

app = typer.Typer(
    help="Understand, compare, repair, write and summarize AWS policies, with proofs.", no_args_is_help=True
)

PolicyFile = Annotated[
    str, typer.Argument(help="Policy document (JSON file, or - for standard input).", metavar="POLICY")
]
PolicyFiles = Annotated[list[str], typer.Argument(help="Policy documents.", metavar="POLICY...")]
Output = Annotated[str, typer.Option("--output", "-o", help="text or json.")]
Kind = Annotated[
    str | None, typer.Option(help="identity, resource, trust, boundary, session, scp or rcp; else by content.")
]
TimeLimit = Annotated[
    int, typer.Option("--solver-ms", min=1, help="Limit of each solver call; beyond it the answer is undecided.")
]
ActionOption = Annotated[str | None, typer.Option(help="Action of one request.")]
ResourceOption = Annotated[str | None, typer.Option(help="Resource of one request.")]
PrincipalOption = Annotated[str | None, typer.Option(help="Principal of one request.")]
ContextOption = Annotated[list[str] | None, typer.Option("--context", help="KEY=VALUE; repeat a key for a list.")]
LIMIT_MS = 10_000


def _print(output: str, text: Callable[[], str], data: Callable[[], Any]) -> None:
    if output not in ("text", "json"):
        raise UsageError(f"--output {output} is not known.", hint="Use text or json.")
    typer.echo(json.dumps(data(), indent=2, ensure_ascii=False) if output == "json" else text())


def _end(ok: bool) -> NoReturn:
    raise typer.Exit(int(ExitCode.OK if ok else ExitCode.PROBLEMS))


@app.command()
def explain(
    policy: PolicyFile,
    action: ActionOption = None,
    resource: ResourceOption = None,
    principal: PrincipalOption = None,
    context: ContextOption = None,
    kind: Kind = None,
    output: Output = "text",
) -> None:
    """Say in words what a policy does, or, with --action and --resource, why it decides one request as it does."""
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.evaluate import evaluate
    from cloudwright.policies.iam.lint import lint
    from cloudwright.policies.iam.rows import policy_rows

    document = load(policy, kind)
    if action is not None or resource is not None:
        request = read_requests(None, action, resource, principal, context)[0][0]
        decision = evaluate(document, request)
        _print(output, lambda: report.decision_text(request, decision), lambda: report.decision_json(request, decision))
        return
    rows = policy_rows(document)
    levels = [report.access_levels(document, i) for i in range(len(rows))]
    findings = lint(document)

    def text() -> str:
        lines = [f"{document.kind} policy, version {document.version}"]
        for row, level in zip(rows, levels, strict=True):
            counted = ", ".join(f"{number} {name}" for name, number in level.items())
            lines.append(f"{row.statement.name}: {row}" + (f"\n    known actions: {counted}" if counted else ""))
        return "\n".join([*lines, *(str(item) for item in findings)])

    data = {"kind": document.kind.value, "version": document.version, "rows": [row.to_json() for row in rows],
            "access_levels": levels, "findings": [_finding(item) for item in findings]}  # fmt: skip
    _print(output, text, lambda: data)


@app.command()
def check(
    policies: PolicyFiles,
    requests: Annotated[str | None, typer.Option("--requests", "-r", help="Requests (JSON Lines, or - ).")] = None,
    action: ActionOption = None,
    resource: ResourceOption = None,
    principal: PrincipalOption = None,
    context: ContextOption = None,
    boundary: Annotated[str | None, typer.Option(help="Permissions boundary.")] = None,
    session: Annotated[list[str] | None, typer.Option(help="Session policy.")] = None,
    scp: Annotated[list[str] | None, typer.Option(help="Service control policy; one for each level.")] = None,
    rcp: Annotated[list[str] | None, typer.Option(help="Resource control policy; one for each level.")] = None,
    resource_account: Annotated[str, typer.Option(help="Account of the resource, when it is another one.")] = "",
    not_granted: Annotated[
        list[str] | None, typer.Option(help='"ACTION RESOURCE" (patterns) that nothing may allow.')
    ] = None,
    not_public: Annotated[bool, typer.Option("--not-public", help="Prove that outsiders get no access.")] = False,
    output: Output = "text",
    solver_ms: TimeLimit = LIMIT_MS,
) -> None:
    """Answer requests against one or several policies together; with --not-granted or --not-public, prove an absence.

    Exits with 3 when a request is not answered as its `expect` says, or a proof fails.
    """
    loaded = [load(name) for name in policies]
    if not_granted or not_public:
        _prove_absence(loaded, not_granted or [], not_public, output, solver_ms)
    asked = read_requests(requests, action, resource, principal, context)
    if len(loaded) > 1 or boundary or session or scp or rcp or resource_account:
        answer = _together(policy_set(loaded, boundary, session, scp, rcp, resource_account))
    else:
        answer = _alone(loaded[0])
    answers = [(answer(request), wanted) for request, wanted in asked]
    _print(
        output,
        lambda: "\n".join(
            item.text if item.is_as(wanted) else f"{item.text}\n  expected: {_word(wanted)}" for item, wanted in answers
        ),
        lambda: [
            {**item.data, "expected": _word(wanted), "as_expected": item.is_as(wanted)} for item, wanted in answers
        ],
    )
    _end(all(item.is_as(wanted) for item, wanted in answers))


class _Answer(NamedTuple):
    """The answer to one request, in words and as data."""

    allowed: bool
    text: str
    data: dict[str, Any]

    def is_as(self, wanted: bool | None) -> bool:
        """Whether it is what the request expects, if that is said."""
        return wanted is None or self.allowed == wanted


def _word(wanted: bool | None) -> str | None:
    return None if wanted is None else "allow" if wanted else "deny"


def _alone(policy: "Policy") -> Callable[["Request"], _Answer]:
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.evaluate import evaluate

    def answer(request: "Request") -> _Answer:
        decision = evaluate(policy, request)
        text, data = report.decision_text(request, decision), report.decision_json(request, decision)
        return _Answer(decision.outcome.allowed, text, data)

    return answer


def _together(held: "PolicySet") -> Callable[["Request"], _Answer]:
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.authorize import authorize

    def answer(request: "Request") -> _Answer:
        found = authorize(held, request)
        text, data = report.authorization_text(request, found), report.authorization_json(request, found)
        return _Answer(found.outcome.allowed, text, data)

    return answer


def _prove_absence(
    policies: list["Policy"], not_granted: list[str], public: bool, output: str, solver_ms: int
) -> NoReturn:
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.access import Document
    from cloudwright.policies.iam.public import public_access
    from cloudwright.policies.iam.questions import Answer, access_not_granted

    rows = []
    for item in policies:
        for text in not_granted:
            wanted = probe(text)
            rows.append(
                (
                    f"{item.name}: {text} is not granted",
                    access_not_granted(Document(item), wanted, timeout_ms=solver_ms),
                )
            )
        if public:
            rows.append((f"{item.name} is not public", public_access(item, timeout_ms=solver_ms)))
    lines = [
        f"{claim}: {verdict.answer}" + (f", {verdict.found.witness}" if verdict.found.witness else "")
        for claim, verdict in rows
    ]
    data = [
        {"claim": claim, "answer": verdict.answer.value, **report.found_json(verdict.found)} for claim, verdict in rows
    ]
    _print(output, lambda: "\n".join(lines), lambda: data)
    _end(all(verdict.answer is Answer.YES for _, verdict in rows))


@app.command()
def compare(
    old: Annotated[str, typer.Argument(help="First (old) policy.")],
    new: Annotated[str, typer.Argument(help="Second (new) policy.")],
    fail_on: Annotated[str, typer.Option(help="never, new-access, lost-access or difference: exit with 3.")] = "never",
    kind: Kind = None,
    output: Output = "text",
    solver_ms: TimeLimit = LIMIT_MS,
) -> None:
    """Prove how two policies compare; print new and lost access with an example each. Undecided counts as a failure."""
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.access import Document
    from cloudwright.policies.iam.questions import Relation, difference_rows
    from cloudwright.policies.iam.questions import compare as ask

    bad = {"never": set(), "new-access": {Relation.RIGHT_MORE}, "lost-access": {Relation.LEFT_MORE},
           "difference": {Relation.RIGHT_MORE, Relation.LEFT_MORE}}  # fmt: skip
    if fail_on not in bad:
        raise UsageError(f"--fail-on {fail_on} is not known.", hint=f"Use one of {', '.join(bad)}.")
    left, right = load(old, kind), load(new, kind)
    answer = ask(Document(left), Document(right), timeout_ms=solver_ms)
    notes = report.comparison_notes(answer, left, right)
    same = answer.relation is Relation.EQUIVALENT
    gained = [] if same else difference_rows(right, left, timeout_ms=solver_ms)
    lost = [] if same else difference_rows(left, right, timeout_ms=solver_ms)
    names = (left.name, right.name)
    _print(
        output,
        lambda: report.comparison_text(answer, names, gained, lost, notes),
        lambda: report.comparison_json(answer, gained, lost, notes),
    )
    failing = {*bad[fail_on], Relation.INCOMPARABLE, Relation.UNDECIDED} if fail_on != "never" else set()
    _end(answer.relation not in failing)


@app.command("who-can")
def who_can(
    action: Annotated[str, typer.Argument(help="Action, wildcards allowed.")],
    resource: Annotated[str, typer.Argument(help="Resource, wildcards allowed.")],
    policies: PolicyFiles,
    output: Output = "text",
    solver_ms: TimeLimit = LIMIT_MS,
) -> None:
    """List who may do ACTION on RESOURCE by each policy, always or under conditions."""
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.whocan import who_can as ask

    wanted = probe_of(action, resource)
    rows = ask([load(name) for name in policies], wanted, timeout_ms=solver_ms)
    _print(output, lambda: report.who_can_text(rows), lambda: report.who_can_json(rows))


@app.command()
def repair(
    policy: PolicyFile,
    requests: Annotated[
        str, typer.Option("--requests", "-r", help='Requests with "expect": allow or deny (JSON Lines, or -).')
    ],
    protect: Annotated[
        list[str] | None, typer.Option(help='"ACTION RESOURCE" (patterns) that must stay denied.')
    ] = None,
    bound: Annotated[str | None, typer.Option(help="Policy that the repair must not exceed.")] = None,
    write_to: Annotated[str | None, typer.Option("--write", help="File for the repaired policy.")] = None,
    kind: Kind = None,
    output: Output = "text",
    solver_ms: TimeLimit = LIMIT_MS,
) -> None:
    """Find the smallest proved change after which every request is decided as expected.

    Exits with 3 when there is none.
    """
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.document import policy_to_json
    from cloudwright.policies.iam.errors import PolicyError
    from cloudwright.policies.iam.parse import load_json
    from cloudwright.policies.iam.repair.engine import repair as run
    from cloudwright.policies.iam.repair.salvage import salvage
    from cloudwright.policies.iam.repair.task import RepairLimits, RepairTask
    from cloudwright.policies.iam.request import parse_expectation, read_objects

    try:
        document, changes = salvage(load_json(read_file(policy)), kind_of(kind))
    except PolicyError as error:
        raise UsageError(f"{policy}: {error}.") from None
    wanted: list[Expectation] = [
        parse_expectation(raw, where) for where, raw in read_objects(read_file(requests), requests)
    ]
    probes = tuple(probe(text) for text in protect or ())
    task = RepairTask(document, tuple(wanted), probes, load(bound) if bound else None)
    result = run(task, limits=RepairLimits(solver_ms=solver_ms))
    lines = [f"rejected by AWS as it was: {change}" for change in changes]
    _print(
        output,
        lambda: "\n".join([*lines, report.repair_text(result)]),
        lambda: {**report.repair_json(result), "rejected_by_aws": list(changes)},
    )
    if write_to and result.policy is not None:
        write_file(write_to, json.dumps(policy_to_json(result.policy), indent=2, ensure_ascii=False) + "\n")
    _end(result.policy is not None)


@app.command()
def write(
    rows: Annotated[str | None, typer.Option(help="Rows as YAML (file, or -): who may do what on what, when.")] = None,
    events: Annotated[str | None, typer.Option(help="Observed CloudTrail events (JSON, JSON Lines, or -).")] = None,
    output: Output = "text",
) -> None:
    """Write a policy from rows, or the least policy for observed calls; it is proved equivalent to what was given."""
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.document import policy_to_json
    from cloudwright.policies.iam.request import read_objects
    from cloudwright.policies.iam.synthesize import write_from_events, write_from_rows

    if (rows is None) == (events is None):
        raise UsageError("Give either --rows or --events.")
    if rows is not None:
        made = write_from_rows(read_file(rows))
    else:
        made = write_from_events([raw for _, raw in read_objects(read_file(events or "-"), events or "-")])
    for note in made.notes:
        typer.echo(f"note: {note}", err=True)
    _print(
        output,
        lambda: json.dumps(policy_to_json(made.policy), indent=2, ensure_ascii=False) if made.policy else "",
        lambda: report.written_json(made),
    )
    if not made.proved:
        typer.echo("The policy could not be proved equivalent to the rows in time.", err=True)
    _end(made.proved)


@app.command()
def summarize(
    policy: PolicyFile,
    max_rows: Annotated[int | None, typer.Option(min=1, help="Join and widen rows until there are no more.")] = None,
    kind: Kind = None,
    output: Output = "text",
    solver_ms: TimeLimit = LIMIT_MS,
) -> None:
    """Say in the fewest rows what a policy allows, with a proof that the rows say exactly that."""
    from cloudwright.policies.iam import report
    from cloudwright.policies.iam.summarize import summarize as run

    summary = run(load(policy, kind), max_rows=max_rows, timeout_ms=solver_ms)
    _print(output, lambda: report.summary_text(summary), lambda: report.summary_json(summary))


@app.command()
def lint(
    policies: PolicyFiles,
    fail_on: Annotated[
        str, typer.Option(help="error, warning, note or never: exit with 3 at this severity or worse.")
    ] = "error",
    kind: Kind = None,
    output: Annotated[str, typer.Option("--output", "-o", help="text, json or sarif.")] = "text",
) -> None:
    """Find what AWS rejects, what grants nothing, and what is dangerous."""
    from cloudwright.policies.iam.lint import Severity
    from cloudwright.policies.iam.lint import lint as run
    from cloudwright.policies.iam.sarif import sarif

    if output not in ("text", "json", "sarif") or fail_on not in (*Severity, "never"):
        raise UsageError("Use --output text, json or sarif, and --fail-on error, warning, note or never.")
    findings = {name: run(load(name, kind)) for name in policies}
    if output == "sarif":
        texts = {name: read_file(name) for name in policies if name != "-"}
        typer.echo(json.dumps(sarif(findings, texts), indent=2))
    elif output == "json":
        typer.echo(
            json.dumps({name: [_finding(item) for item in listed] for name, listed in findings.items()}, indent=2)
        )
    else:
        for name, listed in findings.items():
            typer.echo("\n".join(f"{name}: {item}" for item in listed) if listed else f"{name}: no findings")
    order = list(Severity)
    worst = min((order.index(item.severity) for listed in findings.values() for item in listed), default=len(order))
    _end(fail_on == "never" or worst > order.index(Severity(fail_on)))


def _finding(item: Any) -> dict[str, Any]:
    return {"rule": item.rule, "severity": item.severity.value, "statement": item.statement, "element": item.element,
            "detail": item.detail}  # fmt: skip
