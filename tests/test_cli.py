"""The command line as a program: quick to start, one clear sentence for bad input, documented exit codes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("cloudwright")
LIST_PODS = ("tools", "run", "list_resources", "--kind", "pods")
HEAVY = (
    "kubernetes", "langgraph", "langchain_core", "openai", "boto3", "botocore", "z3", "chromadb", "prompt_toolkit",
    "uvicorn", "starlette", "pydantic", "yaml", "requests", "cryptography", "cloudwright.tools", "cloudwright.twin",
)  # fmt: skip


def run(*arguments: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program in a clean environment and directory."""
    clean = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "COLUMNS": "120",
        "CLOUDWRIGHT_STATE_DIR": str(tmp_path / "state"),
        **environment,
    }
    return subprocess.run(
        [str(PROGRAM), *arguments], capture_output=True, text=True, cwd=tmp_path, env=clean, check=False, input=""
    )


def sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr."""
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.stderr


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom cloudwright.cli import run\n"
        "try:\n    run(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', *sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "doctor" in done.stdout
    loaded = set(done.stderr.split("LOADED", 1)[1].split())
    assert not [name for name in HEAVY if name in loaded]


def test_no_kubeconfig(tmp_path: Path) -> None:
    done = run(*LIST_PODS, tmp_path=tmp_path)
    assert done.returncode in (1, 2)
    assert "kubeconfig" in sentence(done)


def test_a_broken_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("clusters: [")
    done = run(
        "tools", "run", "list_resources", "--kind", "pods", tmp_path=tmp_path, KUBECONFIG=str(tmp_path / "config")
    )
    assert done.returncode in (1, 2)
    assert "config" in sentence(done)


def test_an_unreachable_cluster(tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (tmp_path / "config").write_text(json.dumps(config))
    done = run(
        "tools", "run", "list_resources", "--kind", "pods", tmp_path=tmp_path, KUBECONFIG=str(tmp_path / "config")
    )
    assert done.returncode == 1
    assert "127.0.0.1:1" in sentence(done)


@pytest.mark.parametrize(
    ("arguments", "sign"),
    [
        (("tools", "scale_worklod"), "Did you mean scale_workload"),
        (("tools", "run", "scale_workload", "--nme", "x"), "Did you mean --name"),
        (("tools", "run", "scale_workload", "--name", "x"), "replicas"),
        (("tools", "run", "scale_workload", "--name", "x", "--replicas", "many"), "replicas"),
        (("tools", "run", "scale_workload", "--json", "{"), "line 1 column"),
        (("tools", "run", "scale_workload", "--json", "[]"), "JSON object"),
        (("approve", "xyz"), "no digest"),
        (("approve", "abcdef12"), "No proposal"),
        (("history", "--head", "1:2"), "no journal head"),
        (("bogus",), "bogus"),
        (("doctor", "--timeout", "soon"), "timeout"),
        (("config", "--output", "xml"), "output"),
    ],
)
def test_bad_input_is_one_clear_sentence(tmp_path: Path, arguments: tuple[str, ...], sign: str) -> None:
    done = run(*arguments, tmp_path=tmp_path)
    assert done.returncode != 0
    assert sign in sentence(done)


def test_errors_are_json_where_json_was_asked_for(tmp_path: Path) -> None:
    done = run("approve", "abcdef12", "--output", "json", tmp_path=tmp_path)
    answer = json.loads(done.stdout)
    assert (answer["version"], answer["kind"], answer["type"]) == ("1", "error", "NotFound")
    assert answer["exit_code"] == done.returncode


def test_config_names_the_sources(tmp_path: Path) -> None:
    (tmp_path / ".cloudwright.yaml").write_text("namespace: shop")
    done = run("config", "--output", "json", tmp_path=tmp_path, CLOUDWRIGHT_TIMEOUT="7")
    found = {item["name"]: item for item in json.loads(done.stdout)["settings"]}
    assert found["namespace"] == {"name": "namespace", "value": "shop", "source": ".cloudwright.yaml"}
    assert found["timeout"]["source"] == "$CLOUDWRIGHT_TIMEOUT"


def test_version_and_an_empty_history(tmp_path: Path) -> None:
    assert "cloudwright 0." in run("version", tmp_path=tmp_path).stdout
    assert run("pending", tmp_path=tmp_path).stdout.strip() == "none"
    assert "0 entries" in run("history", "--verify", tmp_path=tmp_path).stdout
