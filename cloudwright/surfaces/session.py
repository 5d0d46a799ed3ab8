"""One session: settings, a connected context, the gate, and who sits at the keyboard."""

import contextlib
import getpass
import hashlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cloudwright.core.approval import Approver
from cloudwright.core.catalog import Catalog
from cloudwright.core.context import Context
from cloudwright.core.errors import ConfigError, ToolError
from cloudwright.core.gate import Gate
from cloudwright.core.journal import Journal
from cloudwright.core.masking import SessionRedactor
from cloudwright.core.refs import Place
from cloudwright.core.store import DirectoryResultStore
from cloudwright.core.tool import Permission
from cloudwright.policies.approval import load_rules
from cloudwright.settings import Effective, Settings
from cloudwright.tools.aws.client import AwsClient
from cloudwright.tools.catalog import every_tool
from cloudwright.tools.kubernetes.access import AccessChecker
from cloudwright.tools.kubernetes.origins import read_origin
from cloudwright.tools.kubernetes.session import connect
from cloudwright.tools.prometheus import PrometheusClient

CLOUD = "aws"
"""The server of a place that is an AWS account and no cluster."""


@dataclass(frozen=True)
class Session:
    """Everything that a surface needs to run tools."""

    effective: Effective
    context: Context
    gate: Gate
    approver: Approver


def open_session(effective: Effective, session: str = "-") -> Session:
    """Connect and assemble.

    Raises:
        CloudwrightError: no cluster can be reached, the policy cannot be read, the journal cannot be opened.
    """
    settings = effective.settings
    context = connect(
        settings.kubeconfig or None,
        settings.context or None,
        settings.namespace or None,
        redactor=redactor_of(settings.journal_path, session),
        results=DirectoryResultStore(settings.state_path / "results"),
        as_user=settings.as_user,
        timeout=settings.timeout,
        session=session,
        read_only=settings.read_only,
        services=other_services(settings),
    )
    return Session(effective, context, open_gate(effective), approver_of(context))


def open_cloud_session(effective: Effective, session: str = "-") -> Session:
    """The same for an AWS account alone, without a cluster: the place is the account, the identity that of STS.

    Raises:
        CloudwrightError: there are no credentials, AWS cannot be reached, the policy or journal cannot be used.
    """
    settings = effective.settings
    services = other_services(settings)
    aws = services[AwsClient]
    assert isinstance(aws, AwsClient)
    context = Context(
        place=Place(cluster=aws.account, server=CLOUD, identity=aws.identity),
        redactor=redactor_of(settings.journal_path, session),
        results=DirectoryResultStore(settings.state_path / "results"),
        services=services,
        session=session,
        read_only=settings.read_only,
    )
    return Session(effective, context, open_gate(effective), approver_of(context))


def open_any(effective: Effective, session: str = "-") -> Session:
    """A session on the cluster; where none is configured, on the AWS account whose credentials are at hand.

    Raises:
        CloudwrightError: neither can be used; what is said is about the cluster.
    """
    try:
        return open_session(effective, session)
    except ConfigError as no_cluster:
        try:
            return open_cloud_session(effective, session)
        except ToolError:
            raise no_cluster from None


class EverySystem:
    """Implements `core.gate.PermissionChecker`: each permission is asked about in the system that grants it."""

    def missing(self, permissions: Sequence[Permission], context: Context) -> Sequence[str]:
        """One sentence for every right that is lacking, whatever system lacks it."""
        lacking = list(AccessChecker().missing(permissions, context))
        if any(item.system == "aws" for item in permissions):
            # The engine of policies is heavy, and most sessions never meet a permission of AWS.
            from cloudwright.tools.aws.access import AwsAccessChecker

            lacking += AwsAccessChecker().missing(permissions, context)
        return lacking


def open_gate(effective: Effective, on_step: Callable[[str], None] = lambda _step: None) -> Gate:
    """The gate over the whole catalogue, with the policy and journal of the settings; needs no cluster."""
    settings = effective.settings
    rules = load_rules(Path(settings.approval_policy).expanduser() if settings.approval_policy else None)
    return Gate(
        Catalog(every_tool()),
        Journal(settings.journal_path),
        rules,
        EverySystem(),
        read_origin=read_origin,
        approval_lasts=timedelta(minutes=settings.approval_minutes),
        on_step=on_step,
    )


def other_services(settings: Settings) -> dict[type, object]:
    """Clients beside the cluster's own. That of AWS loads and sends nothing before a tool uses it."""
    aws = AwsClient(endpoint_url=settings.aws_endpoint_url or None, timeout=settings.timeout)
    services: dict[type, object] = {AwsClient: aws}
    if settings.prometheus_url:
        services[PrometheusClient] = PrometheusClient(settings.prometheus_url, timeout=settings.timeout)
    return services


def approver_of(context: Context, via: str = "terminal") -> Approver:
    """The identity that the cluster confirmed (never the impersonated one), and the account at the keyboard."""
    return Approver(identity=context.place.identity, account=account(), via=via)


def redactor_of(journal: Path, session: str) -> SessionRedactor:
    """The session's redactor; its key is derived from one kept beside the journal, so that any process of the session
    gives the same placeholders."""
    return SessionRedactor(hmac.new(_key_beside(journal), session.encode(), hashlib.sha256).digest())


def _key_beside(journal: Path) -> bytes:
    path = journal.with_suffix(".key")
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent) as fresh:
                fresh.write(secrets.token_bytes(32))
                fresh.flush()
                with contextlib.suppress(FileExistsError):
                    os.link(fresh.name, path)
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"The key {path} beside the journal cannot be used: {error.strerror}.") from None


def account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""
