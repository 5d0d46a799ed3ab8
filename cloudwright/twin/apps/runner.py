"""Starting containers' programs: from an image and its arguments to a running process."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources

import yaml

from cloudwright.twin.apps.commands import COMMANDS
from cloudwright.twin.apps.filecommands import tar_create, tar_extract
from cloudwright.twin.apps.model import AppModel
from cloudwright.twin.apps.net import Network
from cloudwright.twin.apps.netcommands import NETWORK_COMMANDS, OPTIONAL_COMMANDS
from cloudwright.twin.apps.process import Process, Program
from cloudwright.twin.apps.programs import run_app
from cloudwright.twin.apps.registry import Image, ImageSpec, RegistryData
from cloudwright.twin.apps.session import Session, drain
from cloudwright.twin.apps.shell import Builtin, Context, Io, Run, Shell


class StartError(Exception):
    """The container could not be started; the text is the runtime's."""


@dataclass
class ModelCatalog:
    """Application models by name."""

    models: dict[str, AppModel] = field(default_factory=dict)

    @cached_property
    def by_binary(self) -> dict[str, AppModel]:
        """Models by the path and the base name of their programs."""
        found = {}
        for model in self.models.values():
            for path in (model.binary, *model.aliases):
                if path:
                    found[path] = model
                    found.setdefault(path.rpartition("/")[2], model)
        return found

    def of_image(self, image: Image) -> Iterator[AppModel]:
        """The models of the programs that an image contains, its own first."""
        spec = image.spec
        if spec.app:
            model = self.models[spec.app]
            yield model.changed(spec.set) if spec.set else model
        for name in spec.also:
            yield self.models[name]

    def find(self, image: Image, name: str) -> AppModel | None:
        """The program of an image by path or base name."""
        for model in self.of_image(image):
            paths = (model.binary, *model.aliases)
            if name in paths or ("/" not in name and name in {path.rpartition("/")[2] for path in paths}):
                return model
        return None


def load_models(texts: Sequence[str]) -> ModelCatalog:
    """Read models from YAML documents, each a list of models.

    Raises:
        pydantic.ValidationError: a model is malformed.
    """
    models = [AppModel.model_validate(entry) for text in texts for entry in _load(text)]
    return ModelCatalog({model.name: model for model in models})


def _load(text: str) -> list[dict[str, object]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return list(yaml.load(text, Loader=loader) or [])  # noqa: S506 - SafeLoader, in C


def bundled_models() -> ModelCatalog:
    """The models that come with the package."""
    folder = resources.files("cloudwright.twin.apps") / "models"
    return load_models(
        [entry.read_text() for entry in sorted(folder.iterdir(), key=lambda e: e.name) if entry.name != "registry.yaml"]
    )


def bundled_registry() -> RegistryData:
    """The image registries that come with the package."""
    text = (resources.files("cloudwright.twin.apps") / "models" / "registry.yaml").read_text()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return RegistryData.model_validate(yaml.load(text, Loader=loader))  # noqa: S506 - SafeLoader, in C


def tools_of(spec: ImageSpec) -> dict[str, Builtin]:
    """The commands that an image has."""
    tools = {name: OPTIONAL_COMMANDS[name] for name in spec.tools if name in OPTIONAL_COMMANDS}
    return {**COMMANDS, **NETWORK_COMMANDS, **tools} if spec.shell else tools


class Runner:
    """Runs programs and commands of containers."""

    def __init__(self, catalog: ModelCatalog, network: Network) -> None:
        self.catalog = catalog
        self.network = network

    def program(self, process: Process) -> Program:
        """The main program of a process.

        Raises:
            StartError: there is no such executable in the image.
        """
        argv = process.argv
        if not argv:
            raise StartError("no command specified")
        spec = process.image.spec
        if spec.binary_arch and spec.binary_arch != process.sandbox.machine.arch:
            return self._wrong_architecture(process)
        if self.find(process, argv[0]):
            return self.run(process, argv)
        base = argv[0].rpartition("/")[2]
        if base in tools_of(spec) and _plausible(argv[0]):
            return self._command(process)
        raise StartError(_missing(argv[0]))

    def find(self, process: Process, name: str) -> bool:
        """Whether the image has a model's program of this name or path."""
        return self.catalog.find(process.image, name) is not None

    def run(self, process: Process, argv: Sequence[str]) -> Run:
        """Run a model's program as the process."""
        model = self.catalog.find(process.image, argv[0])
        assert model is not None
        return run_app(process, model, tuple(argv[1:]))

    def _wrong_architecture(self, process: Process) -> Program:
        process.say(f"exec {process.argv[0]}: exec format error")
        yield 0.05
        return 255

    def _context(self, process: Process, *, attached: bool) -> Context:
        env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **process.env}
        return Context(process, self.network, self, env, attached)

    def _command(self, process: Process) -> Program:
        shell = Shell(self._context(process, attached=False), tools_of(process.image.spec))
        io = Io(process.write, process.write)
        yield 0.01
        base = process.argv[0].rpartition("/")[2]
        if base in ("sh", "bash", "ash"):
            return (yield from shell.nested(process.argv, io))
        return (yield from shell.run(process.argv, io))

    def session(self, process: Process, argv: Sequence[str]) -> Session:
        """Start an interactive shell in a running container.

        Raises:
            StartError: the container has no shell.
        """
        tools = tools_of(process.image.spec)
        if argv[0].rpartition("/")[2] not in tools:
            raise StartError(_missing(argv[0]))
        return Session(Shell(self._context(process, attached=True), tools))

    def execute(self, process: Process, argv: Sequence[str], stdin: bytes | None) -> tuple[bytes, bytes, int]:
        """Run a command in a running container to its end: stdout, stderr, exit code.

        Raises:
            StartError: there is no such executable in the container.
        """
        tools = tools_of(process.image.spec)
        base = argv[0].rpartition("/")[2] if argv else ""
        if base not in tools and base != "tar":
            raise StartError(_missing(argv[0] if argv else ""))
        if base == "tar" and not process.image.spec.shell:
            raise StartError(_missing(argv[0]))
        context = self._context(process, attached=True)
        if base == "tar":
            return _tar(context, argv, stdin or b"")
        out: list[str] = []
        err: list[str] = []
        io = Io(out.append, err.append, (stdin or b"").decode("utf-8", "surrogateescape"))
        shell = Shell(context, tools)
        run = shell.nested(argv, io) if base in ("sh", "bash", "ash") else shell.run(argv, io)
        code = drain(run)
        return "".join(out).encode("utf-8", "surrogateescape"), "".join(err).encode("utf-8", "surrogateescape"), code


def _plausible(path: str) -> bool:
    return "/" not in path or path.rpartition("/")[0] in ("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin")


def _missing(name: str) -> str:
    if "/" in name:
        return f'exec: "{name}": stat {name}: no such file or directory'
    return f'exec: "{name}": executable file not found in $PATH'


def _tar(context: Context, argv: Sequence[str], stdin: bytes) -> tuple[bytes, bytes, int]:
    words = list(argv[1:])
    flags = words[0].lstrip("-") if words else ""
    names = [word for word in words[1:] if not word.startswith("-")]
    if "x" in flags:
        directory = words[words.index("-C") + 1] if "-C" in words else "/"
        problem = tar_extract(context, stdin, directory)
        return b"", problem.encode(), 1 if problem else 0
    data, problem = tar_create(context, [name for name in names if name != "-"])
    return data, problem.encode(), 2 if problem else 0
