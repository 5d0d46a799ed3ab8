"""Every tool that there is, in one explicit list. Listing it connects to nothing and loads no vendor's library.

The lists are imported as they are reached: a command that runs one tool pays for the rooms before it and for no other.
"""

from collections.abc import Iterator

from cloudwright.core.tool import AnyTool


def every_tool() -> Iterator[AnyTool]:
    """All tools: of the cluster, of what measures it, of the AWS account."""
    yield from cluster_tools()
    yield from aws_tools()


def kubernetes_tools() -> Iterator[AnyTool]:
    """The tools of a Kubernetes cluster, reads first."""
    from cloudwright.tools.kubernetes.reads import READ_TOOLS

    yield from READ_TOOLS
    from cloudwright.tools.kubernetes.changes import CHANGE_TOOLS

    yield from CHANGE_TOOLS


def cluster_tools() -> Iterator[AnyTool]:
    """The tools of a Kubernetes cluster and of what measures it: what requests in plain language are read against."""
    yield from kubernetes_tools()
    from cloudwright.tools.prometheus_tools import PROMETHEUS_TOOLS

    yield from PROMETHEUS_TOOLS


def aws_tools() -> Iterator[AnyTool]:
    """The tools of an AWS account, reads first."""
    from cloudwright.tools.aws.account import ACCOUNT_TOOLS
    from cloudwright.tools.aws.grants import GRANT_TOOLS
    from cloudwright.tools.aws.reads import AWS_READ_TOOLS

    yield from (*AWS_READ_TOOLS, *ACCOUNT_TOOLS, *GRANT_TOOLS)
