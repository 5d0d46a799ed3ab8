"""Tools that work on files, as small images have them."""

import io as streams
import math
import re
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime

from cloudwright.twin.apps.files import FileError
from cloudwright.twin.apps.shell import Builtin, Context, Io, Run


def options_of(argv: Sequence[str], with_value: str = "") -> tuple[dict[str, str], list[str]]:
    """Short and long options by name, and the operands."""
    found: dict[str, str] = {}
    rest: list[str] = []
    words = iter(argv[1:])
    for word in words:
        if word == "--":
            rest.extend(words)
        elif word.startswith("--"):
            name, _, value = word[2:].partition("=")
            found[name] = value
        elif word.startswith("-") and len(word) > 1:
            for index, letter in enumerate(word[1:], 1):
                if letter in with_value:
                    found[letter] = word[index + 1 :] or next(words, "")
                    break
                found[letter] = ""
        else:
            rest.append(word)
    return found, rest


def _cat(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    _, names = options_of(argv)
    if not names:
        io.out(io.stdin)
        return 0
    code = 0
    for name in names:
        try:
            io.out(_special(ctx, name) or ctx.files.read(ctx.path(name)))
        except FileError as error:
            io.err(f"cat: can't open '{name}': {error}\n")
            code = 1
    return code


def _special(ctx: Context, name: str) -> str:
    process, path = ctx.process, ctx.path(name)
    if path == "/proc/1/environ":
        return "\0".join(f"{k}={v}" for k, v in process.env.items())
    if path == "/proc/1/cmdline":
        return "\0".join(process.argv)
    if path == "/sys/fs/cgroup/memory.max":
        return f"{int(process.limits.memory)}\n" if process.limits.memory else "max\n"
    if path == "/sys/fs/cgroup/memory.current":
        return f"{int(process.memory)}\n"
    if path == "/sys/fs/cgroup/cpu.max":
        return f"{int(process.limits.cpu * 100000) if process.limits.cpu else 'max'} 100000\n"
    return ""


def _ls(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, names = options_of(argv)
    code = 0
    for name in names or [ctx.cwd]:
        path = ctx.path(name)
        entry = ctx.files.get(path)
        if entry is None and not ctx.files.is_dir(path):
            io.err(f"ls: {name}: No such file or directory\n")
            code = 1
            continue
        listed = [(name, path)] if entry is not None else [(n, f"{path.rstrip('/')}/{n}") for n in ctx.files.list(path)]
        io.out("".join(_entry(ctx, shown, full, "l" in options) for shown, full in listed))
    return code


def _entry(ctx: Context, shown: str, path: str, long: bool) -> str:
    if not long:
        return shown + "\n"
    entry = ctx.files.get(path)
    kind, size = ("-rw-r--r--", entry.length) if entry else ("drwxr-xr-x", 4096)
    when = datetime.fromtimestamp(ctx.process.started_at, UTC).strftime("%b %d %H:%M")
    return f"{kind}    1 {ctx.files.user or 'root':<8} {'root':<8} {size:>9} {when} {shown}\n"


def _lines(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    options, names = options_of(argv, "nc")
    if "/dev/zero" in names:
        return _swallow(ctx, options)
    follow = argv[0] == "tail" and ("f" in options or "F" in options)
    if names and names[0] != "/dev/null":
        try:
            text = ctx.files.read(ctx.path(names[0]))
        except FileError as error:
            io.err(f"{argv[0]}: can't open '{names[0]}': {error}\n")
            return 1
    else:
        text = io.stdin if not names else ""
    count = int(options.get("n", "10").lstrip("+-") or 10)
    lines = text.splitlines(keepends=True)
    io.out("".join(lines[:count] if argv[0] == "head" else lines[-count:]))
    return _forever() if follow else 0


def _forever() -> Run:
    yield math.inf
    return 0


def _swallow(ctx: Context, options: dict[str, str]) -> Run:
    """Read zeros into memory, as `tail /dev/zero` does: the working set grows until something ends it."""
    while ctx.process.running and not ctx.attached:
        ctx.process.cpu = 0.9
        ctx.process.set_memory(ctx.process.memory + 150 * 2**20)
        if ctx.process.memory > ctx.process.sandbox.machine.memory:
            ctx.process.finish(137, "OOMKilled")
        yield 0.3
    return 137


def _dd(ctx: Context, argv: Sequence[str], io: Io) -> "int | Run":
    values = dict(word.split("=", 1) for word in argv[1:] if "=" in word)
    units = {"k": 1024, "K": 1024, "M": 2**20, "m": 2**20, "G": 2**30, "g": 2**30}
    block = values.get("bs", "512")
    size = int(block.rstrip("kKmMgG") or 1) * units.get(block[-1], 1)
    target = ctx.path(values.get("of", "/dev/null"))
    total = size * int(values.get("count", "1024"))
    if target.startswith("/dev/shm/"):  # noqa: S108 - a path in the model
        ctx.files.write(target, size=total)
        ctx.process.set_memory(ctx.process.memory + total)
        return 137 if not ctx.process.running else 0
    free = ctx.files.volume_of(target)[0].free()
    try:
        ctx.files.write(target, size=int(min(total, free)), append="conv" in values)
    except FileError as error:
        io.err(f"dd: can't open '{values.get('of', '')}': {error}\n")
        return 1
    if total > free:
        io.err("dd: error writing '" + values.get("of", "") + "': No space left on device\n")
        return 1
    io.err(f"{total // size}+0 records in\n{total // size}+0 records out\n")
    return 0


def _fallocate(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, names = options_of(argv, "l")
    units = {"K": 2**10, "M": 2**20, "G": 2**30}
    text = options.get("l", "0")
    size = int(text.rstrip("KMG") or 0) * units.get(text[-1:], 1)
    try:
        ctx.files.write(ctx.path(names[0]), size=size)
    except (FileError, IndexError) as error:
        io.err(f"fallocate: fallocate failed: {error}\n")
        return 1
    return 0


def _rm(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, names = options_of(argv)
    code = 0
    for name in names:
        path = ctx.path(name)
        targets = (
            [path] if ctx.files.get(path) else [p for p in ctx.files.paths() if p.startswith(path.rstrip("/") + "/")]
        )
        try:
            for target in targets or ([path] if "f" not in options else []):
                ctx.files.remove(target)
        except FileError as error:
            io.err(f"rm: can't remove '{name}': {error}\n")
            code = 1
    return code


def _touch(ctx: Context, argv: Sequence[str], io: Io) -> int:
    for name in options_of(argv)[1]:
        try:
            ctx.files.write(ctx.path(name), "", append=True)
        except FileError as error:
            io.err(f"touch: {name}: {error}\n")
            return 1
    return 0


def _mkdir(ctx: Context, argv: Sequence[str], io: Io) -> int:
    for name in options_of(argv)[1]:
        try:
            ctx.files.check_write(ctx.path(name) + "/.")
        except FileError as error:
            io.err(f"mkdir: can't create directory '{name}': {error}\n")
            return 1
    return 0


def _grep(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, names = options_of(argv)
    if not names:
        return 2
    pattern = re.compile(names[0] if "F" not in options else re.escape(names[0]), re.I if "i" in options else 0)
    try:
        text = "".join(ctx.files.read(ctx.path(n)) for n in names[1:]) if names[1:] else io.stdin
    except FileError as error:
        io.err(f"grep: {names[1]}: {error}\n")
        return 2
    found = [line for line in text.splitlines() if bool(pattern.search(line)) != ("v" in options)]
    if "c" in options:
        io.out(f"{len(found)}\n")
    elif "q" not in options:
        io.out("".join(line + "\n" for line in found))
    return 0 if found else 1


def _wc(ctx: Context, argv: Sequence[str], io: Io) -> int:
    options, _ = options_of(argv)
    values = {"l": io.stdin.count("\n"), "w": len(io.stdin.split()), "c": len(io.stdin.encode())}
    io.out(" ".join(str(values[letter]) for letter in values if letter in options or not options) + "\n")
    return 0


def _sort(ctx: Context, argv: Sequence[str], io: Io) -> int:
    lines = sorted(set(io.stdin.splitlines())) if argv[0] == "uniq" else sorted(io.stdin.splitlines())
    io.out("".join(line + "\n" for line in lines))
    return 0


def _df(ctx: Context, argv: Sequence[str], io: Io) -> int:
    human = "h" in options_of(argv)[0]
    machine = ctx.process.sandbox.machine
    rows = [("overlay", machine.disk, machine.system_disk, "/")]
    for mount in sorted(ctx.files.mounts, key=lambda entry: entry.path):
        if mount.volume.kind in ("persistentVolumeClaim", "emptyDir"):
            size = mount.volume.capacity or machine.disk
            rows.append((f"/dev/{mount.volume.kind[:3].lower()}", size, float(mount.volume.used()), mount.path))
    io.out(f"Filesystem           {'Size      Used' if human else '1K-blocks      Used'} Available Use% Mounted on\n")
    for source, size, used, path in rows:
        share = f"{min(100, math.ceil(100 * used / size)) if size else 0}%"
        cells = [_size(value, human) for value in (size, used, max(0.0, size - used))]
        io.out(f"{source:<20} {cells[0]:>9} {cells[1]:>9} {cells[2]:>9} {share:>4} {path}\n")
    return 0


def _size(value: float, human: bool) -> str:
    if not human:
        return str(int(value / 1024))
    for unit, scale in (("G", 2**30), ("M", 2**20), ("K", 2**10)):
        if value >= scale:
            return f"{value / scale:.1f}{unit}"
    return str(int(value))


def _du(ctx: Context, argv: Sequence[str], io: Io) -> int:
    for name in options_of(argv)[1] or [ctx.cwd]:
        path = ctx.path(name)
        total = sum(e.length for p in ctx.files.paths() if p.startswith(path) and (e := ctx.files.get(p)))
        volume, mount = ctx.files.volume_of(path)
        total += int(volume.written) if mount is not None and mount.path == path else 0
        io.out(f"{_size(total, True)}\t{name}\n")
    return 0


def tar_extract(ctx: Context, archive: bytes, directory: str) -> str:
    """Unpack an archive below a directory; an error text, or "" when it worked."""
    try:
        with tarfile.open(fileobj=streams.BytesIO(archive)) as bundle:
            for member in bundle:
                content = bundle.extractfile(member)
                if member.isfile() and content is not None:
                    path = f"{directory.rstrip('/')}/{member.name.removeprefix('./')}"
                    ctx.files.write(path, content.read().decode("utf-8", "surrogateescape"))
    except (tarfile.TarError, FileError) as error:
        return f"tar: {error}\n"
    return ""


def tar_create(ctx: Context, names: Sequence[str]) -> tuple[bytes, str]:
    """An archive of files and directories, and an error text."""
    buffer = streams.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as bundle:
        for name in names:
            path = ctx.path(name)
            found = (
                [path]
                if ctx.files.get(path)
                else [p for p in ctx.files.paths() if p.startswith(path.rstrip("/") + "/")]
            )
            if not found:
                return b"", f"tar: {name}: No such file or directory\ntar: error exit delayed from previous errors\n"
            for full in found:
                data = ctx.files.read(full).encode("utf-8", "surrogateescape")
                info = tarfile.TarInfo(full.lstrip("/"))
                info.size, info.mtime = len(data), int(ctx.process.clock.now())
                bundle.addfile(info, streams.BytesIO(data))
    return buffer.getvalue(), ""


FILE_COMMANDS: dict[str, Builtin] = {
    "cat": _cat,
    "ls": _ls,
    "head": _lines,
    "tail": _lines,
    "dd": _dd,
    "fallocate": _fallocate,
    "rm": _rm,
    "touch": _touch,
    "mkdir": _mkdir,
    "grep": _grep,
    "wc": _wc,
    "sort": _sort,
    "uniq": _sort,
    "df": _df,
    "du": _du,
}
