"""`investigate` as a user runs it: on files, watching, and fixing through the gate on a simulated cluster."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudwright.core.proposal import Source
from cloudwright.diagnosis.answer import InvestigationAnswer
from cloudwright.evals.faults.model import load_faults
from cloudwright.evals.faults.site import Site
from cloudwright.evals.faults.trial import inject
from cloudwright.evals.hosting import Hosted
from cloudwright.twin.topologies.start import start
from tests.surfaces.terminal import PROGRAM, Terminal

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "selector.yaml"
CAUSE = {"kind", "claim", "object", "field", "confidence", "evidence", "seen", "chain", "symptoms", "remedies"}
FAULT = load_faults()["F001"]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(PROGRAM), *arguments], capture_output=True, text=True, check=False, cwd=ROOT, timeout=300
    )


def test_the_documented_example_is_what_the_program_prints() -> None:
    page = (ROOT / "docs" / "investigate.md").read_text()
    command, shown = re.findall(r"```console\n\$ cloudwright (.*?)\n(.*?)```", page, re.S)[0]
    done = run(*command.split())
    assert done.returncode == 3
    assert shown.strip() in done.stdout


def test_json_has_the_documented_shape() -> None:
    done = run("investigate", "--from", str(EXAMPLE), "--output", "json", "--since", "2h")
    assert done.returncode == 3, done.stderr
    raw = json.loads(done.stdout)
    answer = InvestigationAnswer.model_validate(raw)
    assert json.loads(answer.model_dump_json()) == raw
    assert (raw["version"], raw["kind"]) == ("1", "investigation")
    (cause,) = raw["causes"]
    assert set(cause) == CAUSE
    assert cause["object"] == {"kind": "Service", "namespace": "shop", "name": "web"}
    assert cause["field"] == "spec.selector"
    assert any(raw["stats"]["snapshot"] in item and "spec.selector" in item for item in cause["evidence"])
    page = (ROOT / "docs" / "investigate.md").read_text()
    assert [name for name in {*raw, *(f"causes[].{name}" for name in cause)} if f"`{name}" not in page] == []


def test_the_timeline_goes_back_as_far_as_asked() -> None:
    def timeline(since: str) -> list[Any]:
        done = run("investigate", "--from", str(EXAMPLE), "-o", "json", "--since", since)
        return list(json.loads(done.stdout)["timeline"])

    assert timeline("2h")
    assert timeline("10m") == []


def test_a_healthy_folder_ends_with_zero(tmp_path: Path) -> None:
    text = EXAMPLE.read_text().replace("app: wbe", "app: web")
    (tmp_path / "all.yaml").write_text(
        text.replace("endpoints: []", "endpoints: [{addresses: [10.0.0.7], conditions: {ready: true}}]").replace(
            "  ports: []", "  ports: [{port: 8080}]"
        )
    )
    done = run("investigate", "--from", str(tmp_path))
    assert (done.returncode, done.stdout.count("No fault found")) == (0, 1), done.stdout


@pytest.mark.parametrize(
    "arguments", [("--since", "soon"), ("--output", "poem"), ("--from", "nowhere"), ("--fix", "1")]
)
def test_what_cannot_be_used_is_one_sentence(arguments: tuple[str, ...]) -> None:
    more = () if "--from" in arguments else ("--from", str(EXAMPLE))
    done = run("investigate", *more, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("cloudwright: ")


@pytest.fixture(scope="module")
def broken() -> Iterator[Hosted]:
    """A shop whose roll-out of one workload is stuck on an image that does not exist, reachable on loopback."""
    cluster = start("shop", history=False, start_at=time.time() - 600)
    site = Site(cluster)
    site.world.step(120)
    assert inject(site, FAULT) is not None
    site.world.step(time.time() - site.world.clock.now())
    with Hosted(cluster) as hosted:
        yield hosted


def test_a_fix_waits_for_a_yes_and_is_journalled_as_the_diagnosis_own(broken: Hosted, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, broken.kubeconfig, FAULT.truth.namespace)
    found = terminal.json("investigate", code=3)
    assert (found.causes[0].object.kind, found.causes[0].object.name) == (FAULT.truth.kind, FAULT.truth.name)
    proposal = terminal.json("investigate", "--fix", "1", code=4).proposal
    assert proposal.provenance.source is Source.DIAGNOSIS
    assert proposal.tool == found.causes[0].remedies[0].calls[0].tool
    assert terminal.json("investigate", code=3).causes[0].kind == found.causes[0].kind, "nothing was changed yet"
    done = terminal.run("approve", proposal.id)
    assert done.returncode == 0, done.stdout + done.stderr
    deadline = time.monotonic() + 120
    while (last := terminal.run("investigate")).returncode != 0 and time.monotonic() < deadline:
        time.sleep(1)
    assert last.returncode == 0, last.stdout
    none = terminal.run("investigate", "--fix", "9")
    assert (none.returncode, none.stdout) == (0, "")


def test_watching_prints_again_when_the_answer_changes(broken: Hosted, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, broken.kubeconfig, FAULT.truth.namespace)
    watching = terminal.start("investigate", "--watch", "1", "--no-logs", "--output", "markdown")
    try:
        assert watching.stdout is not None
        assert watching.stdout.readline().strip()
        assert watching.poll() is None, "it goes on"
    finally:
        watching.terminate()
        watching.communicate(timeout=60)
