"""Reads from log lines what a program could not reach, open or do: (reason, host, port, detail)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import well
from cloudwright.diagnosis.observations import LogText, NoLogs
from cloudwright.diagnosis.pods import containers, deleting, finished
from cloudwright.diagnosis.view import ClusterView


class Reason(StrEnum):
    """Closed set of reasons that logs are read for."""

    NAME_UNKNOWN = "name not resolved"
    REFUSED = "connection refused"
    TIMEOUT = "timed out"
    UNREACHABLE = "no route"
    RESET = "connection reset"
    CREDENTIALS = "credentials rejected"
    NOT_AUTHORIZED = "not authorized"
    READ_ONLY = "database is read-only"
    TOO_MANY_CONNECTIONS = "too many connections"
    POOL_EXHAUSTED = "connection pool exhausted"
    DATABASE_MISSING = "database object missing"
    LOCKED = "lock timeout"
    STORE_FULL = "memory limit of the store reached"
    TLS_EXPIRED = "certificate expired"
    TLS_UNTRUSTED = "certificate not trusted"
    TLS_NAME = "certificate for another name"
    TLS = "TLS handshake failed"
    PROTOCOL = "protocol mismatch"
    UNIMPLEMENTED = "call not implemented by server"
    FORBIDDEN = "forbidden by the API server"
    RATE_LIMITED = "rate limited"
    UNAVAILABLE = "upstream unavailable"
    ADDRESS_IN_USE = "address already in use"
    FILE_DENIED = "file permission denied"
    FILE_MISSING = "file missing"
    FILE_READ_ONLY = "file system is read-only"
    NO_SPACE = "no space left"
    TOO_MANY_FILES = "too many open files"
    OUT_OF_MEMORY = "out of memory"
    EXEC_FORMAT = "exec format error"
    API_MISSING = "API version not served"
    PORT_DENIED = "port not allowed"
    SETTING_MISSING = "required setting missing"
    SETTING_INVALID = "setting invalid"


NETWORK = frozenset({
    Reason.NAME_UNKNOWN, Reason.REFUSED, Reason.TIMEOUT, Reason.UNREACHABLE, Reason.RESET, Reason.UNAVAILABLE,
})  # fmt: skip


@dataclass(frozen=True)
class LogError:
    """One kind of error in one log: how often, the last line of it, and where it stands (1.0 is the end of the log)."""

    reason: Reason
    host: str
    port: int
    quote: str
    count: int
    position: float
    log: LogText
    detail: str = ""


_H = r"(?P<host>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)"
_HP = rf"{_H}(?::(?P<port>\d{{1,5}}))?"
_TABLE: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    (Reason.FORBIDDEN, (
        r"is forbidden: User \\?\"(?P<detail>system:serviceaccount:[^\"\\]+)\\?\" cannot \w+ resource",
        r"cannot (?:get|list|watch|create|update|patch|delete) [a-z]+ in (?:the )?(?:namespace )?[\w-]+",
        r"[Ff]ailed to (?:list|watch) \*v\d\w*\.\w+: .*(?:forbidden|403)",
    )),
    (Reason.EXEC_FORMAT, (r"exec format error",)),
    (Reason.API_MISSING, (
        r"no matches for kind \"(?P<detail>[^\"]+)\" in version", r"the server could not find the requested resource(?P<detail>[^\n]{0,60})",
        r"unable to retrieve the complete list of server APIs: (?P<detail>[\w./]+)",
    )),
    (Reason.PORT_DENIED, (
        r"(?:listen|bind)[^\n]{0,60}?:(?P<port>\d{1,4})\b[^\n]{0,40}(?:[Pp]ermission denied|EACCES)",
        r"EACCES[^\n]{0,40}?:(?P<port>\d{1,4})\b", r"[Cc]ould not (?:bind|listen)[^\n]{0,40}:(?P<port>\d{1,4})\b[^\n]{0,40}[Pp]ermission",
    )),
    (Reason.ADDRESS_IN_USE, (
        r"(?:listen|bind)[^\n]{0,60}?:(?P<port>\d{1,5})\b[^\n]{0,60}(?:address already in use|in use)",
        r"EADDRINUSE[^\n]*?:(?P<port>\d{1,5})\b",
        r"(?:[Aa]ddress already in use|[Aa]ddress in use|EADDRINUSE|Only one usage of each socket address)",
        r"[Pp]ort (?P<port>\d{1,5}) (?:was |is )?already in use",
    )),
    (Reason.NAME_UNKNOWN, (
        rf"lookup {_H}(?: on \S+)?: (?:no such host|server misbehaving|i/o timeout|Temporary failure|read udp)",
        rf"UnknownHostException: {_H}",
        rf"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) {_H}",
        rf"could not translate host name \"{_H}\"",
        rf"[Cc]ould(?:n't| not) resolve (?:host|hostname|proxy):? ['\"]?{_H}",
        rf"bad address ['\"]{_H}(?::(?P<port>\d+))?['\"]",
        rf"host not found in upstream \"{_HP}",
        rf"(?:can't resolve|unable to resolve(?: host)?(?: address)?|[Ff]ailed to resolve) ['\"]?{_H}",
        rf"DNS resolution failed for (?:service:? )?['\"]?{_HP}",
        rf"Error {_H}:(?P<port>\d+)?[. ].*Name or service not known",
        rf"connecting to {_HP}\. (?:-2|-3|Name)",
        rf"Host ['\"]{_H}['\"] not found",
        r"(?:Name or service not known|Temporary failure in name resolution|Name does not resolve|NXDOMAIN|nodename nor servname)",
    )),
    (Reason.TOO_MANY_CONNECTIONS, (
        r"Too many connections", r"too many clients already", r"remaining connection slots are reserved",
        r"max number of clients reached", r"max_user_connections", r"too many connections for (?:role|database)",
    )),
    (Reason.READ_ONLY, (
        r"--(?:super-)?read-only", r"read[_-]only transaction", r"READONLY You can't write",
        r"(?:not master and|NotWritablePrimary|not primary)", r"super_read_only", r"database is (?:in )?read[- ]only",
        r"Connection is read-only",
    )),
    (Reason.CREDENTIALS, (
        r"Access denied for user '(?P<detail>[^']*)'",
        r"password authentication failed for user \"?(?P<detail>[^\"\s]*)",
        r"no pg_hba\.conf entry", r"role \"[^\"]*\" does not exist",
        r"(?:NOAUTH|WRONGPASS|ERR invalid password|ERR AUTH)",
        r"ACCESS_REFUSED", r"SaslAuthenticationException", r"SASL authentication failed",
        r"(?:MongoServerError: )?Authentication failed", r"[Ii]nvalid (?:username or password|credentials)",
        r"Login failed for user", r"InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken",
        r"authentication handshake failed(?!.*(?:tls|x509))", r"bad auth(?:entication)?\b",
        r"\b401 Unauthorized", r"status(?: code)?[ :=]+401\b", r"[Ll]og ?in (?:at|to|for|as) [^\n]{0,60}(?:refused|failed|denied|rejected)",
    )),
    (Reason.NOT_AUTHORIZED, (
        r"not authorized on \S+ to execute", r"permission denied for (?:table|relation|schema|database|sequence)",
        r"(?:command denied to user|INSERT command denied)", r"NOPERM",
    )),
    (Reason.DATABASE_MISSING, (
        r"(?:relation|database|schema) \"(?P<detail>[^\"]+)\" does not exist", r"Unknown database '(?P<detail>[^']+)'",
        r"Table '(?P<detail>[^']+)' doesn't exist",
    )),
    (Reason.LOCKED, (r"Lock wait timeout exceeded", r"due to lock timeout", r"database is locked", r"[Dd]eadlock (?:found|detected)")),
    (Reason.STORE_FULL, (r"OOM command not allowed when used memory", r"out of memory storing object")),
    (Reason.POOL_EXHAUSTED, (
        r"Connection is not available, request timed out after", r"QueuePool limit", r"(?:connection )?pool (?:is )?exhausted",
        r"PoolExhausted", r"[Tt]imeout (?:waiting for (?:idle object|connection from pool)|acquiring (?:a )?connection)",
    )),
    (Reason.TLS_EXPIRED, (r"certificate has expired(?: or is not yet valid)?", r"CertificateExpiredException", r"certificate expired")),
    (Reason.TLS_NAME, (r"certificate is (?:not )?valid for [^\n]{0,120}", r"doesn't match any of the subject alternative", r"[Hh]ostname mismatch",
                       r"cannot validate certificate for")),
    (Reason.TLS_UNTRUSTED, (
        r"signed by unknown authority", r"self[- ]signed certificate", r"unable to get local issuer certificate",
        r"PKIX path building failed", r"CERTIFICATE_VERIFY_FAILED", r"unknown ca",
    )),
    (Reason.PROTOCOL, (
        r"server gave HTTP response to HTTPS client", r"first record does not look like a TLS handshake",
        r"malformed HTTP (?:response|status|version)", r"Unexpected HTTP/1\.x request", r"wrong version number",
        r"error reading server preface", r"client sent an HTTP request to an HTTPS server", r"HTTP/0\.9",
        r"Possible SECURITY ATTACK detected", r"invalid (?:frame|preface|magic)", r"packets out of order",
    )),
    (Reason.TLS, (r"SSLHandshakeException", r"tls: (?:handshake failure|bad certificate|internal error|certificate required)",
                  r"SSL (?:alert|handshake|routines)", r"TLS handshake (?:failed|error|timeout)")),
    (Reason.UNIMPLEMENTED, (r"code = Unimplemented", r"StatusCode\.UNIMPLEMENTED", r"UNIMPLEMENTED:")),
    (Reason.REFUSED, (
        r"can't connect to remote host \((?P<host>[\d.]+)\): Connection refused",
        rf"dial tcp(?: \[?[\w.:]*\]?:\d+->)? ?{_HP}: connect: connection refused",
        r"ECONNREFUSED (?P<host>[\w.-]+):(?P<port>\d+)",
        rf"connection to server at \"{_H}\"[^\n]*, port (?P<port>\d+) failed: Connection refused",
        rf"[Ff]ailed to connect to {_H} port (?P<port>\d+)",
        rf"[Cc]an'?t connect to (?:MySQL )?server on '{_H}(?::(?P<port>\d+))?'",
        rf"Error (?:\d+ )?connecting to {_HP}", rf"Connection refused: {_H}/[\d.]+:(?P<port>\d+)",
        rf"[Cc]onnect(?:ing|ion)?[^\n]{{0,40}}? to {_HP}[^\n]{{0,80}}(?:[Cc]onnection refused)",
        rf"UnableToConnect on {_HP}",
        r"[Cc]onnection refused", r"ConnectionRefusedError", r"ECONNREFUSED",
    )),
    (Reason.TIMEOUT, (
        rf"dial tcp {_HP}: (?:i/o timeout|connect: connection timed out)",
        r"(?:connect )?ETIMEDOUT (?P<host>[\w.-]+):(?P<port>\d+)",
        rf"connection to server at \"{_H}\"[^\n]*, port (?P<port>\d+) failed: (?:Connection timed out|timeout)",
        rf"connect(?:ing)? to {_HP}[^\n]{{0,60}}timed out", rf"serverEndpoint: {_HP}",
        rf"[Tt]imed? ?out[^\n]{{0,60}} connecting to {_HP}",
        r"[Cc]onnect(?:ion)? timed out", r"ConnectTimeout(?:Exception|Error)?", r"download timed out",
        r"upstream timed out", r"(?:context deadline exceeded|code = DeadlineExceeded|DEADLINE_EXCEEDED)",
    )),
    (Reason.UNREACHABLE, (rf"dial tcp {_HP}: connect: no route to host", r"[Nn]o route to host", r"EHOSTUNREACH", r"[Nn]etwork is unreachable")),
    (Reason.RESET, (r"[Cc]onnection reset by peer", r"ECONNRESET", r"[Cc]ommunications link failure", r"broken pipe")),
    (Reason.RATE_LIMITED, (r"429 Too Many Requests", r"RESOURCE_EXHAUSTED|ResourceExhausted", r"rate limit(?:ed)? exceeded", r"ThrottlingException")),
    (Reason.UNAVAILABLE, (r"503 Service (?:Temporarily )?Unavailable", r"502 Bad Gateway", r"no healthy upstream", r"upstream connect error",
                          r"code = Unavailable")),
    (Reason.NO_SPACE, (r"[Nn]o space left on device", r"ENOSPC", r"[Dd]isk (?:is )?full", r"could not extend file")),
    (Reason.TOO_MANY_FILES, (r"[Tt]oo many open files", r"EMFILE", r"ENFILE")),
    (Reason.FILE_READ_ONLY, (r"[Rr]ead-only file system(?::? ['\"]?(?P<detail>/[^'\"\s:]*))?", r"EROFS")),
    (Reason.FILE_DENIED, (
        r"(?:[Oo]pen|[Ww]rite|[Rr]ead|[Mm]kdir|[Cc]reat\w*|chmod|chown|unlink|EACCES|cannot|can't|Cannot|[Ff]ailed)[^\n]{0,120}?"
        r"(?:[Pp]ermission denied|[Oo]peration not permitted)(?:[:,]? ['\"](?P<detail>/[^'\"]+)['\"])?",
        r"PermissionError: \[Errno 13\] Permission denied: ['\"](?P<detail>[^'\"]+)", r"AccessDeniedException: (?P<detail>/\S+)",
        r"\((?:13: )?Permission denied\)", r"Permission denied",
    )),
    (Reason.OUT_OF_MEMORY, (r"OutOfMemoryError", r"heap out of memory", r"Cannot allocate memory", r"std::bad_alloc", r"MemoryError")),
    (Reason.SETTING_MISSING, (
        r"KeyError: ['\"](?P<detail>[A-Z][A-Z0-9_]{2,})['\"]",
        r"(?:environment variable|env var|env|setting|config(?:uration)? key|variable)s? ['\"`]?(?P<detail>[A-Za-z][\w.]+)['\"`]? "
        r"(?:(?:is |was )?(?:not set|not defined|missing|required|unset|empty|undefined)|must be (?:set|provided))",
        r"(?:missing|required|undefined)(?: required)? (?:environment variable|env var|setting|config(?:uration)?(?: key)?)s?:? ['\"`]?(?P<detail>[A-Za-z][\w.]+)",
        r"\b(?P<detail>[A-Z][A-Z0-9_]{3,})\b:? (?:parameter not set|is not set|not set|is required|must be set|is missing|is undefined|is unset)",
        r"Could not resolve placeholder '(?P<detail>[^']+)'",
    )),
    (Reason.SETTING_INVALID, (
        r"(?:invalid|illegal|bad|malformed|cannot parse|failed to parse|could not parse|unable to parse)[^\n]{0,30}"
        r"(?:config(?:uration)?|setting|value|yaml|json|toml|directive|option|port|url)\b[^\n]{0,80}",
        r"(?:unknown directive|unexpected end of file|\[emerg\])[^\n]{0,80}", r"yaml: line \d+", r"unknown (?:flag|option|argument|command)[^\n]{0,60}",
        r"unrecognized (?:option|arguments?)[^\n]{0,60}",
    )),
    (Reason.FILE_MISSING, (
        r"(?:open|stat|read|lstat|chdir) (?P<detail>/[^\s:]+): no such file or directory",
        r"No such file or directory: ['\"](?P<detail>[^'\"]+)", r"ENOENT[^\n]*['\"](?P<detail>/[^'\"]+)['\"]",
        r"(?P<detail>/[\w./-]+): (?:No such file or directory|not found)", r"can't open (?:file )?['\"]?(?P<detail>/?[\w./-]+)['\"]?: ",
        r"FileNotFoundException: (?P<detail>/\S+)",
    )),
)  # fmt: skip
_PATTERNS = tuple((reason, tuple(re.compile(item) for item in patterns)) for reason, patterns in _TABLE)
_QUICK = re.compile(
    r"error|fail|denied|refus|timed?.?out|timeout|unreach|no route|reset|unknown|resol|expire|certif|tls|ssl|read-?_?only|"
    r"too many|forbidden|not found|no such|in use|inuse|no space|enospc|exhaust|auth|missing|required|not set|invalid|"
    r"exception|unable|cannot|can't|bad |malformed|unimplemented|econn|eacces|exec format|out of memory|bad_alloc|refused|emerg|"
    r"locked|deadlock|unavailable|deadline|emfile|429|50[23]|not exist|doesn't|keyerror|UnableToConnect|serverEndpoint|NXDOMAIN|"
    r"gave http|http request|no matches|unexpected http|http/0\.9|preface|first record|out of order|magic|attack|pg_hba|primary|not master|"
    r"401|reserved|max number|max_user|queuepool|noperm|healthy upstream|could not|full|erofs|enfile|yaml: line|unrecogni|"
    r"undefined|unset|empty|must be|broken pipe|illegal|option|heap|not allowed",
    re.I,
)


def read_line(line: str) -> tuple[Reason, str, int, str] | None:
    """Reason, host, port (0: not said) and detail of an error line; None for other lines."""
    line = line[:4_000]
    if not _QUICK.search(line):
        return None
    for reason, patterns in _PATTERNS:
        for pattern in patterns:
            match = pattern.search(line)
            if match:
                groups = match.groupdict()
                port = int(groups.get("port") or 0)
                return reason, (groups.get("host") or "").strip("."), port, groups.get("detail") or ""
    return None


def read_log(log: LogText) -> list[LogError]:
    """The errors of a log, grouped by reason, host, port and detail, in the order of their last lines."""
    found: dict[tuple[Reason, str, int, str], LogError] = {}
    total = max(len(log.lines), 1)
    for index, line in enumerate(log.lines):
        parsed = read_line(line)
        if parsed is None:
            continue
        reason, host, port, detail = parsed
        before = found.pop(parsed, None)
        count = before.count + 1 if before else 1
        found[parsed] = LogError(reason, host, port, line.strip()[:400], count, (index + 1) / total, log, detail)
    return _with_hosts(list(found.values()))


def _with_hosts(errors: Sequence[LogError]) -> list[LogError]:
    """Give errors without a host the one that other lines of the same reason in the log name, if it is the only one."""
    hosts: dict[Reason, set[tuple[str, int]]] = {}
    for item in errors:
        if item.host:
            hosts.setdefault(item.reason, set()).add((item.host, item.port))
    result = []
    for item in errors:
        known = hosts.get(item.reason, set())
        if not item.host and len(known) == 1:
            host, port = next(iter(known))
            item = replace(item, host=host, port=item.port or port)
        result.append(item)
    return result


def workload_logs(view: ClusterView, workload: Object, limit: int = 4) -> Iterator[LogText]:
    """Logs of a workload: of its least healthy Pods first (at most `limit`), the previous run where it restarted."""
    if isinstance(view.observations.logs, NoLogs):
        return
    namespace = f.namespace(workload)
    yield from view.observations.logs.of_workload(namespace, f.name(workload))
    pods = [pod for pod in view.pods_of(workload) if not (deleting(pod) and finished(pod))]
    pods.sort(key=lambda pod: (f.condition_is(pod, "Ready", "True"), f.text(pod, "metadata", "creationTimestamp")))
    for pod in pods[:limit]:
        for item in containers(pod):
            if not item.running and not item.terminated:
                continue
            if item.restarts:
                before = view.observations.logs.of_pod(namespace, f.name(pod), item.name, previous=True)
                if before is not None:
                    yield before
            text = view.observations.logs.of_pod(namespace, f.name(pod), item.name)
            if text is not None:
                yield text


def workload_errors(view: ClusterView, workload: Object) -> list[LogError]:
    """Errors in a workload's logs and termination messages; read once per view."""
    cache: dict[int, list[LogError]] = view.__dict__.setdefault("_log_errors", {})
    found = cache.get(id(workload))
    if found is None:
        found = list(_unique(item for log in workload_logs(view, workload) for item in read_log(log)))
        found += _termination_messages(view, workload)
        cache[id(workload)] = found
    return found


def _termination_messages(view: ClusterView, workload: Object) -> list[LogError]:
    found = []
    for pod in view.pods_of(workload)[:4]:
        for item in () if well(pod) else containers(pod):
            message = f.text(item.terminated, "message")
            if message:
                log = LogText(f.namespace(pod), f.name(pod), item.name, tuple(message.splitlines()), previous=True)
                found += read_log(log)
    return found


def _unique(errors: Iterable[LogError]) -> list[LogError]:
    found: dict[tuple[Reason, str, int, str, str], LogError] = {}
    for item in errors:
        key = (item.reason, item.host, item.port, item.detail, item.log.container)
        before = found.get(key)
        if before is None:
            found[key] = item
        else:
            best = item if item.position >= before.position else before
            found[key] = replace(best, count=before.count + item.count)
    return list(found.values())
