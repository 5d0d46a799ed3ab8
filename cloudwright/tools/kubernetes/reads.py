"""The Kubernetes tools that change nothing."""

from cloudwright.core.tool import AnyTool

READ_TOOLS: tuple[AnyTool, ...] = ()
