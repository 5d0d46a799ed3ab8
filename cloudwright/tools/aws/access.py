"""Asking the caller's own policies whether the identity may, before anything is tried."""

from collections.abc import Sequence

from cloudwright.core.context import Context
from cloudwright.core.errors import ToolError
from cloudwright.core.tool import Permission
from cloudwright.policies.iam.access import Probe
from cloudwright.policies.iam.whocan import who_can_together
from cloudwright.tools.aws.client import AwsClient
from cloudwright.tools.aws.reads import held_by


class AwsAccessChecker:
    """Implements `core.gate.PermissionChecker` for AWS by proof over the documents that bear on the caller.

    A right is lacking only when no request, under whatever circumstances, could be allowed. Where the caller's policies
    may not be read (or it is the account's root user), nothing can be said beforehand: AWS answers the call itself.
    """

    def missing(self, permissions: Sequence[Permission], context: Context) -> Sequence[str]:
        """One sentence for every AWS permission that is proved to be lacking."""
        wanted = list(dict.fromkeys(item for item in permissions if item.system == "aws" and item.resource))
        if not wanted:
            return ()
        return [said for item in wanted if (said := _lacking(item, context.service(AwsClient)))]


def _lacking(permission: Permission, aws: AwsClient) -> str:
    try:
        who = aws.identity
        held, _ = held_by(aws, who, permission.resource)
    except ToolError:
        return ""
    if who_can_together(held, who, Probe((permission.verb,), (permission.resource,))) is not None:
        return ""
    return f"{who} may not {permission.verb} on {permission.resource}: its policies allow that under no circumstances."
