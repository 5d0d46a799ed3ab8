"""Which names promise a secret value, and which only sound so."""

import re

_SECRET_WORDS = (
    r"pass(?:word|wd|phrase|wrd)?|pwd|pw|secrets?|tokens?|credentials?|creds?|auth|apikey|api_?key|access_?key|"
    r"secret_?key|private_?key|signing_?key|encryption_?key|master_?key|account_?key|shared_?access_?key|storage_?key|"
    r"client_?key_?data|client_?certificate_?data|ssh_?key|license_?key|session_?key|deploy_?key|service_?key|"
    r"hmac|salt|pepper|bearer|jwt|dsn|connection_?string|conn_?str|requirepass|masterauth|sas|signature|"
    r"otp|totp_?seed|seed_?phrase|mnemonic|pin|psk|passkey|webhook_?url|database_?url|redis_?url|dockerconfigjson|dockercfg|"
    r"htpasswd|netrc|pgpass|keytab|cert_?key|tls_?key|unseal_?key|root_?key|auth_?key|fernet_?key|cookie_?key|sig|"
    r"creds_?seed|private_?key_?id|secret_?key_?base|password_?command"
)
_ENDS_IN_SECRET = re.compile(
    rf"(?:^|_)(?:{_SECRET_WORDS})s?(?:_?\d+|_b64|_base64|_value|_old|_new|_primary|_secondary)?$"
)
_GLUED = re.compile(
    r"(?:password|passwd|passphrase|apikey|authtoken|accesstoken|secretkey)s?$|"
    r"(?:^|_)(?:key|trust)?(?:store|key|db|user|admin|root|bind|smtp|my|pg|redis|ldap)(?:pass|pw)$"
)
_WEAK = re.compile(r"(?:^|_)(?:keys?|tokens)$")
_REFERENCE = re.compile(
    r"(?:^|_)(?:existing_secret|pull_secret|auth_secret_ref|tls_secret)$|\.[a-z]+/(?:[a-z-]*-)?secret$"
)
_OPEN = re.compile(
    r"(?:^|_)(?:public|primary|partition|sort|foreign|unique|cache|object|map|config|label|annotation|topology|index|"
    r"group|shard|hash|row|composite|natural|idempotency|lookup|data|file|s3|item|ssh_host|known|match|selector|feature)_keys?$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_INNOCENT_END = re.compile(
    r"_(?:file|path|dir|name|names|ref|refs|namespace|id|ids|type|kind|ttl|expiry|expires?|expiration|expires_at|"
    r"expires_in|expiration_seconds|seconds|minutes|hours|days|length|len|size|count|limit|enabled|disabled|required|"
    r"policy|url|uri|endpoint|host|port|header|field|param|prefix|suffix|version|algorithm|alg|method|mode|provider|"
    r"backend|store|manager|rotation|age|created_at|updated_at|hash_algorithm|format|encoding|issuer|audience|audiences|"
    r"bucket|bucket_size|rate|mount|volume|class|engine|key_name|key_id|reset|status|state|error|errors|scopes?)$"
)


def words_of(name: str) -> str:
    """A name in lower snake case: `dbPassword`, `DB-PASSWORD` and `db.password` all give `db_password`."""
    return re.sub(r"[^a-z0-9]+", "_", _CAMEL.sub("_", name).lower()).strip("_")


def promises_secret(name: str) -> bool:
    """Whether a key, variable or flag of this name holds a secret value rather than a name, path or setting of one."""
    if not name or len(name) > 200:
        return False
    words = words_of(name)
    if words.endswith("tokens") or _REFERENCE.search(words) or _REFERENCE.search(name):
        return False
    if _INNOCENT_END.search(words) and not words.endswith("private_key_id"):
        return False
    return bool(_ENDS_IN_SECRET.search(words) or _GLUED.search(words))


def may_hold_secret(name: str) -> bool:
    """Whether a name ends in `key` of an unknown sort: then the look of the value decides."""
    words = words_of(name)
    return bool(_WEAK.search(words)) and words not in ("key", "keys") and not _OPEN.search(words)
