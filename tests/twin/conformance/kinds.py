"""The kinds of the corpus: a manifest that is accepted, a change, and inputs that are refused."""

from dataclasses import dataclass, field
from typing import Any

Obj = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind. `bad` are (name, merge patch over the manifest) pairs that the server refuses (or nearly so)."""

    api: str
    plural: str
    kind: str
    manifest: Obj
    change: Obj
    bad: dict[str, Obj] = field(default_factory=dict)
    namespaced: bool = True
    status: Obj | None = None
    bad_changes: dict[str, Obj] = field(default_factory=dict)

    @property
    def api_version(self) -> str:
        """apiVersion of its objects."""
        return self.api.removeprefix("apis/").removeprefix("api/")


POD = {"containers": [{"name": "app", "image": "registry.local/app:1"}]}
LABELS = {"app": "web"}
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": POD}


def workload(**more: Any) -> Obj:
    """A spec with selector and template."""
    return {"spec": {"selector": {"matchLabels": LABELS}, "template": TEMPLATE, **more}}


def containers(*items: Obj) -> Obj:
    """A pod spec's patch of containers."""
    return {"spec": {"containers": [{"name": "app", "image": "registry.local/app:1", **each} for each in items]}}


def volumes(*items: Obj) -> Obj:
    """A pod spec's patch of volumes."""
    return {"spec": {"volumes": list(items)}}


POD_BAD = {
    "no-containers": {"spec": {"containers": []}},
    "no-image": {"spec": {"containers": [{"name": "app"}]}},
    "no-name": {"spec": {"containers": [{"image": "x"}]}},
    "bad-container-name": {"spec": {"containers": [{"name": "App_1", "image": "x"}]}},
    "twice-container": containers({}, {}),
    "bad-pull-policy": containers({"imagePullPolicy": "Sometimes"}),
    "bad-port": containers({"ports": [{"containerPort": 70000}]}),
    "bad-port-name": containers({"ports": [{"containerPort": 80, "name": "Way_Too_Long_Port_Name"}]}),
    "twice-port-name": containers({"ports": [{"containerPort": 80, "name": "a"}, {"containerPort": 81, "name": "a"}]}),
    "bad-protocol": containers({"ports": [{"containerPort": 80, "protocol": "HTTP"}]}),
    "request-over-limit": containers({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}),
    "negative-cpu": containers({"resources": {"requests": {"cpu": "-1"}}}),
    "bad-quantity": containers({"resources": {"requests": {"memory": "1GiB"}}}),
    "bad-resource": containers({"resources": {"requests": {"gpus": "1"}}}),
    "missing-volume": containers({"volumeMounts": [{"name": "data", "mountPath": "/data"}]}),
    "mount-without-path": {
        **volumes({"name": "data", "emptyDir": {}}),
        "spec": {
            "volumes": [{"name": "data", "emptyDir": {}}],
            "containers": [{"name": "app", "image": "x", "volumeMounts": [{"name": "data"}]}],
        },
    },
    "twice-volume": volumes({"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}),
    "two-sources": volumes({"name": "a", "emptyDir": {}, "hostPath": {"path": "/x"}}),
    "bad-volume-name": volumes({"name": "A_b", "emptyDir": {}}),
    "secret-without-name": volumes({"name": "a", "secret": {}}),
    "claim-without-name": volumes({"name": "a", "persistentVolumeClaim": {}}),
    "host-path-dots": volumes({"name": "a", "hostPath": {"path": "/a/../b"}}),
    "bad-restart-policy": {"spec": {"restartPolicy": "Maybe"}},
    "bad-dns-policy": {"spec": {"dnsPolicy": "Mine"}},
    "dns-none": {"spec": {"dnsPolicy": "None"}},
    "negative-grace": {"spec": {"terminationGracePeriodSeconds": -5}},
    "zero-deadline": {"spec": {"activeDeadlineSeconds": 0}},
    "probe-two-handlers": containers({"livenessProbe": {"tcpSocket": {"port": 80}, "exec": {"command": ["a"]}}}),
    "probe-no-handler": containers({"livenessProbe": {"periodSeconds": 1}}),
    "probe-success-threshold": containers({"livenessProbe": {"tcpSocket": {"port": 80}, "successThreshold": 2}}),
    "probe-bad-port": containers({"readinessProbe": {"httpGet": {"port": 0, "path": "/"}}}),
    "probe-negative": containers({"readinessProbe": {"tcpSocket": {"port": 80}, "periodSeconds": -1}}),
    "env-no-name": containers({"env": [{"value": "x"}]}),
    "env-value-and-from": containers(
        {"env": [{"name": "A", "value": "x", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}
    ),
    "env-bad-field": containers({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.nope"}}}]}),
    "env-two-sources": containers(
        {
            "env": [
                {
                    "name": "A",
                    "valueFrom": {
                        "secretKeyRef": {"name": "a", "key": "k"},
                        "configMapKeyRef": {"name": "a", "key": "k"},
                    },
                }
            ]
        }
    ),
    "env-key-missing": containers({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "a"}}}]}),
    "bad-label": {"metadata": {"labels": {"bad key": "x"}}},
    "bad-label-value": {"metadata": {"labels": {"a": "no good!"}}},
    "bad-annotation-key": {"metadata": {"annotations": {"a b": "x"}}},
    "bad-toleration": {"spec": {"tolerations": [{"key": "a", "operator": "Exists", "value": "x"}]}},
    "bad-toleration-effect": {"spec": {"tolerations": [{"key": "a", "effect": "Never"}]}},
    "bad-node-selector": {"spec": {"nodeSelector": {"bad key": "x"}}},
    "bad-affinity": {
        "spec": {
            "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
        }
    },
    "bad-affinity-operator": {
        "spec": {
            "affinity": {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Is", "values": ["x"]}]}]
                    }
                }
            }
        }
    },
    "affinity-no-topology": {
        "spec": {
            "affinity": {
                "podAntiAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": [
                        {"labelSelector": {"matchLabels": LABELS}, "topologyKey": ""}
                    ]
                }
            }
        }
    },
    "bad-spread": {
        "spec": {"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "Never"}]}
    },
    "unknown-priority-class": {"spec": {"priorityClassName": "nope"}},
    "unknown-account": {"spec": {"serviceAccountName": "nope"}},
    "bad-hostname": {"spec": {"hostname": "No_Host"}},
    "host-network-ports": {
        "spec": {
            "hostNetwork": True,
            "containers": [{"name": "app", "image": "x", "ports": [{"containerPort": 80, "hostPort": 81}]}],
        }
    },
    "twice-host-port": containers(
        {"ports": [{"containerPort": 80, "hostPort": 9000}, {"containerPort": 81, "hostPort": 9000}]}
    ),
    "privileged-no-escalation": containers(
        {"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}}
    ),
    "bad-run-as": containers({"securityContext": {"runAsUser": -1}}),
    "lifecycle-no-handler": containers({"lifecycle": {"preStop": {}}}),
    "bad-termination-policy": containers({"terminationMessagePolicy": "Never"}),
    "init-with-probe": {
        "spec": {"initContainers": [{"name": "init", "image": "x", "livenessProbe": {"tcpSocket": {"port": 80}}}]}
    },
    "init-same-name": {"spec": {"initContainers": [{"name": "app", "image": "x"}]}},
    "bad-pull-secret-type": {"spec": {"imagePullSecrets": "regcred"}},
    "bad-type-replicas": {"spec": {"containers": "app"}},
    "bad-sub-path": {
        "spec": {
            "volumes": [{"name": "d", "emptyDir": {}}],
            "containers": [
                {"name": "app", "image": "x", "volumeMounts": [{"name": "d", "mountPath": "/d", "subPath": "/abs"}]}
            ],
        }
    },
    "bad-empty-dir": volumes({"name": "a", "emptyDir": {"sizeLimit": "-1"}}),
    "bad-mode": volumes({"name": "a", "secret": {"secretName": "s", "defaultMode": 9999}}),
    "bad-fs-group": {"spec": {"securityContext": {"fsGroup": -3}}},
    "spread-twice": {
        "spec": {
            "topologySpreadConstraints": [
                {"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"},
                {"maxSkew": 2, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"},
            ]
        }
    },
    "always-ok-sidecar": {"spec": {"initContainers": [{"name": "side", "image": "x", "restartPolicy": "Always"}]}},
    "all-probes": containers(
        {p: {"httpGet": {"port": "http", "path": "/h"}} for p in ("livenessProbe", "readinessProbe", "startupProbe")}
        | {"ports": [{"name": "http", "containerPort": 80}]}
    ),
    "many-volumes": volumes(
        {"name": "a", "secret": {"secretName": "s"}},
        {"name": "b", "configMap": {"name": "c"}},
        {"name": "c", "projected": {"sources": [{"secret": {"name": "s"}}]}},
        {"name": "d", "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
        {"name": "e"},
    ),
    "resources-defaulted": containers({"resources": {"limits": {"cpu": "0.5", "memory": "1024Mi"}}}),
    "host-network": {
        "spec": {
            "hostNetwork": True,
            "containers": [{"name": "app", "image": "x:latest", "ports": [{"containerPort": 80}]}],
        }
    },
    "gates": {"spec": {"schedulingGates": [{"name": "example.com/gate"}]}},
}
DEPLOYMENT_BAD = {
    "selector-mismatch": {"spec": {"selector": {"matchLabels": {"app": "other"}}}},
    "no-selector": {"spec": {"selector": None}},
    "empty-selector": {"spec": {"selector": {"matchLabels": None}}},
    "negative-replicas": {"spec": {"replicas": -1}},
    "string-replicas": {"spec": {"replicas": "three"}},
    "float-replicas": {"spec": {"replicas": 1.5}},
    "huge-replicas": {"spec": {"replicas": 99999999999}},
    "bad-strategy": {"spec": {"strategy": {"type": "BlueGreen"}}},
    "recreate-with-rolling": {"spec": {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}}},
    "zero-zero": {"spec": {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}},
    "bad-percent": {"spec": {"strategy": {"rollingUpdate": {"maxSurge": "ten"}}}},
    "too-much-percent": {"spec": {"strategy": {"rollingUpdate": {"maxUnavailable": "120%"}}}},
    "negative-ready": {"spec": {"minReadySeconds": -1}},
    "deadline-below-ready": {"spec": {"minReadySeconds": 10, "progressDeadlineSeconds": 5}},
    "negative-history": {"spec": {"revisionHistoryLimit": -1}},
    "never-restart": {"spec": {"template": {"spec": {"restartPolicy": "Never"}}}},
    "template-no-image": {"spec": {"template": {"spec": {"containers": [{"name": "a"}]}}}},
    "template-bad-mount": {
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": "a", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]
                }
            }
        }
    },
    "no-template-labels": {"spec": {"template": {"metadata": {"labels": None}}}},
    "bad-selector-operator": {
        "spec": {"selector": {"matchExpressions": [{"key": "app", "operator": "Has", "values": ["web"]}]}}
    },
    "recreate": {"spec": {"strategy": {"type": "Recreate"}}},
    "paused": {"spec": {"paused": True, "replicas": 0}},
}
SERVICE_BAD = {
    "no-ports": {"spec": {"ports": []}},
    "bad-port": {"spec": {"ports": [{"port": 0}]}},
    "big-port": {"spec": {"ports": [{"port": 65536}]}},
    "two-unnamed": {"spec": {"ports": [{"port": 80}, {"port": 81}]}},
    "twice-name": {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}]}},
    "twice-port": {"spec": {"ports": [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]}},
    "bad-type": {"spec": {"type": "Balancer"}},
    "bad-protocol": {"spec": {"ports": [{"port": 80, "protocol": "HTTP"}]}},
    "bad-target": {"spec": {"ports": [{"port": 80, "targetPort": "Bad_Name"}]}},
    "big-target": {"spec": {"ports": [{"port": 80, "targetPort": 70000}]}},
    "bad-affinity": {"spec": {"sessionAffinity": "Cookie"}},
    "bad-ip": {"spec": {"clusterIP": "300.1.1.1"}},
    "foreign-ip": {"spec": {"clusterIP": "192.168.1.1"}},
    "node-port-range": {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}},
    "node-port-on-cluster-ip": {"spec": {"ports": [{"port": 80, "nodePort": 30001}]}},
    "external-name-missing": {"spec": {"type": "ExternalName", "ports": None}},
    "external-name": {"spec": {"type": "ExternalName", "externalName": "db.example.com", "ports": None}},
    "node-port": {"spec": {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30010}]}},
    "balancer": {"spec": {"type": "LoadBalancer"}},
    "headless": {"spec": {"clusterIP": "None"}},
    "named-ip": {"spec": {"clusterIP": "10.96.7.7"}},
    "client-ip": {"spec": {"sessionAffinity": "ClientIP"}},
    "bad-selector": {"spec": {"selector": {"a b": "c"}}},
    "traffic-policy": {"spec": {"externalTrafficPolicy": "Local"}},
    "bad-traffic-policy": {"spec": {"type": "NodePort", "externalTrafficPolicy": "Near"}},
    "bad-name": {"metadata": {"name": "1web"}},
}
JOB_BAD = {
    "always-restart": {"spec": {"template": {"spec": {"restartPolicy": "Always"}}}},
    "no-restart-policy": {"spec": {"template": {"spec": {"restartPolicy": None}}}},
    "negative-parallelism": {"spec": {"parallelism": -1}},
    "negative-completions": {"spec": {"completions": -1}},
    "negative-backoff": {"spec": {"backoffLimit": -1}},
    "bad-mode": {"spec": {"completionMode": "Sorted"}},
    "indexed-without-completions": {"spec": {"completionMode": "Indexed", "parallelism": 2}},
    "negative-ttl": {"spec": {"ttlSecondsAfterFinished": -1}},
    "negative-deadline": {"spec": {"activeDeadlineSeconds": -1}},
    "own-selector": {"spec": {"selector": {"matchLabels": {"a": "b"}}}},
    "indexed": {"spec": {"completionMode": "Indexed", "completions": 3, "parallelism": 3}},
}
CRON_BAD = {
    "bad-schedule": {"spec": {"schedule": "every day"}},
    "no-schedule": {"spec": {"schedule": ""}},
    "time-zone-in-schedule": {"spec": {"schedule": "TZ=UTC 0 * * * *"}},
    "bad-zone": {"spec": {"timeZone": "Mars/Base"}},
    "bad-policy": {"spec": {"concurrencyPolicy": "Sometimes"}},
    "negative-deadline": {"spec": {"startingDeadlineSeconds": -1}},
    "negative-history": {"spec": {"successfulJobsHistoryLimit": -1}},
    "always-restart": {"spec": {"jobTemplate": {"spec": {"template": {"spec": {"restartPolicy": "Always"}}}}}},
    "long-name": {"metadata": {"name": "a" * 53}},
    "zone": {"spec": {"timeZone": "Etc/UTC"}},
}
HPA_BAD = {
    "max-below-min": {"spec": {"minReplicas": 5, "maxReplicas": 2}},
    "zero-max": {"spec": {"maxReplicas": 0}},
    "zero-min": {"spec": {"minReplicas": 0}},
    "no-target-name": {"spec": {"scaleTargetRef": {"kind": "Deployment", "name": ""}}},
    "no-target-kind": {"spec": {"scaleTargetRef": {"kind": "", "name": "web"}}},
    "bad-metric-type": {"spec": {"metrics": [{"type": "Weather"}]}},
    "metric-without-source": {"spec": {"metrics": [{"type": "Resource"}]}},
    "bad-behavior": {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 9999}}}},
    "behavior": {"spec": {"behavior": {"scaleDown": {"stabilizationWindowSeconds": 60}}}},
    "memory": {
        "spec": {
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "0.5Gi"}},
                }
            ]
        }
    },
}
BUDGET_BAD = {
    "both": {"spec": {"minAvailable": 1, "maxUnavailable": 1}},
    "negative": {"spec": {"minAvailable": -1}},
    "bad-percent": {"spec": {"minAvailable": "half"}},
    "too-much": {"spec": {"minAvailable": "150%"}},
    "bad-policy": {"spec": {"unhealthyPodEvictionPolicy": "Never"}},
    "bad-selector": {"spec": {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}},
}
INGRESS_BAD = {
    "bad-path-type": {
        "spec": {
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": "/",
                                "pathType": "Regex",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    }
                }
            ]
        }
    },
    "no-path-type": {
        "spec": {
            "rules": [
                {"http": {"paths": [{"path": "/", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}
            ]
        }
    },
    "relative-path": {
        "spec": {
            "rules": [
                {
                    "http": {
                        "paths": [
                            {
                                "path": "x",
                                "pathType": "Prefix",
                                "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            }
                        ]
                    }
                }
            ]
        }
    },
    "no-backend": {"spec": {"rules": None, "defaultBackend": None}},
    "backend-without-port": {"spec": {"defaultBackend": {"service": {"name": "web"}}}},
    "bad-host": {"spec": {"rules": [{"host": "Bad_Host"}]}},
    "ip-host": {"spec": {"rules": [{"host": "10.0.0.1"}]}},
    "wildcard": {"spec": {"rules": [{"host": "*.example.com"}]}},
    "tls": {"spec": {"tls": [{"hosts": ["a.example.com"], "secretName": "cert"}]}},
}
POLICY_BAD = {
    "bad-type": {"spec": {"policyTypes": ["Sideways"]}},
    "bad-cidr": {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0"}}]}]}},
    "except-outside": {
        "spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/24", "except": ["10.1.0.0/24"]}}]}]}
    },
    "block-and-selector": {"spec": {"ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}, "podSelector": {}}]}]}},
    "empty-peer": {"spec": {"ingress": [{"from": [{}]}]}},
    "bad-port": {"spec": {"ingress": [{"ports": [{"port": 0}]}]}},
    "end-port": {"spec": {"ingress": [{"ports": [{"port": 80, "endPort": 70}]}]}},
    "egress": {"spec": {"egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 53, "protocol": "UDP"}]}]}},
}
ROLE_BAD = {
    "no-verbs": {"rules": [{"apiGroups": [""], "resources": ["pods"]}]},
    "no-resources": {"rules": [{"apiGroups": [""], "verbs": ["get"]}]},
    "no-groups": {"rules": [{"resources": ["pods"], "verbs": ["get"]}]},
    "urls": {"rules": [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]},
}
BINDING_BAD = {
    "no-role": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ""}},
    "bad-role-kind": {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Rule", "name": "x"}},
    "bad-role-group": {"roleRef": {"apiGroup": "apps", "kind": "Role", "name": "x"}},
    "bad-subject-kind": {"subjects": [{"kind": "Robot", "name": "x"}]},
    "account-without-namespace": {"subjects": [{"kind": "ServiceAccount", "name": "x"}]},
    "subject-without-name": {"subjects": [{"kind": "User", "name": ""}]},
    "subject-group": {"subjects": [{"kind": "User", "name": "x", "apiGroup": "apps"}]},
}
CLAIM_BAD = {
    "no-modes": {"spec": {"accessModes": []}},
    "bad-mode": {"spec": {"accessModes": ["ReadSometimes"]}},
    "no-storage": {"spec": {"resources": {"requests": None}}},
    "zero-storage": {"spec": {"resources": {"requests": {"storage": "0"}}}},
    "bad-class": {"spec": {"storageClassName": "Bad_Class"}},
    "bad-volume-mode": {"spec": {"volumeMode": "Tape"}},
    "block": {"spec": {"volumeMode": "Block"}},
}
VOLUME_BAD = {
    "no-capacity": {"spec": {"capacity": None}},
    "no-modes": {"spec": {"accessModes": None}},
    "no-source": {"spec": {"hostPath": None}},
    "two-sources": {"spec": {"nfs": {"server": "a", "path": "/x"}}},
    "bad-reclaim": {"spec": {"persistentVolumeReclaimPolicy": "Burn"}},
    "root-recycle": {"spec": {"persistentVolumeReclaimPolicy": "Recycle", "hostPath": {"path": "/"}}},
}
QUOTA_BAD = {
    "bad-name": {"spec": {"hard": {"cpus!": "1"}}},
    "negative": {"spec": {"hard": {"pods": "-1"}}},
    "fraction": {"spec": {"hard": {"pods": "1.5"}}},
    "bad-scope": {"spec": {"scopes": ["Sometimes"]}},
    "scope-conflict": {"spec": {"scopes": ["BestEffort", "NotBestEffort"]}},
    "unknown-resource": {"spec": {"hard": {"unknown": "1"}}},
}
RANGE_BAD = {
    "min-over-max": {"spec": {"limits": [{"type": "Container", "min": {"cpu": "2"}, "max": {"cpu": "1"}}]}},
    "default-over-max": {"spec": {"limits": [{"type": "Container", "default": {"cpu": "2"}, "max": {"cpu": "1"}}]}},
    "request-over-default": {
        "spec": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "2"}, "default": {"cpu": "1"}}]}
    },
    "twice-type": {"spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}, {"type": "Pod", "max": {"cpu": "2"}}]}},
    "pod-default": {"spec": {"limits": [{"type": "Pod", "default": {"cpu": "1"}}]}},
    "ratio": {"spec": {"limits": [{"type": "Container", "maxLimitRequestRatio": {"cpu": "500m"}}]}},
}
CONFIG_BAD = {
    "bad-key": {"data": {"no good": "x"}},
    "number-value": {"data": {"a": 1}},
    "bad-name": {"metadata": {"name": "Bad_Name"}},
    "long-name": {"metadata": {"name": "a" * 254}},
    "bad-finalizer": {"metadata": {"finalizers": ["nope"]}},
    "bad-owner": {"metadata": {"ownerReferences": [{"kind": "Pod", "name": "x"}]}},
    "twice-key": {"binaryData": {"a": "eA=="}},
    "bad-binary": {"binaryData": {"b": "%%%"}},
    "list-labels": {"metadata": {"labels": ["a"]}},
    "number-annotation": {"metadata": {"annotations": {"a": 5}}},
    "generate-name": {"metadata": {"name": None, "generateName": "gen-"}},
    "no-name": {"metadata": {"name": None}},
    "other-namespace": {"metadata": {"namespace": "kube-system"}},
    "immutable": {"immutable": True},
}
SECRET_BAD = {
    "bad-base64": {"data": {"a": "not base64!"}},
    "bad-key": {"data": {"a b": "eA=="}},
    "tls-without-key": {"type": "kubernetes.io/tls", "data": {"tls.crt": "eA=="}},
    "docker-without-config": {"type": "kubernetes.io/dockerconfigjson", "data": {}},
    "docker-bad-json": {"type": "kubernetes.io/dockerconfigjson", "data": {".dockerconfigjson": "eA=="}},
    "basic-without-user": {"type": "kubernetes.io/basic-auth", "data": {"x": "eA=="}},
    "ssh-without-key": {"type": "kubernetes.io/ssh-auth"},
    "token-without-account": {"type": "kubernetes.io/service-account-token"},
    "string-data": {"stringData": {"b": "text"}},
}
STS_BAD = {
    "bad-strategy": {"spec": {"updateStrategy": {"type": "Sideways"}}},
    "bad-management": {"spec": {"podManagementPolicy": "Random"}},
    "negative-partition": {"spec": {"updateStrategy": {"rollingUpdate": {"partition": -1}}}},
    "on-delete-with-rolling": {"spec": {"updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}}},
    "negative-replicas": {"spec": {"replicas": -2}},
    "selector-mismatch": {"spec": {"selector": {"matchLabels": {"app": "other"}}}},
    "bad-retention": {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Burn"}}},
    "claims": {
        "spec": {
            "volumeClaimTemplates": [
                {
                    "metadata": {"name": "data"},
                    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
                }
            ]
        }
    },
}
DS_BAD = {
    "never-restart": {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}},
    "bad-strategy": {"spec": {"updateStrategy": {"type": "Recreate"}}},
    "zero-unavailable": {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}},
    "both-surge": {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}}},
    "on-delete": {"spec": {"updateStrategy": {"type": "OnDelete"}}},
    "selector-mismatch": {"spec": {"selector": {"matchLabels": {"app": "other"}}}},
}
WEBHOOK = {
    "name": "a.example.com",
    "clientConfig": {"url": "https://hooks.example.com/x"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
    "rules": [{"operations": ["CREATE"], "apiGroups": ["example.net"], "apiVersions": ["v1"], "resources": ["things"]}],
}
WEBHOOK_BAD = {
    "bad-hook-name": {"webhooks": [{**WEBHOOK, "name": "short"}]},
    "http-url": {"webhooks": [{**WEBHOOK, "clientConfig": {"url": "http://hooks.example.com"}}]},
    "bad-side-effects": {"webhooks": [{**WEBHOOK, "sideEffects": "Some"}]},
    "no-versions": {"webhooks": [{**WEBHOOK, "admissionReviewVersions": []}]},
    "bad-policy": {"webhooks": [{**WEBHOOK, "failurePolicy": "Cry"}]},
    "bad-timeout": {"webhooks": [{**WEBHOOK, "timeoutSeconds": 99}]},
    "bad-operation": {
        "webhooks": [
            {
                **WEBHOOK,
                "rules": [{"operations": ["READ"], "apiGroups": ["a"], "apiVersions": ["v1"], "resources": ["x"]}],
            }
        ]
    },
}
SELECTOR_CHANGE = {
    "selector": {
        "spec": {"selector": {"matchLabels": {"app": "new"}}, "template": {"metadata": {"labels": {"app": "new"}}}}
    }
}

KINDS: tuple[Kind, ...] = (
    Kind("api/v1", "configmaps", "ConfigMap", {"data": {"a": "1"}}, {"data": {"a": "2", "b": "3"}}, CONFIG_BAD),
    Kind(
        "api/v1",
        "secrets",
        "Secret",
        {"data": {"a": "eA=="}},
        {"data": {"b": "eQ=="}},
        SECRET_BAD,
        bad_changes={"type": {"type": "example.com/other"}},
    ),
    Kind(
        "api/v1",
        "pods",
        "Pod",
        {"spec": POD},
        {"metadata": {"labels": {"tier": "x"}}},
        POD_BAD,
        status={"status": {"phase": "Running"}},
        bad_changes={
            "command": {"spec": {"containers": [{"name": "app", "image": "registry.local/app:1", "command": ["x"]}]}},
            "image": {"spec": {"containers": [{"name": "app", "image": "registry.local/app:2"}]}},
            "remove-toleration": {"spec": {"tolerations": []}},
            "node": {"spec": {"nodeName": "sim-1"}},
            "name": {"metadata": {"name": "other"}},
            "uid": {"metadata": {"uid": "nope"}},
            "deadline": {"spec": {"activeDeadlineSeconds": 100}},
        },
    ),
    Kind(
        "api/v1",
        "services",
        "Service",
        {"spec": {"selector": LABELS, "ports": [{"port": 80}]}},
        {"spec": {"ports": [{"port": 81}]}},
        SERVICE_BAD,
        bad_changes={
            "cluster-ip": {"spec": {"clusterIP": "10.96.7.8", "clusterIPs": ["10.96.7.8"]}},
            "to-node-port": {"spec": {"type": "NodePort"}},
            "to-external": {
                "spec": {"type": "ExternalName", "externalName": "x.example.com", "clusterIP": "", "clusterIPs": None}
            },
        },
        status={"status": {"loadBalancer": {}}},
    ),
    Kind("api/v1", "serviceaccounts", "ServiceAccount", {}, {"automountServiceAccountToken": False}),
    Kind(
        "api/v1",
        "endpoints",
        "Endpoints",
        {"subsets": [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 80}]}]},
        {"subsets": [{"addresses": [{"ip": "10.1.1.2"}], "ports": [{"port": 80}]}]},
        {
            "bad-ip": {"subsets": [{"addresses": [{"ip": "10.1.1"}], "ports": [{"port": 80}]}]},
            "bad-port": {"subsets": [{"addresses": [{"ip": "10.1.1.1"}], "ports": [{"port": 0}]}]},
        },
    ),
    Kind(
        "api/v1",
        "limitranges",
        "LimitRange",
        {"spec": {"limits": [{"type": "Container", "default": {"cpu": "2"}, "max": {"memory": "1Gi"}}]}},
        {"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}},
        RANGE_BAD,
    ),
    Kind(
        "api/v1",
        "resourcequotas",
        "ResourceQuota",
        {"spec": {"hard": {"pods": "100", "requests.cpu": "1000m"}}},
        {"spec": {"hard": {"pods": "101"}}},
        QUOTA_BAD,
        status={"status": {"hard": {"pods": "100"}, "used": {"pods": "0"}}},
    ),
    Kind(
        "api/v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}},
        {"metadata": {"labels": {"a": "b"}}},
        CLAIM_BAD,
        status={"status": {"phase": "Lost"}},
        bad_changes={
            "mode": {"spec": {"accessModes": ["ReadOnlyMany"]}},
            "size": {"spec": {"resources": {"requests": {"storage": "2Gi"}}}},
        },
    ),
    Kind(
        "api/v1",
        "persistentvolumes",
        "PersistentVolume",
        {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/data"}}},
        {"spec": {"persistentVolumeReclaimPolicy": "Delete"}},
        VOLUME_BAD,
        namespaced=False,
        status={"status": {"phase": "Available"}},
        bad_changes={"source": {"spec": {"hostPath": {"path": "/other"}}}},
    ),
    Kind(
        "api/v1",
        "namespaces",
        "Namespace",
        {},
        {"metadata": {"labels": {"team": "a"}}},
        {"bad-name": {"metadata": {"name": "Bad.Name"}}},
        namespaced=False,
        status={"status": {"phase": "Active"}},
    ),
    Kind(
        "api/v1",
        "nodes",
        "Node",
        {},
        {"spec": {"unschedulable": True}},
        {
            "bad-taint": {"spec": {"taints": [{"key": "a", "effect": "Never"}]}},
            "twice-taint": {
                "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoSchedule"}]}
            },
            "bad-cidr": {"spec": {"podCIDR": "x"}},
        },
        namespaced=False,
        status={"status": {"capacity": {"cpu": "4", "memory": "8Gi"}}},
    ),
    Kind(
        "api/v1",
        "events",
        "Event",
        {
            "involvedObject": {"kind": "Pod", "namespace": "conf", "name": "x"},
            "reason": "Tested",
            "message": "hello",
            "type": "Normal",
            "source": {"component": "me"},
            "count": 1,
            "firstTimestamp": "2026-01-01T00:00:00Z",
            "lastTimestamp": "2026-01-01T00:00:00Z",
        },
        {"count": 2},
        {"other-namespace": {"involvedObject": {"namespace": "default"}}},
    ),
    Kind(
        "api/v1",
        "replicationcontrollers",
        "ReplicationController",
        {"spec": {"selector": LABELS, "template": TEMPLATE}},
        {"spec": {"replicas": 2}},
        {"mismatch": {"spec": {"selector": {"app": "x"}}}, "negative": {"spec": {"replicas": -1}}},
        status={"status": {"replicas": 1}},
    ),
    Kind(
        "api/v1",
        "podtemplates",
        "PodTemplate",
        {"template": TEMPLATE},
        {"metadata": {"labels": {"a": "b"}}},
        {"no-containers": {"template": {"spec": {"containers": []}}}},
    ),
    Kind(
        "apis/apps/v1",
        "deployments",
        "Deployment",
        workload(),
        {"spec": {"replicas": 3}},
        DEPLOYMENT_BAD,
        status={"status": {"replicas": 1, "observedGeneration": 1}},
        bad_changes=SELECTOR_CHANGE,
    ),
    Kind(
        "apis/apps/v1",
        "replicasets",
        "ReplicaSet",
        workload(),
        {"spec": {"replicas": 2}},
        {"mismatch": {"spec": {"selector": {"matchLabels": {"app": "x"}}}}, "negative": {"spec": {"replicas": -1}}},
        status={"status": {"replicas": 1}},
        bad_changes=SELECTOR_CHANGE,
    ),
    Kind(
        "apis/apps/v1",
        "statefulsets",
        "StatefulSet",
        workload(serviceName="web"),
        {"spec": {"replicas": 2}},
        STS_BAD,
        status={"status": {"replicas": 1}},
        bad_changes={**SELECTOR_CHANGE, "service": {"spec": {"serviceName": "other"}}},
    ),
    Kind(
        "apis/apps/v1",
        "daemonsets",
        "DaemonSet",
        workload(),
        {"spec": {"minReadySeconds": 5}},
        DS_BAD,
        status={
            "status": {
                "currentNumberScheduled": 1,
                "numberMisscheduled": 0,
                "desiredNumberScheduled": 1,
                "numberReady": 0,
            }
        },
        bad_changes=SELECTOR_CHANGE,
    ),
    Kind(
        "apis/apps/v1",
        "controllerrevisions",
        "ControllerRevision",
        {"data": {"a": 1}, "revision": 1},
        {"revision": 2},
        {"negative": {"revision": -1}},
        bad_changes={"data": {"data": {"a": 2}}},
    ),
    Kind(
        "apis/batch/v1",
        "jobs",
        "Job",
        {"spec": {"template": {"spec": {**POD, "restartPolicy": "Never"}}}},
        {"spec": {"parallelism": 2}},
        JOB_BAD,
        status={"status": {"active": 1}},
        bad_changes={
            "template": {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "other"}]}}}},
            "completions": {"spec": {"completions": 5}},
        },
    ),
    Kind(
        "apis/batch/v1",
        "cronjobs",
        "CronJob",
        {
            "spec": {
                "schedule": "*/5 * * * *",
                "jobTemplate": {"spec": {"template": {"spec": {**POD, "restartPolicy": "Never"}}}},
            }
        },
        {"spec": {"suspend": True}},
        CRON_BAD,
        status={"status": {}},
    ),
    Kind(
        "apis/autoscaling/v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        {"spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}, "maxReplicas": 3}},
        {"spec": {"maxReplicas": 4}},
        HPA_BAD,
        status={"status": {"currentReplicas": 1, "desiredReplicas": 1}},
    ),
    Kind(
        "apis/policy/v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        {"spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}}},
        {"spec": {"minAvailable": 2}},
        BUDGET_BAD,
        status={"status": {"currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 1}},
    ),
    Kind(
        "apis/networking.k8s.io/v1",
        "ingresses",
        "Ingress",
        {"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}},
        {"spec": {"ingressClassName": "nginx"}},
        INGRESS_BAD,
        status={"status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}},
    ),
    Kind(
        "apis/networking.k8s.io/v1",
        "networkpolicies",
        "NetworkPolicy",
        {"spec": {"podSelector": {"matchLabels": LABELS}}},
        {"spec": {"policyTypes": ["Egress"]}},
        POLICY_BAD,
    ),
    Kind(
        "apis/networking.k8s.io/v1",
        "ingressclasses",
        "IngressClass",
        {"spec": {"controller": "example.com/ingress"}},
        {"metadata": {"labels": {"a": "b"}}},
        {"bad-controller": {"spec": {"controller": "nope"}}},
        namespaced=False,
        bad_changes={"controller": {"spec": {"controller": "example.com/other"}}},
    ),
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "roles",
        "Role",
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
        {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]},
        ROLE_BAD,
    ),
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "clusterroles",
        "ClusterRole",
        {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get"]}]},
        {"metadata": {"labels": {"a": "b"}}},
        ROLE_BAD,
        namespaced=False,
    ),
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "rolebindings",
        "RoleBinding",
        {
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "User", "name": "jane"}],
        },
        {"subjects": [{"kind": "Group", "name": "devs"}]},
        BINDING_BAD,
        bad_changes={"role": {"roleRef": {"name": "other"}}},
    ),
    Kind(
        "apis/rbac.authorization.k8s.io/v1",
        "clusterrolebindings",
        "ClusterRoleBinding",
        {
            "roleRef": {"kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "ServiceAccount", "name": "a", "namespace": "b"}],
        },
        {"subjects": []},
        BINDING_BAD,
        namespaced=False,
        bad_changes={"role": {"roleRef": {"name": "other"}}},
    ),
    Kind(
        "apis/storage.k8s.io/v1",
        "storageclasses",
        "StorageClass",
        {"provisioner": "example.com/disk"},
        {"allowVolumeExpansion": True},
        {
            "no-provisioner": {"provisioner": ""},
            "bad-reclaim": {"reclaimPolicy": "Burn"},
            "bad-mode": {"volumeBindingMode": "Later"},
        },
        namespaced=False,
        bad_changes={"provisioner": {"provisioner": "example.com/other"}},
    ),
    Kind(
        "apis/scheduling.k8s.io/v1",
        "priorityclasses",
        "PriorityClass",
        {"value": 1000},
        {"description": "x"},
        {
            "system-name": {"metadata": {"name": "system-mine"}},
            "too-high": {"value": 2000000000},
            "bad-policy": {"preemptionPolicy": "Always"},
        },
        namespaced=False,
        bad_changes={"value": {"value": 5}},
    ),
    Kind(
        "apis/coordination.k8s.io/v1",
        "leases",
        "Lease",
        {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 10}},
        {"spec": {"holderIdentity": "b"}},
        {"negative": {"spec": {"leaseDurationSeconds": -1}}, "bad-time": {"spec": {"renewTime": "yesterday"}}},
    ),
    Kind(
        "apis/discovery.k8s.io/v1",
        "endpointslices",
        "EndpointSlice",
        {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.1.1"]}], "ports": [{"port": 80}]},
        {"endpoints": [{"addresses": ["10.1.1.2"], "conditions": {"ready": True}}]},
        {
            "bad-type": {"addressType": "IPv5"},
            "bad-address": {"endpoints": [{"addresses": ["x"]}]},
            "no-type": {"addressType": None},
        },
        bad_changes={"type": {"addressType": "IPv6"}},
    ),
    Kind(
        "apis/admissionregistration.k8s.io/v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        {"webhooks": [WEBHOOK]},
        {"metadata": {"labels": {"a": "b"}}},
        WEBHOOK_BAD,
        namespaced=False,
    ),
    Kind(
        "apis/admissionregistration.k8s.io/v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        {"webhooks": [WEBHOOK]},
        {"metadata": {"labels": {"a": "b"}}},
        {"no-side-effects": {"webhooks": [{**WEBHOOK, "sideEffects": None}]}},
        namespaced=False,
    ),
    Kind(
        "apis/node.k8s.io/v1",
        "runtimeclasses",
        "RuntimeClass",
        {"handler": "runc"},
        {"metadata": {"labels": {"a": "b"}}},
        {"bad-handler": {"handler": "Bad_Handler"}},
        namespaced=False,
        bad_changes={"handler": {"handler": "other"}},
    ),
    Kind(
        "apis/certificates.k8s.io/v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        {"spec": {"request": "eA==", "signerName": "example.com/signer", "usages": ["client auth"]}},
        {"metadata": {"labels": {"a": "b"}}},
        namespaced=False,
    ),
    Kind(
        "apis/events.k8s.io/v1",
        "events",
        "Event",
        {
            "regarding": {"kind": "Pod", "namespace": "conf", "name": "x"},
            "reason": "Tested",
            "note": "hi",
            "type": "Normal",
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "action": "Test",
            "reportingController": "example.com/me",
            "reportingInstance": "me-1",
        },
        {"metadata": {"labels": {"a": "b"}}},
        {"no-action": {"action": ""}, "bad-type": {"type": "Odd"}},
    ),
    Kind(
        "apis/autoscaling/v1",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        {
            "spec": {
                "scaleTargetRef": {"kind": "Deployment", "name": "web"},
                "maxReplicas": 3,
                "targetCPUUtilizationPercentage": 50,
            }
        },
        {"spec": {"targetCPUUtilizationPercentage": 60}},
        {"zero-target": {"spec": {"targetCPUUtilizationPercentage": 0}}},
    ),
    Kind(
        "apis/storage.k8s.io/v1",
        "csidrivers",
        "CSIDriver",
        {"spec": {}},
        {"metadata": {"labels": {"a": "b"}}},
        namespaced=False,
    ),
)
