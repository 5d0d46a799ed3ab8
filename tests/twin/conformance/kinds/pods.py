"""Pods: a spec that is accepted, and all that a server refuses or nearly refuses in one."""

from tests.twin.conformance.kinds.model import LABELS, POD, Kind, Obj, containers, volumes

POD_BAD: dict[str, Obj] = {
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

POD_KIND = Kind(
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
)
