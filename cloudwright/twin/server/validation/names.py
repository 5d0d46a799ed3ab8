"""Formats of names, labels, ports and addresses, with the sentences that explain them."""

import ipaddress
import re
from typing import Any

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = LABEL + r"(\." + LABEL + ")*"
DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_MY_NAME = "(e.g. 'my-name',  or '123-abc', regex used for validation is"


def _matches(pattern: str, value: str) -> bool:
    return re.fullmatch(pattern, value) is not None


def _limit(value: str, most: int) -> list[str]:
    return [f"must be no more than {most} characters"] if len(value) > most else []


def dns_label(value: str) -> list[str]:
    """RFC 1123 label."""
    found = _limit(value, 63)
    if not _matches(LABEL, value):
        found.append(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
            f"with an alphanumeric character {_MY_NAME} '{LABEL}')"
        )
    return found


def dns_subdomain(value: str) -> list[str]:
    """RFC 1123 subdomain."""
    found = _limit(value, 253)
    if not _matches(SUBDOMAIN, value):
        found.append(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
            f"and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '{SUBDOMAIN}')"
        )
    return found


def wildcard_subdomain(value: str) -> list[str]:
    """A subdomain below `*.`."""
    if _matches(r"\*\." + SUBDOMAIN, value):
        return []
    return [
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower "
        "case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used "
        rf"for validation is '\*\.{SUBDOMAIN}')"
    ]


def dns_1035(value: str) -> list[str]:
    """RFC 1035 label, as services have it."""
    found = _limit(value, 63)
    if not _matches(DNS_1035, value):
        found.append(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
            "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
            f"'{DNS_1035}')"
        )
    return found


def path_segment(value: str) -> list[str]:
    """A name that can stand in a URL."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{each}'" for each in ("/", "%") if each in value]


_NAME_PART = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
)


def qualified_name(value: str) -> list[str]:
    """A label or annotation key: an optional prefix and a name."""
    found: list[str] = []
    prefix, slash, name = value.rpartition("/")
    if slash:
        if "/" in prefix:
            return [
                "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                f"alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '{QUALIFIED}')"
                " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        if not prefix:
            found.append("prefix part must be non-empty")
        else:
            found += ["prefix part " + each for each in dns_subdomain(prefix)]
    if not name:
        found.append("name part must be non-empty")
    elif len(name) > 63:
        found.append("name part must be no more than 63 characters")
    if not _matches(QUALIFIED, name):
        found.append(_NAME_PART)
    return found


def label_value(value: str) -> list[str]:
    """A label's value."""
    found = _limit(value, 63)
    if not _matches(f"({QUALIFIED})?", value):
        found.append(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
            "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
            f"'({QUALIFIED})?')"
        )
    return found


def config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret."""
    found = _limit(value, 253)
    if not _matches("[-._a-zA-Z0-9]+", value):
        found.append(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  "
            "or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')"
        )
    elif value in (".", ".."):
        found.append(f"must not be '{value}'")
    return found


def environment_name(value: str) -> list[str]:
    """The name of an environment variable."""
    if re.fullmatch(r"[ -<>-~]+", value):
        return []
    return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]


def port_name(value: str) -> list[str]:
    """The name of a port (IANA service name)."""
    found: list[str] = []
    if len(value) > 15:
        found.append("must be no more than 15 characters")
    if not _matches("[-a-z0-9]+", value):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        return found
    if not re.search("[a-z]", value):
        found.append("must contain at least one letter (a-z)")
    if "--" in value:
        found.append("must not contain consecutive hyphens")
    if value[0] == "-" or value[-1] == "-":
        found.append("must not begin or end with a hyphen")
    return found


def port_number(value: Any) -> list[str]:
    """1 to 65535."""
    return [] if isinstance(value, int) and 1 <= value <= 65535 else ["must be between 1 and 65535, inclusive"]


def ip_address(value: str) -> list[str]:
    """An IP address of either family."""
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]
    return []


def cidr(value: str) -> list[str]:
    """A network."""
    try:
        if "/" not in value:
            raise ValueError(value)
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        return ["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"]
    return []


def percent(value: str) -> list[str]:
    """A percentage."""
    if _matches("[0-9]+%", value):
        return []
    return [
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
        "validation is '[0-9]+%')"
    ]
