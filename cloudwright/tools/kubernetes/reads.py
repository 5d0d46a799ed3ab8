"""The Kubernetes tools that change nothing."""

from cloudwright.core.tool import AnyTool
from cloudwright.tools.kubernetes.compare import compare_resources
from cloudwright.tools.kubernetes.describe import describe_resource
from cloudwright.tools.kubernetes.events import list_events
from cloudwright.tools.kubernetes.impact import delete_impact, drain_impact
from cloudwright.tools.kubernetes.listing import get_resource, list_resources
from cloudwright.tools.kubernetes.logs import get_logs
from cloudwright.tools.kubernetes.metrics import top_nodes, top_pods
from cloudwright.tools.kubernetes.overview import cluster_info, query_result
from cloudwright.tools.kubernetes.owners import owners
from cloudwright.tools.kubernetes.rights import can_i, what_can, who_can
from cloudwright.tools.kubernetes.rollouts import rollout_history, rollout_status
from cloudwright.tools.kubernetes.schema import api_resources, explain_field
from cloudwright.tools.kubernetes.waiting import wait_for_condition

READ_TOOLS: tuple[AnyTool, ...] = (
    list_resources,
    get_resource,
    describe_resource,
    list_events,
    get_logs,
    top_pods,
    top_nodes,
    explain_field,
    api_resources,
    can_i,
    who_can,
    what_can,
    rollout_status,
    rollout_history,
    owners,
    compare_resources,
    wait_for_condition,
    cluster_info,
    query_result,
    drain_impact,
    delete_impact,
)
