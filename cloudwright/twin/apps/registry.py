"""A model of image registries: which tags exist, for which architectures, behind which credentials."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class ImageSpec(BaseModel):
    """What is known of one tag: the programs in the image and how they differ from their models."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app: str = ""
    set: dict[str, Any] = {}
    arch: tuple[str, ...] = ("amd64", "arm64")
    binary_arch: str = ""
    size: int = 32_000_000
    env: dict[str, str] = {}
    cmd: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    user: int = 0
    shell: bool = True
    tools: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    files: dict[str, str] = {}


class Repository(BaseModel):
    """A repository: `image` holds what all tags share, `tags` what differs; `releases` matches further tags."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    private: bool = False
    image: ImageSpec = ImageSpec()
    tags: dict[str, dict[str, Any]] = {}
    releases: str = ""
    any_tag: bool = False

    def has(self, tag: str) -> bool:
        """Whether there is such a tag."""
        return tag in self.tags or self.any_tag or bool(self.releases and re.fullmatch(self.releases, tag))


class RegistryData(BaseModel):
    """All registries: repositories by full name, and the credentials that private ones accept by host."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hosts: tuple[str, ...]
    credentials: dict[str, dict[str, str]] = {}
    repositories: tuple[Repository, ...]


@dataclass(frozen=True)
class Image:
    """A pulled image."""

    name: str
    digest: str
    spec: ImageSpec
    size: int


@dataclass(frozen=True)
class Reference:
    """A normalised image reference: host, repository path, and tag or digest."""

    host: str
    path: str
    tag: str

    @property
    def repository(self) -> str:
        """host/path."""
        return f"{self.host}/{self.path}"

    def __str__(self) -> str:
        return f"{self.repository}@{self.tag}" if self.tag.startswith("sha256:") else f"{self.repository}:{self.tag}"


class PullError(Exception):
    """The runtime could not pull; `seconds` is how long it tried."""

    def __init__(
        self, code: Literal["NotFound", "Unknown", "Unavailable"], description: str, seconds: float = 0.6
    ) -> None:
        super().__init__(description if code == "Unknown" else f"rpc error: code = {code} desc = {description}")
        self.seconds = seconds


def parse_reference(image: str) -> Reference:
    """Normalise a reference the way container runtimes do: docker.io, library/ and :latest are implied.

    Raises:
        ValueError: the text is no valid reference.
    """
    if not image or image != image.strip() or any(c in image for c in " \t,;") or image.startswith((":", "/")):
        raise ValueError("invalid reference format")
    name, _, digest = image.partition("@")
    head, _, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = f"{head}/{last}" if head else last
    host, _, path = name.partition("/")
    if not path or not ("." in host or ":" in host or host == "localhost" or host != host.lower()):
        host, path = "docker.io", name if path else f"library/{name}"
    if path != path.lower():
        wrong = next(part for part in path.split("/") if part != part.lower())
        raise ValueError(f"invalid reference format: repository name ({wrong}) must be lowercase")
    return Reference(host, path, digest or tag or "latest")


@dataclass
class Registry:
    """The registries as nodes reach them. `assumed` images exist because a real cluster runs them."""

    data: RegistryData
    assumed: dict[str, ImageSpec] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._repositories = {repository.name: repository for repository in self.data.repositories}

    def find(self, reference: Reference) -> ImageSpec | None:
        """The image behind a reference, or None."""
        if str(reference) in self.assumed:
            return self.assumed[str(reference)]
        repository = self._repositories.get(reference.repository)
        if repository is None or not repository.has(reference.tag):
            return None
        changes = repository.tags.get(reference.tag) or {}
        return ImageSpec.model_validate({**repository.image.model_dump(), **changes})

    def pull(self, image: str, arch: str, credentials: Mapping[str, tuple[str, str]]) -> Image:
        """Pull for an architecture with credentials by host.

        Raises:
            PullError: with the text that containerd gives.
        """
        reference = parse_reference(image)
        unpack = f'failed to pull and unpack image "{reference}": '
        resolve = unpack + f'failed to resolve reference "{reference}": '
        if reference.host not in self.data.hosts and str(reference) not in self.assumed:
            url = f"https://{reference.host}/v2/{reference.path}/manifests/{reference.tag}"
            raise PullError(
                "Unknown",
                f'{resolve}failed to do request: Head "{url}": dial tcp: '
                f"lookup {reference.host} on 169.254.169.253:53: no such host",
                2.0,
            )
        repository = self._repositories.get(reference.repository)
        assumed = str(reference) in self.assumed
        if (
            repository is not None
            and repository.private
            and not assumed
            and not self._allowed(reference.host, credentials)
        ):
            token = f"https://{reference.host}/token?scope=repository%3A{reference.path.replace('/', '%2F')}%3Apull"
            kind = "oauth token" if reference.host in credentials else "anonymous token"
            raise PullError(
                "Unknown",
                f"{resolve}failed to authorize: failed to fetch {kind}: unexpected status from GET request to "
                f"{token}: 401 Unauthorized",
            )
        spec = self.find(reference)
        if spec is None and repository is None and reference.host == "docker.io":
            raise PullError(
                "Unknown",
                f"{resolve}pull access denied, repository does not exist or may require authorization: "
                "server message: insufficient_scope: authorization failed",
            )
        if spec is None:
            raise PullError("NotFound", f"{resolve}{reference}: not found")
        if arch not in spec.arch:
            raise PullError("NotFound", f"{unpack}no match for platform in manifest: not found")
        return _image(reference, spec, arch)

    def local(self, image: str, arch: str) -> Image:
        """An image that was pulled before.

        Raises:
            KeyError: no registry has it.
        """
        reference = parse_reference(image)
        spec = self.find(reference)
        if spec is None:
            raise KeyError(image)
        return _image(reference, spec, arch)

    def _allowed(self, host: str, credentials: Mapping[str, tuple[str, str]]) -> bool:
        user, password = credentials.get(host, ("", ""))
        return bool(user) and self.data.credentials.get(host, {}).get(user) == password


def _image(reference: Reference, spec: ImageSpec, arch: str) -> Image:
    digest = hashlib.sha256(f"{reference}{arch}".encode()).hexdigest()
    return Image(str(reference), f"{reference.repository}@sha256:{digest}", spec, spec.size)


def docker_credentials(secret: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """User and password by registry host in a `kubernetes.io/dockerconfigjson` Secret ({} when it is malformed)."""
    try:
        text = base64.b64decode(secret["data"][".dockerconfigjson"])
        auths = json.loads(text)["auths"]
        found = {}
        for host, entry in auths.items():
            auth = base64.b64decode(entry.get("auth", "")).decode()
            user, _, password = auth.partition(":") if auth else (entry["username"], "", entry["password"])
            found[host.removeprefix("https://").split("/")[0]] = (user, password)
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    return found
