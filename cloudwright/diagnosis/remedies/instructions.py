"""What a person has to find out, decide or do where no change can be proposed."""

from collections.abc import Mapping

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.catalog import CATALOG, Tier
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.pods import containers, pod_ready, references_of
from cloudwright.diagnosis.timeline import last_edit, recently_changed
from cloudwright.diagnosis.view import TEMPLATE_PATHS, ClusterView

_TEXTS: Mapping[str, str] = {
    "kubelet-stopped": "Start the kubelet on node {name} (`systemctl restart kubelet`, then `journalctl -u kubelet`), or power the machine on",
    "container-runtime-stopped": "Start the container runtime on node {name} (`systemctl restart containerd`)",
    "node-not-ready": "Look at the kubelet of node {name} (`journalctl -u kubelet`); the condition says what it lacks",
    "node-network-unavailable": "Look at the network plugin's Pod on node {name}",
    "node-disk-pressure": "Free disk space on node {name} (images, logs, /var/lib), or enlarge its disk",
    "node-memory-pressure": "Which Pods of node {name} may go or get smaller limits? `top_pods` shows what they use",
    "config-map-missing": "What belongs into ConfigMap {name}? Restore it from where its manifest is kept{keys}; {copy}",
    "secret-missing": "What belongs into Secret {name}? Restore it from where it is kept{keys}; {copy}",
    "config-map-key-missing": "Which value has the missing key of {kind} {name}? The cluster holds no copy of it",
    "secret-key-missing": "Which value has the missing key of {kind} {name}? The cluster holds no copy of it",
    "image-not-found": "Which image or tag is meant? Nothing that ran here before, or runs elsewhere, is like it",
    "image-registry-name-unknown": "Which image is meant? Its registry does not resolve, and nothing that ran here before, or runs elsewhere, is like it",
    "image-name-invalid": "Which image is meant? The reference cannot be read",
    "image-pull-unauthorized": "Which credentials may pull the image? Put them into a pull secret that the Pods name",
    "image-pull-secret-missing": "Make the pull secret anew with credentials for the registry; the cluster holds no copy",
    "credentials-rejected": "Which password is right, that of {kind} {name} or that of the server? Set the other to it, then restart the client",
    "database-read-only": "Why is {name} read-only: a failover, a full disk, or a setting? In PostgreSQL: `ALTER SYSTEM RESET default_transaction_read_only; SELECT pg_reload_conf()`",
    "database-connections-exhausted": "Raise the limit of connections of {name} (PostgreSQL: `max_connections`), or give the clients smaller pools",
    "database-locked": "Who holds the lock in {name}? In PostgreSQL `pg_stat_activity` shows it; end the session with `pg_terminate_backend(pid)` if it is idle",
    "database-not-authorized": "May the user do this in {name}? If so, `GRANT` the right that the client's log names",
    "database-object-missing": "Did the migration run in {name}? Run it, or correct the name that the client asks for",
    "autoscaler-overruled": "Take spec.replicas of {name} out of what is applied: the autoscaler owns it",
    "edited-again-and-again": "Find who writes {kind} {name} (`kubectl get -o yaml --show-managed-fields`), stop the one that is wrong, then set the field right",
    "readiness-flapping": "What does the probe of {name} wait for when it fails: load, a slow dependency, a pause for garbage collection?",
    "store-memory-full": "Give {name} more memory (Redis: `CONFIG SET maxmemory`), let it evict (`maxmemory-policy allkeys-lru`), or find who fills it",
    "network-path-failing": "Compare the way from another node (`nc -vz`, `ping`), and look at the network plugin's Pods and at dropped packets (`ip -s link`) of the nodes between {name} and the server",
    "node-conntrack-full": "Raise `net.netfilter.nf_conntrack_max` on node {name} (kube-proxy: `conntrack.maxPerCore`), and find the client that holds its connections (`conntrack -L`)",
    "connection-pool-exhausted": "Which queries hold the connections? Give the pool of {name} more, or its queries less time",
    "volume-full": "Delete what is not needed on the volume of {name}, or move to a larger one: its class cannot grow it",
    "outside-unreachable": "Is the server outside down, or does a firewall keep {name} from it?",
    "outside-name-unknown": "Is the outside name right? No Service has it, and the resolver does not know it",
    "dependency-rate-limits": "Ask the provider for a higher limit, or let {name} call less often",
    "requests-failing": "Read the last errors of {name}: its Pods are ready, and its clients do not get what they ask for{changed}",
    "health-endpoint-failing": "{name} itself says that it is not healthy: its log and health endpoint say why{changed}",
    "container-crashing": "Read the last lines of {name}'s log above{changed}",
    "application-out-of-memory": "Raise the heap limit of the program in {name} together with its memory limit{changed}",
    "configuration-broken": "Set the value back: who edited {kind} {name} last knows what it was",
    "job-failed": "Mend what the log of Job {name} complains about, then make the Job anew: a Job that has failed does not start again",
    "cron-last-failed": "Mend what the log of the last Job of {name} complains about{changed}",
    "claim-lost": "Restore the volume of claim {name} from a backup; the claim does not find it any more",
    "certificate-expired": "Renew the certificate in {kind} {name}",
}  # fmt: skip
_GENERAL = "Correct {field} of {kind} {name}: its right value cannot be known from the cluster{changed}"


def instruction(view: ClusterView, cause: Cause) -> Remedy | None:
    """A remedy without calls: the question to answer, or the work that is to be done outside of the cluster."""
    text = _TEXTS.get(cause.kind)
    if text is None:
        if CATALOG[cause.kind].tier is not Tier.FAULT and not _changed(view, cause):
            return None
        text = _GENERAL
    return Remedy(
        title=text.format(
            kind=cause.object.kind, name=cause.object.name, field=cause.field or "the specification",
            keys=_keys(view, cause), changed=_changed(view, cause), copy=_copy(view, cause),
        ),
        calls=(),
    )  # fmt: skip


def _keys(view: ClusterView, cause: Cause) -> str:
    """The keys that the suffering workloads read of an absent object."""
    keys = {
        ref.key
        for item in (view.lookup(one) for one in cause.affected)
        if item is not None and item.get("kind") in TEMPLATE_PATHS
        for ref in references_of(view, item)
        if (ref.kind, ref.name) == (cause.object.kind, cause.object.name) and ref.key
    }
    return f" (it needs {', '.join(sorted(keys))})" if keys else ""


def _copy(view: ClusterView, cause: Cause) -> str:
    """A Pod that was started before the object was deleted: the kubelet leaves the files of its volume as they were."""
    for pod in view.within("Pod", cause.object.namespace):
        volumes = {
            f.text(item, "name")
            for item in f.maps(pod, "spec", "volumes")
            if cause.object.name in (f.text(item, "configMap", "name"), f.text(item, "secret", "secretName"))
        }
        for item in containers(pod) if volumes and pod_ready(pod) else ():
            mount = next((one for one in f.maps(item.spec, "volumeMounts") if f.text(one, "name") in volumes), None)
            if mount is not None and item.running:
                return f"Pod {f.name(pod)} still has its files in {f.text(mount, 'mountPath')} (container {item.name})"
    return "the cluster holds no copy"


def _changed(view: ClusterView, cause: Cause) -> str:
    """The configuration of the workload that was edited not long ago."""
    workload = view.lookup(cause.object)
    if workload is None or workload.get("kind") not in TEMPLATE_PATHS:
        return ""
    for ref in references_of(view, workload):
        source = view.find(ref.kind, f.namespace(workload), ref.name)
        edit = last_edit(source) if source is not None and recently_changed(view, view.ref(source)) else None
        if edit is not None:
            return f". {ref.kind} {ref.name}, which it reads, was edited at {edit[0]:%H:%M} by {edit[1]}"
    return ""
