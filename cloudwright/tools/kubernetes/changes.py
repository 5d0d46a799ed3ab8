"""The Kubernetes tools that change something, or reach into pods."""

from cloudwright.core.tool import AnyTool
from cloudwright.tools.kubernetes.copying import COPY_TOOLS
from cloudwright.tools.kubernetes.edit_containers import CONTAINER_TOOLS
from cloudwright.tools.kubernetes.edit_nodes import NODE_TOOLS
from cloudwright.tools.kubernetes.edit_objects import OBJECT_TOOLS
from cloudwright.tools.kubernetes.edit_rights import RIGHTS_TOOLS
from cloudwright.tools.kubernetes.edit_rollouts import ROLLOUT_TOOLS
from cloudwright.tools.kubernetes.edit_scale import SCALE_TOOLS
from cloudwright.tools.kubernetes.manifests import MANIFEST_TOOLS
from cloudwright.tools.kubernetes.reach import REACH_READS, REACH_TOOLS
from cloudwright.tools.kubernetes.restoring import RESTORE_TOOLS

CHANGE_TOOLS: tuple[AnyTool, ...] = (
    *MANIFEST_TOOLS,
    *OBJECT_TOOLS,
    *RESTORE_TOOLS,
    *SCALE_TOOLS,
    *CONTAINER_TOOLS,
    *ROLLOUT_TOOLS,
    *NODE_TOOLS,
    *RIGHTS_TOOLS,
    *REACH_TOOLS,
    *COPY_TOOLS,
    *REACH_READS,
)
