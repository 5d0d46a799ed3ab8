"""Masking against a maintained detector library (detect-secrets), on the same planted and innocent strings in one run.

The library finds secrets and masks none, so it is credited with every planted secret of which it reports any part.
It is given each string as a file: a YAML line where the string has a name, else as it is.
"""

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from cloudwright.core.masking import PLACEHOLDER, SessionRedactor
from tests.core.test_masking import INNOCENT, SECRETS, placed, planted


def main() -> int:
    """Print both scores; 1 if the library is not installed."""
    try:
        from detect_secrets import SecretsCollection
        from detect_secrets.settings import default_settings
    except ImportError:
        print("detect-secrets is not installed; `pip install '.[bench]'` brings it.")
        return 1

    def reported(entry: dict[str, Any], text: str) -> list[str]:
        file.write_text("\n".join(lines(entry, text)) + "\n")
        found = SecretsCollection()
        found.scan_file(str(file))
        return [secret.secret_value or "" for _, secret in found]

    with tempfile.TemporaryDirectory() as folder, default_settings():
        file = Path(folder) / "object.yaml"
        missed = [entry["id"] for entry in SECRETS if not _caught(entry, reported)]
        alarms = [entry["id"] for entry in INNOCENT if reported(entry, entry["text"])]
    leaked = [entry["id"] for entry in SECRETS if _leaks(entry)]
    masked = [entry["id"] for entry in INNOCENT if PLACEHOLDER.search(json.dumps(_masked(entry)))]
    row = "{:16}{:>24}{:>26}".format
    print(row("", f"missed of {len(SECRETS)} planted", f"flagged of {len(INNOCENT)} innocent"))
    print(row("cloudwright", len(leaked), len(masked)))
    print(row("detect-secrets", len(missed), len(alarms)))
    return 0


def lines(entry: dict[str, Any], text: str) -> Iterator[str]:
    """The string as the lines in which a person would meet it."""
    name = entry.get("name") or ""
    for line in text.splitlines() or [""]:
        yield f"{name}: {line}" if name else line


def _caught(entry: dict[str, Any], reported: Any) -> bool:
    secret = "".join(entry["parts"])
    found = reported(entry, entry["text"].replace("{S}", secret))
    return any(value and (value in secret or secret in value) for value in found)


def _leaks(entry: dict[str, Any]) -> bool:
    value, secret = planted(entry)
    return secret in json.dumps(SessionRedactor(b"key").value(value), ensure_ascii=False)


def _masked(entry: dict[str, Any]) -> Any:
    return SessionRedactor(b"key").value(placed(entry.get("where", "log"), entry.get("name", ""), entry["text"]))


if __name__ == "__main__":
    sys.exit(main())
