"""Which programs only look, and with which arguments; everything else must be approved."""

import posixpath
from collections.abc import Callable, Mapping, Sequence

_SENSITIVE = (
    "secret", "token", "credential", "password", "passwd", "shadow", "private", ".ssh", ".aws", ".kube", ".docker",
    ".netrc", ".pgpass", ".gnupg", ".git-credentials", "id_rsa", "id_ed25519", ".pem", ".key", ".p12", ".jks", ".env",
)  # fmt: skip
_KERNEL_FILES = frozenset(
    {
        "/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/mounts", "/proc/net/dev",
        "/proc/net/tcp", "/proc/net/udp", "/proc/stat", "/proc/uptime", "/proc/version", "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu.max",
    }
)  # fmt: skip
_KERNEL_TREES = ("/proc", "/sys", "/dev", "/run", "/var/run")

Check = Callable[[Sequence[str]], str]


def why_not_read_only(command: Sequence[str]) -> str:
    """Why this command is not known to look only; "" if it is."""
    if not command:
        return "there is no command"
    program, *arguments = command
    check = _PROGRAMS.get(program)
    if check is None:
        return f"{program!r} is not on the list of programs that only look ({', '.join(sorted(_PROGRAMS))})"
    if any("\0" in argument or "\n" in argument for argument in arguments):
        return "an argument holds a control character"
    return check(arguments)


def _flags(letters: str, *, operands: bool = False) -> Check:
    """Short flags of these letters; plain operands if allowed."""

    def check(arguments: Sequence[str]) -> str:
        for argument in arguments:
            if argument.startswith("-"):
                if len(argument) < 2 or not set(argument[1:]) <= set(letters):
                    return f"the option {argument!r} is not on the list"
            elif not operands:
                return f"the operand {argument!r} may change something"
        return ""

    return check


def _files(letters: str, *, needs_file: bool = False) -> Check:
    """Short flags of these letters and files that hold no secret by their path."""
    flags = _flags(letters, operands=True)

    def check(arguments: Sequence[str]) -> str:
        operands = [argument for argument in arguments if not argument.startswith("-")]
        if needs_file and not operands:
            return "without a file it waits for input"
        return flags(arguments) or next((why for why in map(_sensitive, operands) if why), "")

    return check


def _sensitive(path: str) -> str:
    if path.isdigit():  # the value of a flag, such as head -n 5
        return ""
    if not path.startswith("/"):
        return f"{path!r} is no absolute path"
    plain = posixpath.normpath(path)
    if plain != path.rstrip("/") and path != "/":
        return f"{path!r} is not a plain path"
    if plain in _KERNEL_FILES:
        return ""
    if any(plain == tree or plain.startswith(tree + "/") for tree in _KERNEL_TREES):
        return f"{path!r} is in a tree that holds secrets or devices"
    found = next((word for word in _SENSITIVE if word in plain.lower()), "")
    return f"{path!r} may hold secrets" if found else ""


def _date(arguments: Sequence[str]) -> str:
    return (
        ""
        if all(argument in ("-u", "-R") or argument.startswith("+") for argument in arguments)
        else "it sets the time"
    )


def _top(arguments: Sequence[str]) -> str:
    return "" if list(arguments) in (["-b", "-n", "1"], ["-bn1"]) else "only `top -b -n 1` ends by itself"


_PROGRAMS: Mapping[str, Check] = {
    "cat": _files("AbeEnstTuv", needs_file=True),
    "date": _date,
    "df": _files("ahiHklmPT"),
    "du": _files("abcDhHklmsSx"),
    "free": _flags("bkmght"),
    "head": _files("cnqv0123456789", needs_file=True),
    "hostname": _flags("fiIsd"),
    "id": _flags("Ggnru"),
    "ls": _files("1AabBcCdFfghHiklLmnNopqQrRsStTuUvxXZ"),
    "nproc": _flags(""),
    "ps": _flags("aAcdefFHjlLmMNTuvwxyZ"),
    "pwd": _flags("LP"),
    "stat": _files("Lt", needs_file=True),
    "tail": _files("cnqv0123456789", needs_file=True),
    "top": _top,
    "uname": _flags("amnoprsv"),
    "uptime": _flags("ps"),
    "wc": _files("clmwL", needs_file=True),
    "whoami": _flags(""),
}
