"""Every tool that there is, in one explicit list. Importing it connects to nothing and loads no vendor's library."""

from cloudwright.core.tool import AnyTool
from cloudwright.tools.kubernetes.changes import CHANGE_TOOLS
from cloudwright.tools.kubernetes.reads import READ_TOOLS
from cloudwright.tools.prometheus_tools import PROMETHEUS_TOOLS


def kubernetes_tools() -> tuple[AnyTool, ...]:
    """The tools of a Kubernetes cluster, reads first."""
    return (*READ_TOOLS, *CHANGE_TOOLS)


CATALOG: tuple[AnyTool, ...] = (*kubernetes_tools(), *PROMETHEUS_TOOLS)
