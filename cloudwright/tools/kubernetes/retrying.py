"""Which requests are sent again, and when: reads whose connection broke or that were turned away; writes never."""

from typing import Any, Self

import urllib3


class _Retry(urllib3.Retry):
    """Repeats reads whose connection broke or that were turned away, but never waits twice for a silent server."""

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        if isinstance(error, urllib3.exceptions.ReadTimeoutError | urllib3.exceptions.ConnectTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


READ_RETRIES = _Retry(
    total=4,
    connect=2,
    read=2,
    status=2,
    redirect=0,
    status_forcelist=(429,),
    allowed_methods=("GET",),
    backoff_factor=0.1,
    respect_retry_after_header=True,
    retry_after_max=2,
    raise_on_status=False,
    raise_on_redirect=False,
)
NO_RETRIES = urllib3.Retry(total=False, redirect=False)
