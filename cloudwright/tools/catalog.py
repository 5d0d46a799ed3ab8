"""Every tool that there is, in one explicit list. Importing it connects to nothing and loads no vendor's library."""

from cloudwright.core.tool import AnyTool
from cloudwright.tools.aws.account import ACCOUNT_TOOLS
from cloudwright.tools.aws.grants import GRANT_TOOLS
from cloudwright.tools.aws.reads import AWS_READ_TOOLS
from cloudwright.tools.kubernetes.changes import CHANGE_TOOLS
from cloudwright.tools.kubernetes.reads import READ_TOOLS
from cloudwright.tools.prometheus_tools import PROMETHEUS_TOOLS


def kubernetes_tools() -> tuple[AnyTool, ...]:
    """The tools of a Kubernetes cluster, reads first."""
    return (*READ_TOOLS, *CHANGE_TOOLS)


def cluster_tools() -> tuple[AnyTool, ...]:
    """The tools of a Kubernetes cluster and of what measures it: what requests in plain language are read against."""
    return (*kubernetes_tools(), *PROMETHEUS_TOOLS)


def aws_tools() -> tuple[AnyTool, ...]:
    """The tools of an AWS account, reads first."""
    return (*AWS_READ_TOOLS, *ACCOUNT_TOOLS, *GRANT_TOOLS)


CATALOG: tuple[AnyTool, ...] = (*cluster_tools(), *aws_tools())
