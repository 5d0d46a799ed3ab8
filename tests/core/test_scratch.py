"""What a killed process left in the temporary folder goes with the next start; what others still use stays."""

import json
import subprocess
import sys
from pathlib import Path

from cloudwright.core.processes import process_mark
from cloudwright.core.scratch import scratch_folder


def _left_by_a_killed_process(parent: Path) -> Path:
    """A folder whose process was killed before it could remove it."""
    program = (
        "import os, pathlib, signal, sys\n"
        "from cloudwright.core.scratch import scratch_folder\n"
        "folder = scratch_folder('demo', pathlib.Path(sys.argv[1]))\n"
        "(folder / 'state').mkdir()\n"
        "(folder / 'state' / 'file').write_text('x')\n"
        "print(folder, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(parent)], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    return Path(done.stdout.strip())


def test_the_folder_of_a_killed_process_goes_with_the_next_start(tmp_path: Path) -> None:
    left = _left_by_a_killed_process(tmp_path)
    assert (left / "state" / "file").exists()
    mine = scratch_folder("demo", tmp_path)
    assert not left.exists()
    assert mine.is_dir()


def test_folders_in_use_and_folders_of_others_stay(tmp_path: Path) -> None:
    mine = scratch_folder("twin", tmp_path)
    elsewhere = tmp_path / "cloudwright-twin-elsewhere"
    elsewhere.mkdir()
    (elsewhere / ".owner.json").write_text(json.dumps({**process_mark(), "host": "another", "started": "1"}))
    unmarked = tmp_path / "cloudwright-notes"
    unmarked.mkdir()
    broken = tmp_path / "cloudwright-twin-broken"
    broken.mkdir()
    (broken / ".owner.json").write_text("{")
    scratch_folder("twin", tmp_path)
    assert all(folder.is_dir() for folder in (mine, elsewhere, unmarked, broken))
