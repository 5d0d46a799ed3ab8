"""The Kubernetes tools that change something, or reach into pods."""

from cloudwright.core.tool import AnyTool
from cloudwright.tools.kubernetes.edit_containers import CONTAINER_TOOLS
from cloudwright.tools.kubernetes.edit_nodes import NODE_TOOLS
from cloudwright.tools.kubernetes.edit_objects import OBJECT_TOOLS
from cloudwright.tools.kubernetes.edit_rollouts import ROLLOUT_TOOLS
from cloudwright.tools.kubernetes.edit_scale import SCALE_TOOLS
from cloudwright.tools.kubernetes.reach import REACH_READS, REACH_TOOLS

CHANGE_TOOLS: tuple[AnyTool, ...] = (
    *OBJECT_TOOLS,
    *SCALE_TOOLS,
    *CONTAINER_TOOLS,
    *ROLLOUT_TOOLS,
    *NODE_TOOLS,
    *REACH_TOOLS,
    *REACH_READS,
)
