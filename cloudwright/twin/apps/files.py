"""The file trees that a container sees: a writable layer over its image, and the volumes mounted into it."""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field

from cloudwright.twin.apps.stores import StoreState


@dataclass
class File:
    """One regular file. `size` counts when the content is too large to be held (sparse or generated data)."""

    content: str = ""
    size: int = -1
    mode: int = 0o644

    @property
    def length(self) -> int:
        """Size in bytes."""
        return self.size if self.size >= 0 else len(self.content.encode())


@dataclass
class Volume:
    """A tree of files below one mount point. `written` counts the bytes of files that are not held one by one.

    `kind` is the pod volume's type ("configMap", "secret", "emptyDir", "persistentVolumeClaim", "hostPath",
    "projected"); `owner` is the group that may write beside root (None: everybody, as in an emptyDir).
    """

    kind: str
    files: dict[str, File] = field(default_factory=dict)
    capacity: float | None = None
    owner: int | None = None
    in_memory: bool = False
    claim: str = ""
    version: int = 0
    store: StoreState | None = None
    written: float = 0.0

    def used(self) -> int:
        """Bytes in use."""
        return int(self.written) + sum(entry.length for entry in self.files.values())

    def free(self) -> float:
        """Bytes left (infinite without a capacity)."""
        return float("inf") if self.capacity is None else self.capacity - self.used()


@dataclass(frozen=True)
class Mount:
    """A volume at a path; with `sub_path` only that part of it."""

    path: str
    volume: Volume
    sub_path: str = ""
    read_only: bool = False


class FileError(Exception):
    """A file operation failed; the text is what libc's strerror says."""


class FileView:
    """All files of one container, by absolute path."""

    def __init__(
        self, image: dict[str, File], mounts: tuple[Mount, ...], user: int = 0, groups: tuple[int, ...] = ()
    ) -> None:
        self.layer = Volume("layer", dict(image))
        self.mounts = tuple(sorted(mounts, key=lambda mount: -len(mount.path)))
        self.user = user
        self.groups = groups
        self.read_only_root = False

    def version(self) -> int:
        """A number that changes whenever a mounted volume's content was replaced."""
        return sum(mount.volume.version for mount in self.mounts)

    def _locate(self, path: str) -> tuple[Volume, str, Mount | None]:
        full = posixpath.normpath(path)
        for mount in self.mounts:
            if full == mount.path or full.startswith(mount.path.rstrip("/") + "/"):
                inside = full[len(mount.path.rstrip("/")) :].lstrip("/")
                if mount.sub_path:
                    inside = posixpath.normpath(posixpath.join(mount.sub_path, inside)) if inside else mount.sub_path
                return mount.volume, inside, mount
        return self.layer, full.lstrip("/"), None

    def volume_of(self, path: str) -> tuple[Volume, Mount | None]:
        """The volume that holds a path, and the mount by which it is seen (None: the container's own layer)."""
        volume, _, mount = self._locate(path)
        return volume, mount

    def get(self, path: str) -> File | None:
        """The file at a path, or None."""
        volume, inside, _ = self._locate(path)
        return volume.files.get(inside)

    def read(self, path: str) -> str:
        """The text of a file.

        Raises:
            FileError: there is none, or it is a directory.
        """
        entry = self.get(path)
        if entry is None:
            raise FileError("Is a directory" if self.is_dir(path) else "No such file or directory")
        return entry.content

    def is_dir(self, path: str) -> bool:
        """Whether the path is a directory (directories exist as prefixes of files and as mount points)."""
        full = posixpath.normpath(path)
        if full in ("/", "/tmp", "/dev", "/proc", "/sys", "/var", "/root", "/home", "/dev/shm"):  # noqa: S108 - a path in the model
            return True
        return any(entry.startswith(full.rstrip("/") + "/") for entry in self.paths()) or any(
            mount.path == full or mount.path.startswith(full + "/") for mount in self.mounts
        )

    def paths(self) -> Iterator[str]:
        """Every file's absolute path."""
        shadowed = [mount.path.rstrip("/") + "/" for mount in self.mounts]
        for inside in self.layer.files:
            full = "/" + inside
            if not any(full.startswith(prefix) for prefix in shadowed):
                yield full
        for mount in self.mounts:
            yield from _mounted(mount)

    def list(self, path: str) -> list[str]:
        """Names directly below a directory, sorted."""
        prefix = posixpath.normpath(path).rstrip("/") + "/"
        names = {entry[len(prefix) :].split("/", 1)[0] for entry in self.paths() if entry.startswith(prefix)}
        names |= {m.path[len(prefix) :].split("/", 1)[0] for m in self.mounts if m.path.startswith(prefix)}
        if prefix == "/":
            names |= {"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"}
        return sorted(names - {""})

    def check_write(self, path: str) -> None:
        """Raise `FileError` when the container's user may not create or change the path."""
        volume, _, mount = self._locate(path)
        if mount is not None and (
            mount.read_only or volume.kind in ("configMap", "secret", "projected", "downwardAPI")
        ):
            raise FileError("Read-only file system")
        if mount is None and self.read_only_root and not path.startswith(("/dev", "/proc")):
            raise FileError("Read-only file system")
        if self.user == 0:
            return
        if mount is None and not path.startswith(("/tmp", "/home", "/dev/shm", "/var/tmp")):  # noqa: S108 - model
            raise FileError("Permission denied")
        if mount is not None and volume.owner is not None and volume.owner not in (self.user, *self.groups):
            raise FileError("Permission denied")

    def write(self, path: str, content: str = "", *, size: int = -1, append: bool = False) -> None:
        """Create or replace (or extend) a file.

        Raises:
            FileError: no permission, read-only, or no space left on the volume.
        """
        if path == "/dev/null":
            return
        self.check_write(path)
        volume, inside, _ = self._locate(path)
        before = volume.files.get(inside)
        entry = File(content, size)
        if append and before is not None:
            total = before.length + entry.length
            entry = File(before.content + content, total if size >= 0 or before.size >= 0 else -1, before.mode)
        if entry.length - (before.length if before else 0) > volume.free():
            raise FileError("No space left on device")
        volume.files[inside] = entry

    def remove(self, path: str) -> None:
        """Delete a file.

        Raises:
            FileError: there is none or it may not be changed.
        """
        if self.get(path) is None:
            raise FileError("No such file or directory")
        self.check_write(path)
        volume, inside, _ = self._locate(path)
        del volume.files[inside]


def _mounted(mount: Mount) -> Iterator[str]:
    root = mount.path.rstrip("/")
    for inside in mount.volume.files:
        if not mount.sub_path:
            yield f"{root}/{inside}"
        elif inside == mount.sub_path:
            yield root
        elif inside.startswith(mount.sub_path.rstrip("/") + "/"):
            yield root + inside[len(mount.sub_path.rstrip("/")) :]
