"""Run every benchmark that needs no data and no special server; the others say what they need."""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ALWAYS = ("startup.py", "graph.py", "masking.py", "twin.py", "twin_world.py")
ON_A_CONTROL_PLANE = ("listing.py", "scale.py", "language.py")


def main() -> int:
    """Run them one after the other; exit 1 if one failed."""
    wanted = list(ALWAYS)
    if os.environ.get("KUBEBUILDER_ASSETS"):
        wanted += ON_A_CONTROL_PLANE
    else:
        print(f"not run: {', '.join(ON_A_CONTROL_PLANE)} (KUBEBUILDER_ASSETS names no API server)")
    failed = []
    for name in wanted:
        if not (HERE / name).exists():
            continue
        print(f"\n== {name}", flush=True)
        if subprocess.run([sys.executable, str(HERE / name)], check=False, cwd=HERE.parent).returncode:
            failed.append(name)
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall ran")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
