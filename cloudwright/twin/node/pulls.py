"""Images for the containers of a pod: policies, pulls, credentials, and back-off."""

from typing import TYPE_CHECKING

from cloudwright.twin.api import SECRETS, SERVICE_ACCOUNTS
from cloudwright.twin.apps.registry import Image, PullError, docker_credentials, parse_reference
from cloudwright.twin.node.records import ContainerRecord, Phase

FIRST_BACKOFF, LONGEST_BACKOFF, RESET_AFTER = 10.0, 300.0, 600.0
RESYNC = 12.0

if TYPE_CHECKING:
    from cloudwright.twin.node.lifecycle import ContainerLifecycle


class ImagePulls:
    """Fetches what a pod's containers run."""

    def __init__(self, life: "ContainerLifecycle") -> None:
        self._life = life

    def ensure(self, record: ContainerRecord) -> bool:
        image = str(record.spec["image"])
        policy = record.spec.get("imagePullPolicy") or "IfNotPresent"
        try:
            reference = str(parse_reference(image))
        except ValueError as error:
            self._bad_name(record, image, str(error))
            return False
        if record.image is not None and record.image.name == reference and record.reason == "Pulled":
            return True
        machine = self._life.sandbox.machine
        present = self._life.context.registry.find(parse_reference(image)) if reference in machine.images else None
        if present is not None and policy != "Always":
            if record.image is None or record.image.name != reference:
                record.image = self._present(image)
            self._life.event(record, "Normal", "Pulled", f'Container image "{image}" already present on machine')
            return True
        if policy == "Never":
            self._never(record, image)
            return False
        return self._pull(record, image, reference)

    def _present(self, image: str) -> Image:
        """An image that is on the node already: no credentials are asked for."""
        return self._life.context.registry.local(image, self._life.sandbox.machine.arch)

    def _bad_name(self, record: ContainerRecord, image: str, error: str) -> None:
        text = f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": {error}'
        record.reason, record.message = "InvalidImageName", text
        if self._warn_now(record):
            self._life.event(record, "Warning", "InspectFailed", text)
            self._life.event(record, "Warning", "Failed", "Error: InvalidImageName")

    def _never(self, record: ContainerRecord, image: str) -> None:
        text = f'Container image "{image}" is not present with pull policy of Never'
        record.reason, record.message = "ErrImageNeverPull", text
        if self._warn_now(record):
            self._life.event(record, "Warning", "ErrImageNeverPull", text)
            self._life.event(record, "Warning", "Failed", "Error: ErrImageNeverPull")

    def _warn_now(self, record: ContainerRecord) -> bool:
        now = self._life.context.clock.now()
        self._life.resync()
        if now - record.last_warned < RESYNC - 1:
            return False
        record.last_warned = now
        return True

    def _pull(self, record: ContainerRecord, image: str, reference: str) -> bool:
        now = self._life.context.clock.now()
        if now < record.pull_until:
            record.reason = "ImagePullBackOff"
            record.message = f'Back-off pulling image "{image}": {record.pull_error}'
            if self._warn_now(record):
                self._life.event(record, "Normal", "BackOff", f'Back-off pulling image "{image}"')
                self._life.event(record, "Warning", "Failed", "Error: ImagePullBackOff")
            return False
        self._life.event(record, "Normal", "Pulling", f'Pulling image "{image}"')
        try:
            pulled = self._life.context.registry.pull(image, self._life.sandbox.machine.arch, self._credentials())
        except PullError as error:
            record.phase = Phase.PULLING
            text = str(error)
            self._life.context.clock.after(error.seconds, lambda: self._pull_failed(record, image, text))
            return False
        cached = reference in self._life.sandbox.machine.images
        seconds = 0.2 if cached else 0.3 + pulled.size / self._life.context.pull_speed
        record.phase = Phase.PULLING
        self._life.context.clock.after(seconds, lambda: self._pulled(record, image, pulled, seconds))
        return False

    def _pull_failed(self, record: ContainerRecord, image: str, text: str) -> None:
        record.phase = Phase.WAITING
        now = self._life.context.clock.now()
        record.pull_backoff = min(LONGEST_BACKOFF, record.pull_backoff * 2 or FIRST_BACKOFF)
        record.pull_until = now + record.pull_backoff
        record.pull_error = f"ErrImagePull: {text}"
        record.reason, record.message = "ErrImagePull", text
        record.last_warned = -1e9
        self._life.event(record, "Warning", "Failed", f'Failed to pull image "{image}": {text}')
        self._life.event(record, "Warning", "Failed", "Error: ErrImagePull")
        self._life.context.report(self._life.sandbox.uid)
        self._life.later(2.0)
        self._life.later(record.pull_backoff)

    def _pulled(self, record: ContainerRecord, image: str, pulled: Image, seconds: float) -> None:
        if record.phase is not Phase.PULLING:
            return
        record.phase, record.reason, record.message = Phase.WAITING, "Pulled", ""
        record.image = pulled
        record.pull_backoff = 0.0
        self._life.sandbox.machine.images[pulled.name] = pulled.size
        shown = f"{seconds:.3f}s".lstrip() if seconds >= 1 else f"{int(seconds * 1000)}ms"
        self._life.event(
            record,
            "Normal",
            "Pulled",
            f'Successfully pulled image "{image}" in {shown} ({shown} including waiting). '
            f"Image size: {pulled.size} bytes.",
        )
        self._life.context.enqueue(self._life.sandbox.uid)

    def _credentials(self) -> dict[str, tuple[str, str]]:
        names = [entry["name"] for entry in self._life.pod["spec"].get("imagePullSecrets") or ()]
        if not names:
            account = self._life.context.api.cached_one(
                SERVICE_ACCOUNTS,
                self._life.pod["spec"].get("serviceAccountName") or "default",
                self._life.sandbox.namespace,
            )
            names = [entry["name"] for entry in (account or {}).get("imagePullSecrets") or ()]
        found: dict[str, tuple[str, str]] = {}
        for name in names:
            secret = self._life.context.api.cached_one(SECRETS, name, self._life.sandbox.namespace)
            if secret is not None:
                found.update(docker_credentials(secret))
            else:
                problem = f"Unable to retrieve some image pull secrets ({name})"
                text = f"{problem}; attempting to pull the image may not succeed."
                self._life.event(None, "Warning", "FailedToRetrieveImagePullSecret", text)
        return found
