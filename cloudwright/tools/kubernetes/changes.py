"""The Kubernetes tools that change something."""

from cloudwright.core.tool import AnyTool

CHANGE_TOOLS: tuple[AnyTool, ...] = ()
