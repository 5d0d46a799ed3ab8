"""Commands in containers: an interpreter over the model."""

import contextlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudwright.twin.apps.registry import PullError, Registry, parse_reference
from cloudwright.twin.apps.runner import bundled_registry
from cloudwright.twin.apps.syntax import ShellSyntaxError, parse_shell
from cloudwright.twin.kubelet import KubeletError
from tests.twin.node.harness import Bench


@pytest.fixture(scope="module")
def bench() -> Bench:
    bench = Bench()
    spec = {
        "containers": [
            {
                "name": "main",
                "image": "registry.local/busybox:1",
                "command": ["sleep", "3600"],
                "env": [{"name": "COLOR", "value": "red"}],
                "volumeMounts": [{"name": "work", "mountPath": "/work"}],
            }
        ],
        "volumes": [{"name": "work", "emptyDir": {}}],
    }
    bench.pod({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "tool"}, "spec": spec})
    bench.run(5)
    return bench


def run(bench: Bench, *argv: str, stdin: bytes | None = None) -> tuple[str, str, int]:
    done = bench.agent.exec("behaviour", "tool", "main", argv, stdin=stdin, tty=False)
    return done.stdout.decode(), done.stderr.decode(), done.exit_code


@pytest.mark.parametrize(
    ("text", "out", "code"),
    [
        ("echo hello $COLOR", "hello red\n", 0),
        ("for x in a b c; do echo -n $x; done", "abc", 0),
        ("i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i; done", "1\n2\n3\n", 0),
        ("echo one > /work/f && echo two >> /work/f && cat /work/f | wc -l", "2\n", 0),
        ("if test -f /absent; then echo yes; else echo no; fi", "no\n", 0),
        ("false || (echo rescued; exit 7)", "rescued\n", 7),
        ("echo $(hostname) ${NOPE:-default}", "tool default\n", 0),
        ("true && ! false; echo $?", "0\n", 0),
        ("cat /etc/hostname | grep -c too", "1\n", 0),
        ("exit 300", "", 44),
        ("no_such_tool", "", 127),
        ("echo 'single $COLOR' \"double $COLOR\"", "single $COLOR double red\n", 0),
    ],
)
def test_shell_programs(bench: Bench, text: str, out: str, code: int) -> None:
    stdout, _, exit_code = run(bench, "sh", "-c", text)
    assert (stdout, exit_code) == (out, code)


def test_unknown_command_is_not_found_in_path(bench: Bench) -> None:
    with pytest.raises(KubeletError, match=r'exec: "python": executable file not found in \$PATH'):
        run(bench, "python", "-V")


def test_an_endless_loop_is_ended(bench: Bench) -> None:
    assert run(bench, "sh", "-c", "while true; do :; done")[2] == 137


def test_the_host_is_out_of_reach(bench: Bench) -> None:
    assert run(bench, "cat", "/etc/passwd")[0].count("\n") == 1
    assert "No such file" in run(bench, "cat", "/proc/self/maps")[1]


def test_files_go_in_and_out_by_tar(bench: Bench) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as bundle:
        info = tarfile.TarInfo("note.txt")
        info.size = 5
        bundle.addfile(info, io.BytesIO(b"hello"))
    assert run(bench, "tar", "xmf", "-", "-C", "/work", stdin=buffer.getvalue())[2] == 0
    assert run(bench, "cat", "/work/note.txt")[0] == "hello"
    done = bench.agent.exec("behaviour", "tool", "main", ["tar", "cf", "-", "/work/note.txt"], stdin=None, tty=False)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as bundle:
        member = bundle.extractfile("work/note.txt")
        assert member is not None
        assert member.read() == b"hello"


@given(st.text(alphabet="abc $'\"\\`(){}|&;<>\n#=", max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(ShellSyntaxError):
        assert isinstance(parse_shell(text), tuple)


@pytest.mark.parametrize(
    ("image", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("prom/prometheus:v3.5.0", "docker.io/prom/prometheus:v3.5.0"),
        ("registry.local:5000/a/b:1", "registry.local:5000/a/b:1"),
        ("quay.io/x/y@sha256:abc", "quay.io/x/y@sha256:abc"),
    ],
)
def test_references_are_normalised(image: str, full: str) -> None:
    assert str(parse_reference(image)) == full


@pytest.mark.parametrize(
    ("image", "arch", "words"),
    [
        ("nginx:9.99", "amd64", "docker.io/library/nginx:9.99: not found"),
        ("someone/unknown:1", "amd64", "pull access denied"),
        ("registry.shop.example/ads:2.0.1", "amd64", "401 Unauthorized"),
        ("registry.nowhere.example/x:1", "amd64", "no such host"),
        ("busybox:1.36", "s390x", "no match for platform in manifest"),
    ],
)
def test_failed_pulls_say_what_the_runtime_says(image: str, arch: str, words: str) -> None:
    with pytest.raises(PullError, match=words):
        Registry(bundled_registry()).pull(image, arch, {})


@pytest.mark.parametrize(
    "image", ["nginx", "nginx:1.28", "nginx:1.27.3-alpine", "postgres:15", "redis:7.2", "busybox:1.36"]
)
def test_releases_of_well_known_images_are_there(image: str) -> None:
    assert Registry(bundled_registry()).pull(image, "amd64", {}).size > 0


@pytest.mark.parametrize("image", ["nginx:nosuch", "nginx:9.9", "postgres:99", "redis:latset", "busybox:2"])
def test_other_tags_of_them_are_not(image: str) -> None:
    with pytest.raises(PullError, match="not found"):
        Registry(bundled_registry()).pull(image, "amd64", {})
