"""Settings: one typed model, read once in the entry point and passed down.

Later sources win: defaults, the user's file, the project's file, environment variables, flags.
"""

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from cloudwright.core.errors import ConfigError
from cloudwright.core.refs import Frozen

PREFIX = "CLOUDWRIGHT_"
PROJECT_FILE = ".cloudwright.yaml"
_ALIASES = {"KUBECONFIG": "kubeconfig", "OPENAI_BASE_URL": "base_url", "AWS_ENDPOINT_URL": "aws_endpoint_url"}
_SECRETS = ("api_key",)


class Settings(Frozen):
    """Every setting, with its default. Paths may begin with `~`."""

    kubeconfig: str = ""
    """Path of the kubeconfig; "" means $KUBECONFIG, then ~/.kube/config, then the pod's own account."""
    context: str = ""
    """Kubeconfig context; "" means its current one."""
    namespace: str = ""
    """Namespace; "" means the context's, then "default"."""
    as_user: str = ""
    """User to impersonate on every request."""
    output: Literal["text", "json", "yaml", "markdown"] = "text"
    """How answers are printed."""
    read_only: bool = False
    """Allow nothing that writes but dry runs."""
    timeout: Annotated[float, Field(gt=0, le=3600)] = 30.0
    """Seconds that one request to a server may take."""
    state_dir: str = "~/.local/state/cloudwright"
    """Where sessions, results and the journal are kept."""
    journal: str = ""
    """Journal file; "" means journal.sqlite in the state directory. Two-person approval needs a shared place."""
    approval_policy: str = ""
    """Approval rules (YAML); "" means the shipped default."""
    approval_minutes: Annotated[float, Field(gt=0, le=1440)] = 10.0
    """Minutes after which an approval that was not used expires."""
    prometheus_url: str = ""
    """Base URL of Prometheus; "" means none."""
    aws_endpoint_url: str = ""
    """Endpoint of AWS or of a stand-in; "" means the regular ones."""
    model: str = ""
    """Name of the model; "" means none."""
    base_url: str = ""
    """OpenAI-compatible endpoint of the model."""
    api_key: str = ""
    """Key of the model's endpoint; better given as OPENAI_API_KEY."""
    max_steps: Annotated[int, Field(ge=1, le=200)] = 20
    """Steps of one investigation."""
    max_seconds: Annotated[float, Field(gt=0, le=3600)] = 120.0
    """Seconds of one investigation."""
    max_tokens: Annotated[int, Field(ge=1000)] = 60_000
    """Tokens of one investigation."""
    max_cost: Annotated[float, Field(ge=0)] = 0.0
    """Money of one investigation, in the unit of the prices below; 0 means no limit."""
    price_in: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million input tokens."""
    price_out: Annotated[float, Field(ge=0)] = 0.0
    """Price of a million output tokens."""
    checkpoints: str = ""
    """PostgreSQL address for sessions; "" means SQLite in the state directory."""

    @property
    def state_path(self) -> Path:
        """The state directory."""
        return Path(self.state_dir).expanduser()

    @property
    def journal_path(self) -> Path:
        """The journal file."""
        return Path(self.journal).expanduser() if self.journal else self.state_path / "journal.sqlite"


@dataclass(frozen=True)
class Effective:
    """The settings in force and where each of them came from."""

    settings: Settings
    sources: Mapping[str, str]

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value (secrets hidden) and source of every setting."""
        values = self.settings.model_dump()
        return [
            (name, "(hidden)" if name in _SECRETS and values[name] else str(values[name]), self.sources[name])
            for name in Settings.model_fields
        ]


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    user_file: Path | None = None,
    project_file: Path | None = None,
) -> Effective:
    """Merge all sources.

    Raises:
        ConfigError: a file cannot be read, a key is not known (near misses are suggested) or a value does not fit.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    sources = dict.fromkeys(Settings.model_fields, "default")
    for source, found in (
        *_from_file(user_file or _user_file(environment)),
        *_from_file(project_file or Path(PROJECT_FILE)),
        *_from_environment(environment),
        ("flag", {key: value for key, value in (flags or {}).items() if value is not None}),
    ):
        _check_keys(found, source)
        values |= found
        sources |= dict.fromkeys(found, source)
    try:
        return Effective(Settings.model_validate(values), sources)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = str(first["loc"][0])
        raise ConfigError(
            f"Setting {name} from {sources.get(name, 'a file')} cannot be used: {first['msg']}.",
            hint="`cloudwright config` shows all settings.",
        ) from None


def _user_file(environment: Mapping[str, str]) -> Path:
    base = environment.get("XDG_CONFIG_HOME") or str(Path("~/.config").expanduser())
    return Path(base) / "cloudwright" / "config.yaml"


def _from_file(path: Path) -> list[tuple[str, dict[str, Any]]]:
    try:
        content = yaml.safe_load(path.read_text()) or {}
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigError(f"The settings file {path} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"The settings file {path} is no valid YAML{line}.") from None
    if not isinstance(content, dict):
        raise ConfigError(f"The settings file {path} must hold a mapping of settings.")
    return [(str(path), content)]


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, dict[str, Any]]]:
    found: list[tuple[str, dict[str, Any]]] = []
    for variable, name in _ALIASES.items():
        if environment.get(variable):
            found.append((f"${variable}", {name: environment[variable]}))
    if environment.get("OPENAI_API_KEY"):
        found.append(("$OPENAI_API_KEY", {"api_key": environment["OPENAI_API_KEY"]}))
    for variable, value in environment.items():
        if variable.startswith(PREFIX):
            found.append((f"${variable}", {variable.removeprefix(PREFIX).lower(): value}))
    return found


def _check_keys(values: Mapping[str, Any], source: str) -> None:
    for key in values:
        if key not in Settings.model_fields:
            near = difflib.get_close_matches(str(key), Settings.model_fields, n=1)
            hint = f"Did you mean {near[0]}?" if near else "`cloudwright config` lists the settings."
            raise ConfigError(f"{source} has an unknown setting {key!r}.", hint=hint)
