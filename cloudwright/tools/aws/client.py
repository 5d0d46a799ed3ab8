"""The connection to one AWS account: boto3 clients, the pinned identity, and vendor errors wrapped once."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from cloudwright.core.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    InvalidArguments,
    NotFound,
    ToolError,
    Unauthenticated,
    Unreachable,
)
from cloudwright.policies.iam.lazy import Lazy

boto3: Any = Lazy("boto3")
botocore: Any = Lazy("botocore.session")
vendor: Any = Lazy("botocore.exceptions")
config: Any = Lazy("botocore.config")

METADATA_SERVICE = "http://169.254.169.254"
METADATA_LIMIT_S = 0.25

_MISSING = (
    "NoSuchEntity",
    "NoSuchBucketPolicy",
    "NoSuchBucket",
    "NoSuchKey",
    "NotFoundException",
    "ResourceNotFoundException",
)
_DENIED = (
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "AuthorizationError",
    "Client.UnauthorizedOperation",
)
_BAD_LOGIN = (
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "ExpiredToken",
    "UnrecognizedClientException",
    "AuthFailure",
)
_BUSY = ("EntityAlreadyExists", "ConcurrentModification", "LimitExceeded", "DeleteConflict", "OperationAborted")
_INVALID = ("MalformedPolicyDocument", "MalformedPolicy", "ValidationError", "InvalidInput", "InvalidArgument")


class AwsClient:
    """boto3 clients of one session. `session` holds credentials and region; endpoints follow AWS_ENDPOINT_URL.

    Nothing is loaded, read or sent before the first use. `timeout` is in seconds, for one request.
    """

    def __init__(self, session: Any | None = None, endpoint_url: str | None = None, timeout: float = 30.0) -> None:
        self._given = session
        self._endpoint = endpoint_url
        self._timeout = timeout
        self._clients: dict[str, Any] = {}

    @cached_property
    def _session(self) -> Any:
        return self._given or default_session()

    def service(self, name: str) -> Any:
        """The boto3 client of a service, made once."""
        if name not in self._clients:
            with wrapped(f"The AWS client for {name}"):
                self._clients[name] = self._session.client(
                    name,
                    region_name=self._session.region_name or "us-east-1",
                    endpoint_url=self._endpoint,
                    config=config.Config(connect_timeout=min(self._timeout, 10.0), read_timeout=self._timeout),
                )
        return self._clients[name]

    @cached_property
    def identity(self) -> str:
        """The ARN that calls are made as."""
        with wrapped("sts:GetCallerIdentity"):
            return str(self.service("sts").get_caller_identity()["Arn"])

    @property
    def account(self) -> str:
        """The account that calls are made in."""
        return self.identity.split(":")[4]


def default_session() -> Any:
    """boto3's usual search for credentials, which is not held up where there are none.

    The last place that it asks is the metadata service of a cloud machine. Where that exists it can be reached within
    milliseconds; where it cannot within `METADATA_LIMIT_S` it is not asked.
    """
    session = botocore.Session()
    session.get_component("credential_provider").remove("iam-role")
    if session.get_credentials() is None and _metadata_can_be_reached(session):
        return boto3.Session()
    return boto3.Session(botocore_session=session)


def _metadata_can_be_reached(session: Any) -> bool:
    endpoint = urlsplit(session.get_config_variable("ec2_metadata_service_endpoint") or METADATA_SERVICE)
    try:
        with socket.create_connection((endpoint.hostname, endpoint.port or 80), timeout=METADATA_LIMIT_S):
            return True
    except OSError:
        return False


@contextmanager
def wrapped(what: str) -> Iterator[None]:
    """Turn errors of boto3 into the tool errors.

    Raises:
        ToolError: the fitting branch, with the vendor's message.
    """
    try:
        yield
    except vendor.ClientError as error:
        raise _tool_error(what, error) from None
    except vendor.NoCredentialsError:
        raise Unauthenticated(
            "There are no AWS credentials.", hint="Set AWS_PROFILE or the AWS_ACCESS_KEY_ID pair."
        ) from None
    except (vendor.ProfileNotFound, vendor.PartialCredentialsError, vendor.CredentialRetrievalError) as error:
        raise Unauthenticated(f"{what}: {error}.", hint="Check AWS_PROFILE and the credentials behind it.") from None
    except vendor.ParamValidationError as error:
        raise InvalidArguments(f"{what}: {' '.join(str(error).split())}.") from None
    except vendor.BotoCoreError as error:
        raise Unreachable(f"{what}: {error}.") from None


def _tool_error(what: str, error: Any) -> ToolError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    message = str(error.response.get("Error", {}).get("Message", "")) or code
    kinds: list[tuple[tuple[str, ...], type[ToolError]]] = [
        (_MISSING, NotFound),
        (_DENIED, Forbidden),
        (_BAD_LOGIN, Unauthenticated),
        (_BUSY, Conflict),
        (_INVALID, InvalidArguments),
    ]
    kind = next((kind for codes, kind in kinds if code in codes), BadAnswer)
    return kind(f"{what}: {message.rstrip('.')}.")
