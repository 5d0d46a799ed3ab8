"""Permission combinations that let their holder gain further permissions.

The combinations are the publicly documented ones (Rhino Security Labs, "AWS IAM Privilege Escalation: Methods and
Mitigation",
and Bishop Fox, "IAM Vulnerable").
"""

from dataclasses import dataclass

from cloudwright.policies.iam.access import Document, Probe
from cloudwright.policies.iam.document import Policy
from cloudwright.policies.iam.prover import TIMEOUT_MS, Prover
from cloudwright.policies.iam.witness import Witness

COMBINATIONS: dict[str, tuple[str, ...]] = {
    "new version of an attached policy": ("iam:CreatePolicyVersion",),
    "another default version of a policy": ("iam:SetDefaultPolicyVersion",),
    "access key of another user": ("iam:CreateAccessKey",),
    "console password for another user": ("iam:CreateLoginProfile",),
    "new console password of another user": ("iam:UpdateLoginProfile",),
    "attach any policy to a user": ("iam:AttachUserPolicy",),
    "attach any policy to a group": ("iam:AttachGroupPolicy",),
    "attach any policy to a role": ("iam:AttachRolePolicy",),
    "inline policy of a user": ("iam:PutUserPolicy",),
    "inline policy of a group": ("iam:PutGroupPolicy",),
    "inline policy of a role": ("iam:PutRolePolicy",),
    "join a group": ("iam:AddUserToGroup",),
    "rewrite who may assume a role": ("iam:UpdateAssumeRolePolicy", "sts:AssumeRole"),
    "start an instance with a role": ("iam:PassRole", "ec2:RunInstances"),
    "create and call a function with a role": ("iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"),
    "create a function with a role, fed by an event source": (
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:CreateEventSourceMapping",
    ),
    "replace the code of a function": ("lambda:UpdateFunctionCode",),
    "create a Glue development endpoint with a role": ("iam:PassRole", "glue:CreateDevEndpoint"),
    "log in to a Glue development endpoint": ("glue:UpdateDevEndpoint",),
    "create a stack with a role": ("iam:PassRole", "cloudformation:CreateStack"),
    "create a pipeline with a role": (
        "iam:PassRole",
        "datapipeline:CreatePipeline",
        "datapipeline:PutPipelineDefinition",
    ),
    "create a notebook with a role": (
        "iam:PassRole",
        "sagemaker:CreateNotebookInstance",
        "sagemaker:CreatePresignedNotebookInstanceUrl",
    ),
    "open an existing notebook": ("sagemaker:CreatePresignedNotebookInstanceUrl",),
    "run a build with a role": ("iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild"),
    "run a container task with a role": ("iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask"),
    "run commands on instances": ("ssm:SendCommand",),
    "shell on instances": ("ssm:StartSession",),
}


@dataclass(frozen=True)
class Escalation:
    """A combination that the policy grants, with one witness for each action."""

    name: str
    actions: tuple[str, ...]
    witnesses: tuple[Witness, ...]


def escalations(policy: Policy, *, timeout_ms: int = TIMEOUT_MS) -> list[Escalation]:
    """Combinations of which the policy grants every action on some resource. Undecided actions count as not granted."""
    needed = sorted({action for actions in COMBINATIONS.values() for action in actions})
    probes = {action: Probe((action,)) for action in needed}
    access = Document(policy)
    prover = Prover([access], extra=[probe.policy for probe in probes.values()], timeout_ms=timeout_ms)
    granted: dict[str, Witness] = {}
    for action, probe in probes.items():
        found = prover.search(
            lambda e, probe=probe: e.all([probe.formula(e), access.formula(e)]),  # type: ignore[misc]
            lambda request, probe=probe: probe.allows(request) and access.allows(request),  # type: ignore[misc]
            readable=False,
        )
        if found.witness is not None:
            granted[action] = found.witness
    return [
        Escalation(name, actions, tuple(granted[action] for action in actions))
        for name, actions in COMBINATIONS.items()
        if all(action in granted for action in actions)
    ]
