"""The controllers of kube-controller-manager, over `Api` and `Clock` alone."""

from cloudwright.twin.controllers.accounts import RoleAggregator, TokenController
from cloudwright.twin.controllers.base import Context, Controller
from cloudwright.twin.controllers.cronjob import CronJobController
from cloudwright.twin.controllers.daemonset import DaemonSetController
from cloudwright.twin.controllers.deployment import DeploymentController
from cloudwright.twin.controllers.disruption import DisruptionController
from cloudwright.twin.controllers.endpoints import EndpointsController, EndpointSliceController
from cloudwright.twin.controllers.garbage import GarbageCollector
from cloudwright.twin.controllers.hpa import HorizontalPodAutoscalerController
from cloudwright.twin.controllers.job import JobController, TtlAfterFinishedController
from cloudwright.twin.controllers.mirroring import EndpointSliceMirroringController
from cloudwright.twin.controllers.namespaces import (
    NamespaceController,
    RootCertificatePublisher,
    ServiceAccountController,
)
from cloudwright.twin.controllers.nodes import NodeLifecycleController, PodCollector, TaintEvictionController
from cloudwright.twin.controllers.replicaset import ReplicaSetController
from cloudwright.twin.controllers.statefulset import StatefulSetController
from cloudwright.twin.controllers.upkeep import EventExpiry, NodeTtlController
from cloudwright.twin.controllers.volumes import PersistentVolumeController, StorageProtectionController

STANDARD: tuple[type[Controller], ...] = (
    ServiceAccountController,
    RootCertificatePublisher,
    TokenController,
    RoleAggregator,
    NamespaceController,
    DeploymentController,
    ReplicaSetController,
    StatefulSetController,
    DaemonSetController,
    JobController,
    TtlAfterFinishedController,
    CronJobController,
    EndpointSliceController,
    EndpointsController,
    EndpointSliceMirroringController,
    PersistentVolumeController,
    StorageProtectionController,
    HorizontalPodAutoscalerController,
    DisruptionController,
    NodeLifecycleController,
    TaintEvictionController,
    PodCollector,
    GarbageCollector,
    NodeTtlController,
    EventExpiry,
)
"""All controllers, in the order in which they get their turn."""


def start(context: Context, kinds: tuple[type[Controller], ...] = STANDARD) -> list[Controller]:
    """Make controllers over one context; they work when their `run_once` is called."""
    return [kind(context) for kind in kinds]
