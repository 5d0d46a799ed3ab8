"""What makes Pods and scales them, and the budgets of their disruption."""

from tests.twin.conformance.kinds.model import LABELS, POD, Kind, Obj, workload

DEPLOYMENT_BAD: dict[str, Obj] = {
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
STS_BAD: dict[str, Obj] = {
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
DS_BAD: dict[str, Obj] = {
    "never-restart": {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}},
    "bad-strategy": {"spec": {"updateStrategy": {"type": "Recreate"}}},
    "zero-unavailable": {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}},
    "both-surge": {"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}}},
    "on-delete": {"spec": {"updateStrategy": {"type": "OnDelete"}}},
    "selector-mismatch": {"spec": {"selector": {"matchLabels": {"app": "other"}}}},
}
JOB_BAD: dict[str, Obj] = {
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
CRON_BAD: dict[str, Obj] = {
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
HPA_BAD: dict[str, Obj] = {
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
BUDGET_BAD: dict[str, Obj] = {
    "both": {"spec": {"minAvailable": 1, "maxUnavailable": 1}},
    "negative": {"spec": {"minAvailable": -1}},
    "bad-percent": {"spec": {"minAvailable": "half"}},
    "too-much": {"spec": {"minAvailable": "150%"}},
    "bad-policy": {"spec": {"unhealthyPodEvictionPolicy": "Never"}},
    "bad-selector": {"spec": {"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}}},
}
SELECTOR_CHANGE: dict[str, Obj] = {
    "selector": {
        "spec": {"selector": {"matchLabels": {"app": "new"}}, "template": {"metadata": {"labels": {"app": "new"}}}}
    }
}

WORKLOADS: tuple[Kind, ...] = (
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
)
