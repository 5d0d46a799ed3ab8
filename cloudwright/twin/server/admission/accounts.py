"""ServiceAccount: every pod runs as an account of its namespace and has its token mounted."""

from typing import Any

from cloudwright.twin.api import Obj
from cloudwright.twin.server.admission.base import PODS, Plugin, creates
from cloudwright.twin.server.errors import forbidden
from cloudwright.twin.server.meta import Identities
from cloudwright.twin.server.request import Request
from cloudwright.twin.store import Store

_MOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_PREFIX = "kube-api-access-"
_MIRROR = "kubernetes.io/config.mirror"


def _token_volume(name: str) -> Obj:
    field = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    return {
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": field}]}},
            ],
        },
    }


class ServiceAccounts(Plugin):
    """Sets the account, its pull secrets and its token volume on new pods."""

    def __init__(self, store: Store, identities: Identities) -> None:
        self._store = store
        self._identities = identities

    def mutate(self, request: Request, obj: Obj | None, old: Obj | None) -> None:
        """Complete a new pod."""
        if obj is None or not creates(request, PODS) or _MIRROR in (obj["metadata"].get("annotations") or {}):
            return
        spec = obj["spec"]
        name = spec.get("serviceAccountName") or "default"
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = self._store.get(("", "serviceaccounts"), request.namespace, name)
        if account is None:
            why = f'error looking up service account {request.namespace}/{name}: serviceaccount "{name}" not found'
            raise forbidden(request.info, obj["metadata"].get("name", ""), why)
        wanted = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
        if wanted:
            self._mount(spec)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(each) for each in account["imagePullSecrets"]]

    def _mount(self, spec: dict[str, Any]) -> None:
        volumes = spec.get("volumes") or []
        present = next((each["name"] for each in volumes if each["name"].startswith(_PREFIX)), "")
        name = present or _PREFIX + self._identities.suffix()
        needed = False
        for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
            mounts = container.setdefault("volumeMounts", [])
            if all(each.get("mountPath") != _MOUNT for each in mounts):
                mounts.append({"name": name, "readOnly": True, "mountPath": _MOUNT})
                needed = True
        if needed and not present:
            spec["volumes"] = [*volumes, _token_volume(name)]
