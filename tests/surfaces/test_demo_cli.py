"""`cloudwright demo` in a pipe: the guided tour on the embedded cluster, as a newcomer sees it first."""

import os
import re
import subprocess
from pathlib import Path

from cloudwright.evals.demo import prepare
from tests.surfaces.terminal import PROGRAM


def test_the_tour_names_the_three_faults_and_nothing_else_and_undoes_what_it_did(tmp_path: Path) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "COLUMNS": "200", "KUBECONFIG": ""}
    done = subprocess.run(
        [str(PROGRAM), "demo"], capture_output=True, text=True, input="", timeout=300, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    first, *rest = done.stdout.split("\n> ")[1:]
    assert first.startswith("what is wrong?")
    edited = re.findall(r"to edit: (\w+) ([\w-]+) in shop", first)
    truths = {(fault.truth.kind, fault.truth.name) for fault in prepare().faults}
    assert len(re.findall(r"^\d+\. ", first, re.M)) == len(truths)
    assert set(edited) == truths
    assert "goroutine" not in first
    told = "\n".join(rest)
    assert told.count("Checked in the cluster: done.") >= 2
    assert "Traceback" not in done.stdout + done.stderr
