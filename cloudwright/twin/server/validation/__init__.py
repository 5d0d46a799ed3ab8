"""What the server accepts, kind by kind, in its words."""

from collections.abc import Callable, Iterator, Mapping

from cloudwright.twin.api import Obj
from cloudwright.twin.schema.kinds import ResourceInfo
from cloudwright.twin.server.errors import FieldError
from cloudwright.twin.server.validation import core, names, network, pods, policies, scaling, workloads
from cloudwright.twin.server.validation.basic import metadata, metadata_update

Check = Callable[[Obj], Iterator[FieldError]]
UpdateCheck = Callable[[Obj, Obj], Iterator[FieldError]]
_RBAC, _ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"

_NAMES: Mapping[tuple[str, str], Callable[[str], list[str]]] = {
    ("", "services"): names.dns_1035,
    ("", "namespaces"): names.dns_label,
    **{
        (_RBAC, plural): names.path_segment
        for plural in ("roles", "clusterroles", "rolebindings", "clusterrolebindings")
    },
    ("certificates.k8s.io", "certificatesigningrequests"): names.path_segment,
}
_CREATE: Mapping[tuple[str, str], Check] = {
    ("", "pods"): pods.pod,
    ("", "configmaps"): core.config_map,
    ("", "secrets"): core.secret,
    ("", "services"): network.service,
    ("", "endpoints"): core.endpoints,
    ("", "events"): core.event,
    ("", "nodes"): core.node,
    ("", "limitranges"): core.limit_range,
    ("", "resourcequotas"): core.quota,
    ("", "persistentvolumes"): core.volume,
    ("", "persistentvolumeclaims"): core.claim,
    ("", "podtemplates"): core.pod_template,
    ("", "replicationcontrollers"): workloads.replication_controller,
    ("apps", "deployments"): workloads.deployment,
    ("apps", "replicasets"): workloads.replica_set,
    ("apps", "statefulsets"): workloads.stateful_set,
    ("apps", "daemonsets"): workloads.daemon_set,
    ("apps", "controllerrevisions"): workloads.controller_revision,
    ("batch", "jobs"): workloads.job,
    ("batch", "cronjobs"): workloads.cron_job,
    ("autoscaling", "horizontalpodautoscalers"): scaling.autoscaler,
    ("policy", "poddisruptionbudgets"): scaling.budget,
    ("networking.k8s.io", "ingresses"): network.ingress,
    ("networking.k8s.io", "ingressclasses"): network.ingress_class,
    ("networking.k8s.io", "networkpolicies"): network.network_policy,
    ("discovery.k8s.io", "endpointslices"): network.endpoint_slice,
    (_RBAC, "roles"): policies.role,
    (_RBAC, "clusterroles"): policies.role,
    (_RBAC, "rolebindings"): policies.binding,
    (_RBAC, "clusterrolebindings"): policies.binding,
    ("storage.k8s.io", "storageclasses"): policies.storage_class,
    ("scheduling.k8s.io", "priorityclasses"): policies.priority_class,
    ("coordination.k8s.io", "leases"): policies.lease,
    ("certificates.k8s.io", "certificatesigningrequests"): policies.signing_request,
    ("node.k8s.io", "runtimeclasses"): policies.runtime_class,
    (_ADMISSION, "validatingwebhookconfigurations"): policies.webhooks,
    (_ADMISSION, "mutatingwebhookconfigurations"): policies.webhooks,
    ("apiextensions.k8s.io", "customresourcedefinitions"): policies.definition,
}
_UPDATE: Mapping[tuple[str, str], UpdateCheck] = {
    ("", "configmaps"): core.keeps_immutable,
    ("", "secrets"): core.secret_update,
    ("", "services"): network.service_update,
    ("", "persistentvolumes"): core.volume_update,
    ("", "persistentvolumeclaims"): core.claim_update,
    ("apps", "deployments"): workloads.selector_stays,
    ("apps", "replicasets"): workloads.selector_stays,
    ("apps", "daemonsets"): workloads.selector_stays,
    ("apps", "statefulsets"): workloads.stateful_set_update,
    ("apps", "controllerrevisions"): workloads.controller_revision_update,
    ("batch", "jobs"): workloads.job_update,
    ("networking.k8s.io", "ingressclasses"): network.ingress_class_update,
    ("discovery.k8s.io", "endpointslices"): network.endpoint_slice_update,
    (_RBAC, "rolebindings"): policies.binding_update,
    (_RBAC, "clusterrolebindings"): policies.binding_update,
    ("storage.k8s.io", "storageclasses"): policies.storage_class_update,
    ("scheduling.k8s.io", "priorityclasses"): policies.priority_class_update,
    ("node.k8s.io", "runtimeclasses"): policies.runtime_class_update,
}
_OWN_UPDATE = {("", "pods"): pods.pod_update}


def _unique(errors: Iterator[FieldError]) -> list[FieldError]:
    return list(dict.fromkeys(errors))


def _metadata(info: ResourceInfo, obj: Obj) -> Iterator[FieldError]:
    check = _NAMES.get((info.resource.group, info.resource.plural), names.dns_subdomain)
    yield from metadata(obj["metadata"], namespaced=info.namespaced, name_check=check)


def validate_create(info: ResourceInfo, obj: Obj) -> list[FieldError]:
    """What is wrong with a new object, as stored."""
    check = _CREATE.get(info.storage)
    return _unique(error for part in (_metadata(info, obj), check(obj) if check else iter(())) for error in part)


def validate_update(info: ResourceInfo, obj: Obj, old: Obj, subresource: str = "") -> list[FieldError]:
    """What is wrong with a changed object, as stored."""
    errors = [*_metadata(info, obj), *metadata_update(obj["metadata"], old["metadata"])]
    if not subresource:
        own = _OWN_UPDATE.get(info.storage)
        check, update = _CREATE.get(info.storage), _UPDATE.get(info.storage)
        if own is not None:
            errors += own(obj, old)
        else:
            errors += check(obj) if check and obj.get("spec", obj) != old.get("spec", old) else ()
            errors += update(obj, old) if update else ()
    return list(dict.fromkeys(errors))
