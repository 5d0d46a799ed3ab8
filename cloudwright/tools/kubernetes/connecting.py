"""From a kubeconfig to a client: the only module that imports the `kubernetes` library, and only when connecting."""

import contextlib
import logging
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import urllib3

from cloudwright.core.errors import ConfigError, Unauthenticated
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.kubeconfig import choose


def load_library() -> None:
    """Import the Kubernetes library ahead of its first use; it takes a good part of a second."""
    import kubernetes  # noqa: F401 (loaded early, used later)


def open_client(
    kubeconfig: str | None = None,
    context: str | None = None,
    *,
    as_user: str = "",
    as_groups: Sequence[str] = (),
    timeout: float = 30.0,
    environ: Mapping[str, str] | None = None,
) -> KubernetesClient:
    """A client for a context of a kubeconfig; nothing is sent yet.

    Raises:
        ConfigError: no kubeconfig, or one that cannot be used.
        NotFound: no such context.
        Unauthenticated: the context's credential program gives nothing.
    """
    import kubernetes

    choice = choose(kubeconfig, context, os.environ if environ is None else environ)
    configuration = type.__call__(kubernetes.client.Configuration)
    with _captured_logging() as said:
        try:
            if choice.in_cluster:
                kubernetes.config.load_incluster_config(client_configuration=configuration)
            else:
                kubernetes.config.load_kube_config(
                    config_file=choice.location(), context=choice.context, client_configuration=configuration
                )
        except (kubernetes.config.ConfigException, ValueError, KeyError, TypeError, OSError) as error:
            raise ConfigError(
                f"Context {choice.context} of {choice.location() or 'this pod'} cannot be used: {_first_line(error)}."
            ) from None
    if said and not configuration.api_key and not configuration.cert_file:
        raise Unauthenticated(
            f"The credential program of user {choice.user!r} failed: {_first_line(said[0])}.",
            hint="Run it by hand to see why, or log in again.",
        )
    configuration.host = choice.server
    configuration.connection_pool_maxsize = 16
    try:
        _check_certificates(configuration)
        api = kubernetes.client.ApiClient(configuration)
    except (OSError, ValueError, urllib3.exceptions.HTTPError) as error:
        raise ConfigError(
            f"Context {choice.context} has certificates that cannot be used: {_first_line(error)}."
        ) from None
    return KubernetesClient(api, choice, as_user=as_user, as_groups=as_groups, timeout=timeout)


def _check_certificates(configuration: Any) -> None:
    """Load the certificates once, so that broken ones are told apart from those that the server does not like."""
    trial = ssl.create_default_context()
    if configuration.ssl_ca_cert:
        trial.load_verify_locations(configuration.ssl_ca_cert)
    if configuration.cert_file:
        trial.load_cert_chain(configuration.cert_file, configuration.key_file)


class _Collect(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextlib.contextmanager
def _captured_logging() -> Iterator[list[str]]:
    """The library reports failing credential programs to the root logger only."""
    root, handler = logging.getLogger(), _Collect()
    before = root.handlers[:]
    root.handlers[:] = [handler]
    try:
        yield handler.said
    finally:
        root.handlers[:] = before


def _first_line(error: object) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
