"""Temporary folders that do not outlive their process for long, even if it is killed."""

import json
import shutil
import tempfile
from pathlib import Path

from cloudwright.core.processes import has_ended, process_mark

_PREFIX = "cloudwright-"
_OWNER = ".owner.json"


def scratch_folder(purpose: str, parent: Path | None = None) -> Path:
    """A new folder for this process, which removes it when it ends; those of killed processes are removed now."""
    where = parent or Path(tempfile.gettempdir())
    _sweep(where)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{purpose}-", dir=where))
    (folder / _OWNER).write_text(json.dumps(process_mark()))
    return folder


def _sweep(where: Path) -> None:
    for owner in where.glob(f"{_PREFIX}*/{_OWNER}"):
        try:
            mark = json.loads(owner.read_text())
        except (OSError, ValueError):
            continue  # another user's, or just being written or removed
        if isinstance(mark, dict) and has_ended(mark):
            shutil.rmtree(owner.parent, ignore_errors=True)
