"""What secrets look like. Each pattern captures the part that is masked in a group called `secret`.

Prefixes of vendors' keys are those that the vendors document for secret scanning.
"""

import re

_VENDOR_KEYS = (
    r"(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z0-9]{16}",
    r"AIza[0-9A-Za-z_-]{35}",
    r"ya29\.[0-9A-Za-z_-]{20,}",
    r"1//0[0-9A-Za-z_-]{20,}",
    r"GOCSPX-[0-9A-Za-z_-]{20,}",
    r"gh[pousr]_[0-9A-Za-z]{20,}",
    r"github_pat_[0-9A-Za-z_]{20,}",
    r"gl(?:pat|ptt|dt|rt|cbt|ft|soat|agent|oas)-[0-9A-Za-z_.-]{16,}",
    r"xox[abeoprs]-[0-9A-Za-z-]{10,}",
    r"xapp-[0-9A-Za-z-]{10,}",
    r"(?:sk|rk)_(?:live|test)_[0-9A-Za-z]{10,}",
    r"whsec_[0-9A-Za-z+/=_-]{16,}",
    r"sk-(?:proj-|ant-|or-|live-|svcacct-|admin-)?[0-9A-Za-z_-]{16,}",
    r"hf_[0-9A-Za-z]{20,}",
    r"npm_[0-9A-Za-z]{30,}",
    r"pypi-[0-9A-Za-z_-]{30,}",
    r"SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}",
    r"(?:SK|AC)[0-9a-f]{32}",
    r"key-[0-9a-f]{32}",
    r"do[ops]_v1_[0-9a-f]{32,}",
    r"hv[sbr]\.[0-9A-Za-z_-]{20,}",
    r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[a-z0-9_-]+\.)?[0-9A-Za-z]{20,}",
    r"AKCp[0-9A-Za-z]{40,}",
    r"(?<![.-])(?=[a-z]*\d)[a-z0-9]{6}\.(?=[a-z]*\d)[a-z0-9]{16}(?![.-])",
    r"(?<!-)[0-9A-Za-z+/]{86}==",
    r"dapi[0-9a-f]{32}",
    r"AGE-SECRET-KEY-1[0-9A-Z]{20,}",
    r"\d{8,10}:AA[0-9A-Za-z_-]{30,}",
    r"NRAK-[0-9A-Z]{20,}",
    r"gl(?:sa|c)_[0-9A-Za-z_=+/-]{20,}",
    r"lin_api_[0-9A-Za-z]{20,}",
    r"sq0[a-z]{3}-[0-9A-Za-z_-]{20,}",
    r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{20,}",
    r"ATATT3[0-9A-Za-z_=-]{20,}",
    r"ATCTT3[0-9A-Za-z_=-]{20,}",
    r"pscale_(?:tkn|pw|oauth)_[0-9A-Za-z_.-]{20,}",
    r"nfp_[0-9A-Za-z]{20,}",
    r"HRKU-[0-9A-Za-z_-]{20,}",
    r"PMAK-[0-9a-f-]{30,}",
    r"rubygems_[0-9a-f]{30,}",
    r"dckr_pat_[0-9A-Za-z_-]{20,}",
    r"tfp_[0-9A-Za-z]{20,}",
    r"(?<=\.)atlasv1\.[0-9A-Za-z_=-]{20,}",
    r"sntrys_[0-9A-Za-z_=+/-]{20,}",
    r"phc_[0-9A-Za-z]{20,}",
    r"[0-9A-Za-z_~.-]{3}\dQ~[0-9A-Za-z_~.-]{31,34}",
    r"eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{4,}\.[0-9A-Za-z_-]*",
    r"\$(?:2[abxy]\$\d\d\$[./0-9A-Za-z]{53}|(?:1|5|6|y|apr1|argon2id?)\$[^\s:'\"]{8,})",
    r"\{(?:SHA|SSHA)(?:256|512)?\}[0-9A-Za-z+/=]{16,}",
)

VENDOR_KEY = re.compile(r"(?<![0-9A-Za-z_])(?P<secret>" + "|".join(_VENDOR_KEYS) + r")(?![0-9A-Za-z])")

PEM = re.compile(
    r"(?P<secret>-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----END)[\s\S])*(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|$))"
)

AWS_SECRET = re.compile(r"(?<![0-9A-Za-z/+=_.-])(?P<secret>[0-9A-Za-z/+]{40})(?![0-9A-Za-z/+=_.-])")
"""Forty base64 characters; `looks_random` sorts out hashes and paths."""

URL_PASSWORD = re.compile(
    r"\b[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@\"'<>]*:(?!\d{1,5}(?:[/?#]|$))(?P<secret>[^\s\"'<>?]+)@"
    r"(?=[\w.\[\]%$()-]+(?:[:/?#,;\s\"'}\])]|$))"
)
"""Greedy up to the last `@`, because passwords may hold `@` and `/`; a port right after the host is none."""

URL_TOKEN = re.compile(r"\b[a-z][a-z0-9+.-]*://(?P<secret>[^\s/:@\"'<>]{16,})@(?=[\w.-]+)")
WEBHOOK = re.compile(
    r"https?://(?:hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/\d+/|"
    r"[\w.-]*webhook\.office\.\w+/(?:webhookb2/)?)(?P<secret>[0-9A-Za-z_/@-]{12,})"
)
AUTH_HEADER = re.compile(
    r"(?i)\b(?:proxy-)?authorization[\"']?\s*[:=]\s*[\"']?(?:(?:basic|bearer|token|apikey|digest|negotiate|aws4-hmac-sha256)\s+)?"
    r"(?P<secret>[^\s\"',;]{6,})"
)
BEARER = re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<secret>[0-9A-Za-z_.~+/=-]{16,})(?![0-9A-Za-z])")
COOKIE = re.compile(
    r"(?i)\b(?:set-)?cookie[\"']?\s*[:=]\s*[\"']?(?P<secret>(?=[^\r\n\"']*(?:=[^;\s\"']{16,}|(?:sess|sid|auth|token|jwt|csrf|"
    r"remember)[\w.-]*=))[^\s=;\"']+=[^\r\n\"']+)"
)
NETRC = re.compile(r"(?i)\blogin\s+\S+\s+password\s+(?P<secret>\S+)")
SQL_PASSWORD = re.compile(
    r"(?i)\b(?:identified\s+by|with\s+(?:encrypted\s+)?password|set\s+password\s*(?:=|to))\s*'(?P<secret>[^']+)'"
)
SERVER_AUTH = re.compile(
    r"(?i)(?:^|\s)(?:requirepass|masterauth|AUTH)\s+(?P<secret>(?!(?:failed|error|required|ok|is|was|no|token|method|mode|service|provider|plugin|to|for|from|with|and|not|succeeded|disabled|enabled|denied|request|header|server|handler)\b)[^\s:=]{6,})"
)
SHORT_FLAG = re.compile(
    r"(?:\b(?:mysql|mysqldump|mysqladmin|mariadb|sshpass|mongo|mongosh|mongodump|7za?|unzip|zip)\b[^\n|;&]*?\s-p\s?|"
    r"\bredis-cli\b[^\n|;&]*?\s-a\s+|\b(?:docker|podman|helm|skopeo|az|oc)\b[^\n|;&]*?login\b[^\n|;&]*?\s-p\s+|"
    r"\b(?:curl|wget|http)\b[^\n|;&]*?\s(?:-u|--user)[ =]\s*['\"]?[^\s:'\"]+:|\bldap\w+\b[^\n|;&]*?\s-w\s+|"
    r"\bhtpasswd\b\s+-\w*b\w*\s+\S+\s+\S+\s+|\brabbitmqctl\b[^\n|;&]*?(?:add_user|change_password)\s+\S+\s+|"
    r"\bsnmp\w+\b[^\n|;&]*?\s-[AX]\s+)"
    r"(?P<secret>'[^']+'|\"[^\"]+\"|[^\s'\"]+)"
)
SPOKEN = re.compile(
    r"(?i)\b(?:(?:password|passwd|passphrase|token|api key|pin)\b(?:\s+for\s+[\w@.-]+)?(?:\s+(?:is|was)\b\s*:?|\s*[=:])?|"
    r"secret\s+(?:is|was)\b)\s*(?<!\w)(?P<quote>['\"`])(?P<secret>[^'\"`\n]{4,})(?P=quote)"
)
SPOKEN_BARE = re.compile(
    r"(?i)\b(?:password|passwd|passphrase|api key)\s+(?:for\s+\S+\s+)?"
    r"(?:is generated for \S+|is|was|set to|changed to|reset to|generated|using):?\s+"
    r"(?P<secret>[^\s'\",;]*[\d!@#$%^&*+][^\s'\",;]*)"
)
PAIR = re.compile(
    r"(?i)\bcredentials?\b\s*(?:->|:|=)?\s*[\w.@-]+\s*/\s*(?P<secret>(?=\S*[#!$%^&*]|(?=\S*\d)\S*[A-Z])[^\s'\",;]+)"
)
UNSEAL = re.compile(r"(?i)\b(?:unseal|recovery) key \d+:\s*(?P<secret>\S+)")
QUOTED_KEY = re.compile(r"(?i)\b(?:key|secret)\s+[\"'](?P<secret>(?=[^\"']*\d)[0-9A-Za-z+/=_-]{24,})[\"']")
DIGEST_RESPONSE = re.compile(r"(?i)\bresponse=\"(?P<secret>[0-9a-f]{32,})\"")
XML_VALUE = re.compile(r"<(?P<name>[\w.:-]+)>\s*(?P<secret>[^<>\s][^<>]*?)\s*</(?P=name)>")
NAMED_VALUE = re.compile(
    r"(?:(?:key|name)=[\"'](?P<name>[\w.-]+)[\"']\s+value=|define\(\s*[\"'](?P<constant>\w+)[\"']\s*,\s*)"
    r"(?P<secret>\"[^\"]*\"|'[^']*')"
)
CONFIG_LINE = re.compile(r"(?m)^[ \t]*(?P<name>[A-Za-z][\w.-]*)[ \t]+(?P<secret>[^\s=:]\S*)[ \t]*$")
QUOTED_VALUE = re.compile(r"(?i)\b(?:value|parsing):?\s+\\?\"(?P<secret>[^\"\\\n]+)\\?\"")
IDENTIFIER = re.compile(r"[\"'\[(]?\b(?:env )?[A-Za-z][\w.-]*\b[\"'\])]?")

SHAPES = (
    PEM,
    URL_PASSWORD,
    URL_TOKEN,
    WEBHOOK,
    AUTH_HEADER,
    BEARER,
    COOKIE,
    NETRC,
    SQL_PASSWORD,
    SERVER_AUTH,
    SHORT_FLAG,
    SPOKEN,
    SPOKEN_BARE,
    PAIR,
    UNSEAL,
    QUOTED_KEY,
    DIGEST_RESPONSE,
    VENDOR_KEY,
)

ASSIGNMENT = re.compile(
    r"(?<!\d:)(?P<name>\\?[\"']?[A-Za-z_][\w.\-]*\\?[\"']?)[ \t]*(?P<sep>:=|=>|=|:)[ \t]*(?!\[?\{)"
    r"(?P<secret>\\\"(?:[^\"\\]|\\(?!\"))*\\\"|\"(?:[^\"\\]|\\.)*\"|'[^']*'|<%=.*?%>|[|>][+-]?\n(?:[ \t]+[^\n]*\n?)+|"
    r"(?<==)[^\s\"',;&)}\]][^;\n\"']*(?=;)|[^\s\"',;&)}\]]+)"
)
"""`name=value`, `name: value`, `"name": "value"`, blocks of YAML, `Name=several words;` of connection strings."""

FLAG = re.compile(
    r"(?P<name>(?<![\w-])--?[A-Za-z][\w.-]*)(?:[\"']?[ \t]*,[ \t]*[\"']?|=|[ \t]+)"
    r"(?P<secret>\"(?:[^\"\\]|\\.)*\"|'[^']*'|[^\s\"',;&)}\]-][^\s\"',;&)}\]]*)"
)
"""`--name value`, `--name=value`, `-storepass value`, and neighbours in a list of arguments."""

ENCODED = re.compile(r"(?<![0-9A-Za-z+/_%-])(?P<secret>[0-9A-Za-z+/_-]{16,}={0,2})(?![0-9A-Za-z+/=_-])")
"""Words that may be base64."""

TRIGGER = re.compile(
    r"(?i)pass|pwd|secret|token|cred|auth|key|bearer|basic|cookie|jwt|dsn|conn|salt|pepper|login|identified|://|-----BEGIN|"
    r"eyJ|AKIA|ASIA|AROA|AIDA|AIza|ya29|gh[pousr]_|github_pat|gl[a-z]{2,5}[-_]|xox|xapp|sk[-_]|rk_|whsec|hf_|npm_|pypi-|SG\.|"
    r"do[ops]_v1|hv[sbr]\.|dp\.|dapi|\d:AA|lin_api|sq0|shp|ATATT|ATCTT|pscale|nfp_|Q~|\$\d|\$2|\$y|\$apr1|\$argon|\{S|sig|"
    r"\bpw\b|\bpin\b|otp|seed|mnemonic|psk|GOCSPX|1//0|rubygems|dckr|tfp_|atlasv1|sntrys|phc_|HRKU|NRAK|\s-[pauwPAX]|[a-z0-9]{6}\.[a-z0-9]{16}|response=|snmp|htpasswd|rabbitmqctl|(?:SK|AC)[0-9a-f]{32}|"
    r"[0-9A-Za-z+/_-]{16,}"
)
"""A cheap first look: a text without any of these holds no secret that the patterns above would find."""


INVISIBLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|[\u200b-\u200f\u2060\ufeff\u00ad]")
"""Terminal colours and characters of no width, which could split a name or a secret."""


def looks_random(text: str) -> bool:
    """Whether forty characters look like a secret key rather than a hash in hex, a path or a word."""
    if re.fullmatch(r"[0-9a-fA-F]+", text) or text.count("/") > 4:
        return False
    kinds = (r"[a-z]", r"[A-Z]", r"\d")
    return all(re.search(kind, text) for kind in kinds) and len(set(text)) >= 18


PROSE = re.compile(r"[A-Za-z]+[ ][a-z]+")
"""Two plain words after a colon: a sentence, not a value."""


def looks_like_key(text: str) -> bool:
    """Whether a value of a name such as `routing_key` looks generated: long, one word, letters and digits mixed."""
    return bool(re.fullmatch(r"(?=.*\d)(?=.*[A-Za-z])[0-9A-Za-z+/=_-]{20,}", text)) and len(set(text)) >= 10
