"""The kinds of findings as data: what each means, how bad it is, and whether it is a cause or a symptom."""

from dataclasses import dataclass
from enum import IntEnum

from cloudwright.core.finding import Severity


class Tier(IntEnum):
    """How far from the root a finding of this kind usually is.

    A FAULT is wrong by itself. A CONDITION may be the root or follow from a fault elsewhere. A SYMPTOM is what users
    and dashboards see; it is a cause only where nothing explains it. ADVICE never makes a cluster broken.
    """

    FAULT = 0
    CONDITION = 1
    SYMPTOM = 2
    ADVICE = 3


@dataclass(frozen=True)
class Kind:
    """One kind of finding. `specificity` (0..1) ranks kinds of one tier: the more it says, the higher."""

    name: str
    domain: str
    title: str
    tier: Tier
    severity: Severity
    specificity: float
    explanation: str
    confidence: float = 0.9


_SEVERITY = {"c": Severity.CRITICAL, "e": Severity.ERROR, "w": Severity.WARNING, "i": Severity.INFO}
_TIER = {"F": Tier.FAULT, "C": Tier.CONDITION, "S": Tier.SYMPTOM, "A": Tier.ADVICE}
_ROWS = """
images|image-not-found|Image does not exist|F e .9|The tag or repository is not in the registry: a typo, a build that was not pushed, or a tag that was deleted.
images|image-registry-name-unknown|Registry name does not resolve|F e .9|The host part of the image name is unknown to DNS on the node.
images|image-registry-unreachable|Registry cannot be reached|F e .8|Nodes cannot connect to the registry, or do not trust its certificate.
images|image-pull-unauthorized|Registry refuses the pull|F e .85|No pull secret, a wrong one, or a private repository; registries also answer so for repositories that do not exist.
images|image-rate-limited|Registry limits pulls|F e .8|Too many pulls in too short a time; authenticate, mirror or wait.
images|image-architecture-mismatch|Image built for another architecture|F e .95|The image has no variant for the CPU of the node.
images|image-name-invalid|Image name is invalid|F e .95|The reference cannot be parsed.
images|image-never-pulled|Image absent and never pulled|F e .9|The pull policy is Never and the node does not have the image.
images|image-pull-failed|Image cannot be pulled|C e .5|The kubelet cannot pull the image; its message does not say why.
images|image-pull-secret-missing|Pull secret missing|F e .95|The Pods name a pull secret that does not exist.
images|image-pull-secret-type|Pull secret of the wrong type|F e .95|The kubelet uses Secrets of type kubernetes.io/dockerconfigjson only.
images|image-pull-secret-registry|Pull secret for another registry|F e .95|The credentials are for a registry that the image is not on.
images|image-tag-drift|Replicas run different builds|A i .3|A moving tag was pulled at different times.
configuration|config-map-missing|ConfigMap missing|F e .9|Pods refer to a ConfigMap that does not exist; new Pods cannot start.
configuration|secret-missing|Secret missing|F e .9|Pods refer to a Secret that does not exist; new Pods cannot start.
configuration|service-account-missing|ServiceAccount missing|F e .9|Pods cannot be created without their ServiceAccount.
configuration|claim-missing|Volume claim missing|F e .85|Pods refer to a PersistentVolumeClaim that does not exist.
configuration|config-map-key-missing|ConfigMap key missing|F e .95|Pods read a key that the ConfigMap does not have.
configuration|secret-key-missing|Secret key missing|F e .95|Pods read a key that the Secret does not have.
configuration|env-shadowed|Variable declared twice|F w .8|The last declaration wins, silently.
configuration|configuration-stale|Pods hold old configuration|A i .4|Environment variables are read at start; Pods are older than the last change.
configuration|config-map-unused|ConfigMap unused|A i .1|No Pod template refers to it.
configuration|config-map-too-big|ConfigMap close to the size limit|A i .2|Objects may not exceed 1 MiB.
configuration|service-account-token-not-mounted|ServiceAccount token not mounted|F e .95|The program needs the API and its token is switched off.
configuration|tls-secret-incomplete|TLS Secret incomplete|F w .9|A TLS Secret needs tls.crt and tls.key.
configuration|configuration-broken|Edited configuration breaks its users|F e .75|A program fails since a ConfigMap or Secret that it reads was edited.
configuration|setting-missing|Program misses a setting|F e .85|The program says that a setting it needs is absent.
configuration|setting-invalid|Program cannot read a setting|F e .75|The program says that a setting or file cannot be parsed.
probes|liveness-probe-wrong-port|Liveness probe asks a wrong port|F e .95|Nothing listens on the probed port, so a healthy container is restarted again and again.
probes|liveness-probe-wrong-protocol|Liveness probe speaks a wrong protocol|F e .95|The program speaks another protocol on the probed port.
probes|liveness-probe-wrong-path|Liveness probe asks a wrong path|F e .95|The program does not know the probed path.
probes|liveness-probe-too-aggressive|Liveness probe gives up too early|F e .9|The probe kills the container before it can have started or while it is merely slow.
probes|liveness-probe-command-missing|Liveness probe runs an absent command|F e .95|The command is not in the image.
probes|liveness-probe-command-wrong|Liveness probe runs a wrong command|F e .85|The command was changed and fails.
probes|readiness-probe-wrong-port|Readiness probe asks a wrong port|F e .95|Nothing listens on the probed port, so the Pod gets no traffic.
probes|readiness-probe-wrong-protocol|Readiness probe speaks a wrong protocol|F e .95|The program speaks another protocol on the probed port.
probes|readiness-probe-wrong-path|Readiness probe asks a wrong path|F e .95|The program does not know the probed path.
probes|readiness-probe-too-aggressive|Readiness probe gives up too early|F e .85|The probe allows too little time for an answer.
probes|readiness-probe-command-missing|Readiness probe runs an absent command|F e .95|The command is not in the image.
probes|readiness-probe-command-wrong|Readiness probe runs a wrong command|F e .85|The command was changed and fails.
probes|startup-probe-wrong-port|Startup probe asks a wrong port|F e .95|Nothing listens on the probed port.
probes|startup-probe-wrong-protocol|Startup probe speaks a wrong protocol|F e .95|The program speaks another protocol on the probed port.
probes|startup-probe-wrong-path|Startup probe asks a wrong path|F e .95|The program does not know the probed path.
probes|startup-probe-too-aggressive|Startup probe gives up too early|F e .9|The program needs more time to start than the probe allows.
probes|startup-probe-command-missing|Startup probe runs an absent command|F e .95|The command is not in the image.
probes|startup-probe-command-wrong|Startup probe runs a wrong command|F e .85|The command was changed and fails.
probes|slow-start-without-startup-probe|Killed before it has started|F e .85|The liveness probe fails during a slow start; a startup probe would protect it.
probes|health-endpoint-failing|Program says that it is unhealthy|C e .6|The probe is right and the program answers with an error.
probes|probe-failing|Probe fails|S e .3|The program does not answer its probe.
workloads|oom-killed|Killed for memory|F e .9|The container reached its memory limit.
workloads|application-out-of-memory|Program runs out of memory|F e .8|The runtime of the program (heap) has no memory left.
workloads|command-not-found|Command does not exist|F e .9|The configured command is not in the image.
workloads|command-not-executable|Command cannot be executed|F e .9|The command exists and may not be executed.
workloads|run-as-root-refused|Image would run as root|F e .95|runAsNonRoot is set and the image's user is root.
workloads|container-cannot-start|Container cannot be started|C e .6|The runtime refuses to start the container.
workloads|container-crashing|Container crashes|S e .4|The program ends with an error, again and again.
workloads|container-exits-cleanly|Container ends where it should stay|C e .5|The program ends without error although it should keep running.
workloads|container-port-conflict|Two containers want one port|F e .95|Containers of one Pod share its network.
workloads|init-container-blocked|Init container does not end|C e .6|The Pod cannot start before its init containers have ended.
workloads|evicted-own-limit|Evicted for its own limit|F e .85|The Pod used more ephemeral storage than it may.
workloads|evicted-node-pressure|Evicted by a node under pressure|C w .5|The node ran short of a resource.
workloads|scaled-to-zero|Scaled to zero|F e .9|Nothing runs although others call it.
workloads|rollout-paused|Rollout paused|F w .85|A paused Deployment does not replace Pods.
workloads|rollout-without-safety|Rollout without safety|C w .4|The strategy lets all old Pods go before new ones are ready.
workloads|rollout-stuck|Rollout exceeded its deadline|S e .3|The new Pods do not become ready.
workloads|workload-unavailable|Pods are missing|S e .1|Fewer Pods are ready than wanted.
workloads|stuck-terminating|Deletion does not end|C w .6|A finalizer is not removed, or a node does not confirm.
workloads|namespace-stuck-terminating|Namespace deletion does not end|C w .6|Its content or an unavailable API group holds it.
admission|quota-exceeded|Quota used up|F e .9|The namespace may not use more of a resource.
admission|quota-exceeded-cpu|CPU quota used up|F e .95|The namespace may not request more CPU.
admission|quota-exceeded-memory|Memory quota used up|F e .95|The namespace may not request more memory.
admission|quota-exceeded-pods|Pod quota used up|F e .95|The namespace may not hold more Pods.
admission|quota-exceeded-services|Service quota used up|F e .95|The namespace may not hold more Services.
admission|quota-exceeded-storage|Storage quota used up|F e .95|The namespace may not claim more storage.
admission|quota-nearly-exceeded|Quota full|A i .2|The next object of this sort will be refused.
admission|quota-requires-resources|Quota requires declared resources|F e .95|A quota on a resource makes every container declare it.
admission|limit-range-violated|Outside of the LimitRange|F e .95|A container asks for more or less than the namespace allows.
admission|pod-security-violation|Forbidden by PodSecurity|F e .95|The namespace's PodSecurity level forbids what the Pods ask for.
admission|webhook-service-missing|Webhook calls an absent Service|F e .95|Requests that the webhook must approve are refused.
admission|webhook-without-endpoints|Nothing answers behind a webhook|C e .8|Requests that the webhook must approve are refused.
admission|webhook-certificate-untrusted|Webhook's certificate is not trusted|F e .95|The caBundle does not fit the certificate that the webhook shows.
admission|webhook-certificate-expiring|Webhook's CA certificate expires|F w .7|Calls will fail when it has expired.
admission|webhook-call-failed|Webhook calls fail|C e .7|The API server cannot call the webhook.
admission|webhook-timeouts-add-up|Webhook timeouts add up|F w .6|Slow webhooks one after the other can exceed the request's time.
admission|admission-denied|Denied by policy|F e .85|An admission policy denies the Pods.
admission|pod-class-missing|Priority or runtime class missing|F e .95|The Pods name a class that does not exist.
admission|pods-refused|Pods are refused|C e .5|The API server does not accept the Pods.
admission|api-service-unavailable|Aggregated API unavailable|F e .8|Clients of this API group fail, and namespaces cannot be deleted.
scheduling|nodes-cordoned|Nodes are cordoned|F e .9|No other node takes the Pods.
scheduling|nodes-not-ready-for-pods|Nodes are not ready|S e .6|No other node takes the Pods.
scheduling|taint-on-nodes|Taint keeps Pods off|F e .9|The nodes carry a taint that the Pods do not tolerate.
scheduling|taint-not-tolerated|Taint not tolerated|F e .9|The nodes that would fit carry a taint that the Pods do not tolerate.
scheduling|node-selector-unmatched|No node has the selected label|F e .95|The node selector matches no node.
scheduling|node-affinity-unmatched|No node satisfies the affinity|F e .95|The required node affinity matches no node.
scheduling|insufficient-cpu|Not enough CPU|F e .9|The request is larger than what any node has free.
scheduling|insufficient-memory|Not enough memory|F e .9|The request is larger than what any node has free.
scheduling|insufficient-resource|Not enough of a resource|F e .85|The request is larger than what any node has free.
scheduling|nodes-full|Nodes hold their maximum of Pods|F e .85|Every node has reached its number of Pods.
scheduling|host-port-conflict|Host port taken|F e .95|Only one Pod per node may bind a host port.
scheduling|anti-affinity-unsatisfiable|Anti-affinity leaves no node|F e .95|There are more replicas than places that keep them apart.
scheduling|pod-affinity-unsatisfiable|Pod affinity finds no partner|F e .9|The Pods must be near Pods that do not exist.
scheduling|topology-spread-unsatisfiable|Topology spread cannot be kept|F e .9|A domain is missing or full.
scheduling|volume-node-affinity-conflict|Volume is elsewhere|F e .9|The volume can only be used on nodes that do not take the Pods.
scheduling|scheduler-unknown|Scheduler does not exist|F e .95|No scheduler of this name places Pods.
scheduling|scheduler-silent|Nothing places Pods|C e .6|The scheduler does not react.
scheduling|scheduling-gated|Waits for a scheduling gate|C w .7|A controller has to remove the gate.
scheduling|unschedulable|No node takes the Pods|C e .4|The scheduler finds no node.
storage|claim-not-bound|Waits for a volume claim|S e .3|The claim is not bound.
storage|claim-pending|Claim waits for a volume|C e .4|No volume fits, and nothing makes one.
storage|claim-lost|Claim lost its volume|F e .9|The volume that it was bound to is gone.
storage|claim-storage-class-missing|Storage class missing|F e .95|The claim names a storage class that does not exist.
storage|claim-storage-class-mismatch|Storage class does not fit the volume|F e .9|The volume that would fit is of another class.
storage|claim-access-mode-mismatch|Access mode does not fit the volume|F e .95|The volume does not offer the mode.
storage|claim-capacity-mismatch|Volume too small|F e .95|The claim asks for more than the volume has.
storage|claim-selector-mismatch|Claim's selector misses the volume|F e .95|The labels of the volume do not match.
storage|claim-volume-mode-mismatch|Volume mode does not fit|F e .95|Block and file system volumes do not bind to each other.
storage|volume-already-claimed|Volume bound to another claim|F e .9|The volume that would fit belongs to another claim.
storage|volume-released|Volume still reserved for a deleted claim|F e .95|A Released volume takes no new claim before its claimRef is cleared.
storage|volume-missing|Volume missing|F e .95|The claim names a volume that does not exist.
storage|volume-failed|Volume failed|F w .7|Reclaiming the volume failed.
storage|provisioning-failed|Provisioning failed|F e .85|The storage provisioner reports an error.
storage|no-default-storage-class|No default storage class|F e .9|Claims without a class wait for ever.
storage|default-storage-classes|Several default storage classes|A i .2|The newest of them is used.
storage|volume-multi-attach|Volume wanted on two nodes|F e .9|A ReadWriteOnce volume can be attached to one node only.
storage|volume-attach-failed|Volume cannot be attached|C e .7|The attach operation fails.
storage|volume-mount-failed|Volume cannot be mounted|C e .6|The kubelet cannot mount the volume.
storage|volume-path-missing|Volume path missing|F e .85|The path does not exist on the node or has another type.
storage|volume-permission-denied|Volume not accessible to the user|F e .9|The container's user may not read or write the volume.
storage|volume-full|No space left|F e .9|A volume or the node's disk is full.
storage|volume-resize-failed|Resize failed|F w .8|The volume cannot grow.
storage|claim-shared-by-replicas|Replicas share a single-node volume|A i .3|It works only while all of them run on one node.
services|service-selector-mismatch|Selector matches no Pod|F e .95|The Service has no endpoints because its selector misses.
services|service-selector-too-broad|Selector matches foreign Pods|F e .85|Part of the traffic goes to Pods that do not serve it.
services|service-port-mismatch|Target port wrong|F e .9|The Service sends traffic to a port on which nothing listens.
services|service-port-name-unknown|Target port name unknown|F e .95|No container port has this name, so the Service has no endpoints.
services|service-port-changed|Service port changed|F e .95|The Service was edited and its callers still use the port before.
services|service-protocol-mismatch|Protocol wrong|F e .95|The Service forwards another protocol than its containers speak.
services|service-missing|Service missing|F e .9|Others call a Service that does not exist while its workload runs.
services|address-unknown|Configured name unknown|F e .85|A workload is configured with a name that no Service has.
services|service-without-endpoints|No ready endpoint|S e .2|The Pods behind the Service are not ready.
services|endpoints-not-published|Endpoints not published|C e .6|Pods are ready and the endpoint controller has not listed them.
services|service-local-only|Serves only its own nodes|F e .9|internalTrafficPolicy Local drops callers of other nodes.
services|load-balancer-pending|No external address|F w .6|The cloud has not assigned a load balancer.
services|external-name-unknown|Alias of an unknown name|F e .9|The ExternalName leads nowhere.
services|external-name-shadows-workload|Alias instead of its workload|F w .8|The Service resolves to another name than the workload that would serve it.
dependencies|dependency-wrong-port|Calls a wrong port|F e .95|The called Service does not offer the port.
dependencies|database-wrong-port|Calls a database on a wrong port|F e .95|The called database does not listen on the port.
dependencies|dependency-unreachable|Cannot reach a Service|S e .3|A client fails to connect.
dependencies|credentials-rejected|Credentials rejected|F e .9|The server does not accept the user or password of a client.
dependencies|credentials-stale|Credentials changed after start|F e .95|The Secret was changed and the Pods still hold the old value.
dependencies|database-read-only|Data store is read-only|F e .95|Writes are refused.
dependencies|database-connections-exhausted|Data store out of connections|F e .95|The limit of connections is reached.
dependencies|connection-pool-exhausted|Connection pool exhausted|C e .6|All connections of the client's pool are in use.
dependencies|database-object-missing|Database or table missing|F e .85|A migration did not run, or the name is wrong.
dependencies|database-locked|Data store locked|C e .7|A lock is held too long.
dependencies|store-memory-full|Data store may take no more|F e .9|It has reached the memory limit that it was given itself, and evicts nothing.
dependencies|database-not-authorized|User lacks a database right|F e .9|The store denies an operation to the user.
dependencies|outside-name-unknown|Outside name unknown|C e .6|A name of the outside world does not resolve.
dependencies|outside-unreachable|Outside cannot be reached|C e .4|A server outside of the cluster's Services does not answer.
dependencies|dependency-rate-limits|Rate limited by a dependency|C w .6|A server answers that there are too many requests.
dependencies|protocol-mismatch|Protocol mismatch|C e .6|Client and server speak different protocols.
dependencies|wrong-program-serves|Another program serves|C e .7|The server does not know the method that it is called with.
dependencies|tls-certificate-expired-seen|Expired certificate seen|C e .7|A client meets an expired certificate (or a node's clock is wrong).
dependencies|tls-certificate-untrusted|Certificate not trusted|C e .7|The client does not know the authority.
dependencies|tls-certificate-other-name|Certificate for another name|C e .7|The name called is not in the certificate.
dependencies|tls-handshake-failing|TLS handshake fails|C e .5|Client and server do not agree.
dependencies|file-permission-denied|File access denied|F e .7|The program's user may not open a file.
dependencies|file-missing|File missing|C e .6|The program looks for a file that is not there.
dependencies|file-system-read-only|Read-only file system|F e .85|The program writes where it may not.
dependencies|too-many-open-files|Too many open files|F e .85|The limit of file descriptors is reached.
dns|name-resolution-failing|Names do not resolve|C e .7|A Service exists and its name cannot be resolved.
dns|dns-policy-wrong|DNS policy bypasses cluster DNS|F e .95|The Pods do not ask cluster DNS, so Service names are unknown to them.
dns|dns-server-wrong|DNS servers of the Pod are wrong|F e .95|dnsConfig names servers that do not answer for the cluster.
dns|cluster-dns-down|Cluster DNS down|F c .95|No DNS server Pod is ready: all names fail.
dns|cluster-dns-rule|Cluster DNS rule breaks names|F e .9|The Corefile answers or rewrites names wrongly.
dns|host-alias-shadows-service|Host alias hides a Service|F e .9|/etc/hosts wins over DNS.
ingress|ingress-class-missing|Ingress class missing|F e .9|No controller serves this Ingress.
ingress|ingress-backend-missing|Ingress leads to an absent Service|F e .9|Requests are answered with 503 or 404.
ingress|ingress-port-mismatch|Ingress leads to an absent port|F e .95|The Service does not offer the port.
ingress|ingress-tls-secret-missing|TLS Secret missing|F e .9|The default certificate is shown.
ingress|ingress-path-duplicated|Host and path used twice|F w .7|Which Ingress wins depends on the controller.
ingress|ingress-certificate-other-name|Certificate does not cover the host|F e .85|Clients refuse the connection.
ingress|gateway-class-missing|Gateway class missing|F e .9|No controller serves this Gateway.
ingress|gateway-not-accepted|Gateway not accepted|C e .7|The controller reports a problem.
ingress|route-parent-missing|Route's Gateway missing|F e .9|The route names a Gateway that does not exist.
ingress|route-not-allowed|Route not allowed by its Gateway|F e .9|The Gateway takes no routes of this namespace.
ingress|route-backend-missing|Route leads to an absent Service|F e .9|Requests are answered with 500 or 503.
ingress|route-port-mismatch|Route leads to an absent port|F e .95|The Service does not offer the port.
ingress|gateway-misrouted|Route leads to a wrong Service|F e .85|Requests for one Service are sent to another.
network|network-policy-blocks-service|Policy blocks a Service's callers|F e .9|No policy allows the traffic between a caller and the Pods it calls.
network|network-policy-blocks-dns|Policy blocks DNS|F e .9|Egress is limited and DNS is not among what is allowed.
network|network-path-failing|Way between two programs fails|C e .95|Connections time out although the server's Pods are ready and no policy stands between.
network|network-policy-selects-nothing|Policy selects no Pod|A i .2|It has no effect.
nodes|kubelet-stopped|kubelet stopped|F c .95|The node no longer reports; its Pods are evicted after five minutes.
nodes|container-runtime-stopped|Container runtime stopped|F c .95|No container can be started or stopped on the node.
nodes|kube-proxy-stopped|kube-proxy stopped|F c .95|Service addresses are not kept up to date on the node.
nodes|node-service-stopped|Node service stopped|F e .8|A system service of the node does not run.
nodes|node-not-ready|Node not ready|F c .8|Pods on it lose traffic and are evicted.
nodes|node-memory-pressure|Node short of memory|F e .85|Pods are evicted, and none are placed.
nodes|node-disk-pressure|Node short of disk|F e .85|Pods are evicted, and none are placed.
nodes|node-pid-pressure|Node short of process ids|F e .85|Pods are evicted, and none are placed.
nodes|node-network-unavailable|Node network not set up|F e .85|Pods on the node have no network.
nodes|node-cordoned|Node cordoned|A i .2|Nothing new is placed on it.
nodes|node-version-skew|Node version behind|A i .2|Outside of the supported skew.
nodes|node-agent-failing|Node agent fails|F e .7|A system Pod that every node needs does not run.
nodes|scheduler-stopped|kube-scheduler stopped|F c .98|New Pods are not placed.
nodes|controller-manager-stopped|kube-controller-manager stopped|F c .98|ReplicaSets, endpoints and nodes are not reconciled.
nodes|api-server-stopped|kube-apiserver stopped|F c .98|The cluster cannot be changed.
nodes|etcd-stopped|etcd stopped|F c .98|The cluster's state cannot be read or written.
performance|node-packet-loss|Node loses packets|F e .9|Retransmissions slow everything on the node.
performance|node-network-latency|Node's network is slow|F e .8|Everything that crosses the node is slow.
performance|slow-responses|Answers slowly|C e .7|The workload waits, and not for anything that it is known to call.
performance|cpu-saturated|CPU saturated|F e .85|The workload needs more CPU than it has.
performance|cpu-throttled|CPU throttled|C w .6|The CPU limit stops the container for part of the time.
performance|cpu-busy|CPU busy|A i .3|More CPU is used than usual.
performance|memory-near-limit|Memory near its limit|C w .5|The container will be killed when it grows further.
performance|requests-failing|Requests fail|S e .2|Clients get errors.
performance|replicas-on-one-node|All replicas on one node|A i .1|One node's failure takes all of them.
probes|readiness-flapping|Readiness comes and goes|C w .6|The Pod leaves and joins its Services again and again; requests fail each time.
autoscaling|autoscaler-target-missing|Autoscaler's target missing|F e .95|Nothing is scaled.
autoscaling|autoscaler-no-metrics|Autoscaler has no metrics|C e .7|It cannot compute a replica count.
autoscaling|autoscaler-no-requests|Autoscaler needs requests|F e .95|Utilization is relative to requests, and a container has none.
autoscaling|autoscaler-at-maximum|Autoscaler at its maximum|A i .4|More load will not be answered by more Pods.
autoscaling|autoscaler-misconfigured|Autoscaler misconfigured|F w .8|Its bounds or target leave it nothing to decide.
autoscaling|metrics-server-down|Resource metrics unavailable|F e .95|Autoscalers and `top` have no data.
autoscaling|disruption-budget-blocks|Disruption budget allows nothing|A i .4|Nodes cannot be drained.
autoscaling|disruption-budget-stuck|Drain blocked by a disruption budget|F w .85|A node waits, or will wait, for an eviction that is never allowed.
autoscaling|disruption-budgets-overlap|Pods under two disruption budgets|F w .7|Evictions fail with an error.
autoscaling|autoscaler-overruled|Replica count set against the autoscaler|F w .8|Whoever applies a fixed number undoes what the autoscaler has decided.
jobs|job-failed|Job failed|F w .7|It reached its backoff limit.
jobs|job-deadline|Job ran out of time|F e .9|activeDeadlineSeconds was reached.
jobs|job-suspended|Job suspended|A i .3|It waits to be resumed.
jobs|cron-suspended|CronJob suspended|A i .3|It starts no Jobs.
jobs|cron-schedule-invalid|Schedule invalid|F e .95|The schedule or time zone cannot be parsed.
jobs|cron-missed|Runs missed|F w .7|No Job was started although one was due.
jobs|cron-last-failed|Last run failed|C w .6|The newest Job of the CronJob failed.
jobs|cron-piling-up|Jobs pile up|F e .8|Jobs do not end before the next one starts.
jobs|job-sidecar-endless|Sidecar keeps a Job from ending|F e .9|The main container has ended and another one runs on.
certificates|certificate-expired|Certificate expired|F e .95|Clients refuse the connection.
certificates|certificate-not-yet-valid|Certificate not yet valid|F e .9|Clients refuse the connection.
certificates|certificate-expiring|Certificate expires soon|A i .4|It has to be renewed.
certificates|certificate-not-issued|Certificate not issued|C e .7|The certificate controller reports a problem.
rbac|rights-missing|Right missing|F e .95|The API server forbids what a program needs to do.
rbac|binding-role-missing|Binding to an absent role|F w .85|It grants nothing.
rbac|binding-subject-missing|Binding for an absent ServiceAccount|A i .4|It grants nothing.
rbac|binding-anonymous|Rights for everybody|A i .5|Anonymous or all authenticated users have rights.
rbac|role-wildcard|Role with wildcards|A i .3|It grants more than any program needs.
rbac|role-escalates|Role can grant itself rights|A i .4|escalate, bind and impersonate lead to every right.
rbac|account-cluster-admin|ServiceAccount is cluster-admin|A i .4|Whoever takes over the Pod owns the cluster.
rbac|default-account-has-rights|Rights of the default ServiceAccount|A i .3|Every Pod of the namespace that names no account has them.
rbac|cloud-identity-mismatch|Cloud identity annotation wrong|F w .7|The Pods do not get the cloud role that they are meant to have.
security|container-privileged|Privileged container|A i .3|It has all rights on its node.
security|host-access|Host namespaces or paths|A i .2|The Pod shares parts of its node.
custom|custom-resource-not-ready|Custom resource not ready|C e .6|Its controller reports a problem.
custom|operator-lifecycle|Operator installation incomplete|C w .6|The operator lifecycle manager reports a problem.
custom|policy-violation|Policy violation reported|A i .3|A policy engine reports a violation.
workloads|stateful-set-service-missing|Headless Service missing|F w .8|Pods of a StatefulSet have no stable names without it.
workloads|pod-sandbox-failing|Sandbox cannot be made|C e .7|The node cannot set up the Pod's network or sandbox.
workloads|kubelet-refuses-pod|Refused by its node|C e .7|The Pod was bound to a node whose kubelet does not take it.
workloads|daemon-set-on-no-node|DaemonSet runs nowhere|F w .8|Its node selector fits no node, and nothing turns red.
admission|admission-rewrites-pods|Rewritten at admission|F e .9|The Pods run with other values than their template has.
admission|limit-range-default-too-low|Default limit too low|F e .95|A LimitRange gives containers a memory limit that kills them.
admission|etcd-space-exceeded|etcd is out of space|F c .95|Nothing can be written before etcd is compacted, defragmented and disarmed.
scheduling|node-name-pinned|Pinned to a bad node|F e .95|The template names its node, so the scheduler has no say.
nodes|node-clock-skew|Node's clock is wrong|F e .9|Valid certificates look expired or not yet valid there.
nodes|node-problem|Node reports a problem|F e .7|A detector on the node reports a condition of its own.
nodes|node-conntrack-full|Connection tracking table full|F e .95|The node drops packets of new connections; those that stand go on.
dependencies|api-version-missing|API version missing|C e .75|A program asks for a kind or version that the API server does not serve.
workloads|port-permission-denied|Port not allowed to the user|F e .9|Ports below 1024 are for root or for those with NET_BIND_SERVICE.
services|service-selector-missing|Service without selector|F e .85|Nothing maintains its endpoints, and it has none.
jobs|cron-blocked|Run blocks the next ones|F e .85|Concurrency is forbidden and a run does not end.
configuration|config-map-empty|ConfigMap empty|A i .1|It holds no key.
workloads|controllers-stalled|Controllers do not react|C e .6|Desired and present state differ and nothing happens.
workloads|edited-again-and-again|Something edits it again and again|F e .9|A program changes the object back, so that every repair by hand is undone.
"""


def _read(rows: str) -> dict[str, Kind]:
    found = {}
    for line in rows.strip().splitlines():
        domain, name, title, marks, explanation = line.split("|")
        tier, severity, specificity = marks.split()
        found[name] = Kind(name, domain, title, _TIER[tier], _SEVERITY[severity], float(specificity), explanation)
    return found


CATALOG = _read(_ROWS)
"""Every kind that a check can report, by name."""
