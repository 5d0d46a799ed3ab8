"""The program as a user runs it: subprocesses of `cloudwright` on a server, with a state folder of their own."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pexpect

from cloudwright.agents.answer import AskAnswer
from cloudwright.core.answers import Answer, ProposalView
from cloudwright.diagnosis.answer import InvestigationAnswer

PROGRAM = Path(sys.executable).with_name("cloudwright")
_MODELS: dict[str, type[Answer]] = {
    model.model_fields["kind"].default: model
    for model in (*Answer.__subclasses__(), AskAnswer, InvestigationAnswer)
    if "kind" in model.model_fields
}


@dataclass(frozen=True)
class Terminal:
    """A clean environment and directory, in which commands run one after the other."""

    folder: Path
    kubeconfig: Path
    namespace: str
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command without a terminal, as text."""
        return subprocess.run(
            [str(PROGRAM), *arguments],
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment,
            check=False,
            input="",
            timeout=300,
        )

    def json(self, *arguments: str, code: int = 0) -> Any:
        """One command with JSON output, checked against the model of its kind; returns that model."""
        done = self.run(*arguments, "--output", "json")
        assert done.returncode == code, done.stdout + done.stderr
        return answer_of(done.stdout)

    def change(self, tool: str, *arguments: str, code: int = 4) -> ProposalView:
        """Propose a change of the namespace."""
        view = self.json("tools", "run", tool, *arguments, code=code).proposal
        assert isinstance(view, ProposalView)
        return view

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """A command that goes on beside others."""
        return subprocess.Popen(
            [str(PROGRAM), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment,
        )

    def spawn(self, *arguments: str) -> "pexpect.spawn[str]":
        """A command in a pseudo-terminal."""
        return pexpect.spawn(
            str(PROGRAM),
            list(arguments),
            cwd=str(self.folder),
            env=self.environment,
            encoding="utf-8",
            timeout=120,
            dimensions=(60, 200),
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a command sees, and nothing of the tester's own."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "COLUMNS": "200",
            "TERM": "dumb",
            "KUBECONFIG": str(self.kubeconfig),
            "CLOUDWRIGHT_NAMESPACE": self.namespace,
            "CLOUDWRIGHT_STATE_DIR": str(self.folder / "state"),
            **self.settings,
        }


def answer_of(text: str) -> Answer:
    """The answer that a command printed as JSON, read with its model and equal to what the model prints."""
    raw = json.loads(text)
    assert raw["version"] == "1"
    model = _MODELS[raw["kind"]].model_validate(raw)
    assert json.loads(model.model_dump_json()) == raw
    return model
