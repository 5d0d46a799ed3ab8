"""The Kubernetes tools that change something."""

from cloudwright.core.tool import AnyTool
from cloudwright.tools.kubernetes.edit_objects import OBJECT_TOOLS
from cloudwright.tools.kubernetes.edit_workloads import WORKLOAD_TOOLS

CHANGE_TOOLS: tuple[AnyTool, ...] = (*OBJECT_TOOLS, *WORKLOAD_TOOLS)
