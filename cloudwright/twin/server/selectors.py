"""Label and field selectors of list, watch and deletecollection."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.server.errors import bad_request

Labels = Mapping[str, str]
Matcher = Callable[[Labels], bool]

_REQUIREMENT = re.compile(
    r"""\s*(?:
    (?P<not>!)\s*(?P<absent>[^\s,!=()<>]+)
    |(?P<key>[^\s,!=()<>]+)\s*(?:
        (?P<op>==|=|!=|>|<)\s*(?P<value>[^\s,!=()<>]*)
        |(?P<set>in|notin)\s*\((?P<values>[^()]*)\)
        )?
    )\s*(?:,|$)""",
    re.VERBOSE,
)
_NAME = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$")
_PREFIX = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$")


def _check_key(key: str) -> None:
    prefix, slash, name = key.rpartition("/")
    if (slash and not _PREFIX.match(prefix)) or not _NAME.match(name):
        raise ValueError(
            f"key: Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.', and "
            "must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
            "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
        )


def _check_value(key: str, value: str) -> None:
    if value and not _NAME.match(value):
        raise ValueError(
            f'values[0][{key}]: Invalid value: "{value}": a valid label must be an empty string or consist of '
            "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
            "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
            "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
        )


def _number(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def _compare(key: str, operator: str, value: str) -> Matcher:
    if operator in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if operator == "!=":
        return lambda labels: labels.get(key) != value
    limit = _number(value)
    if limit is None:
        raise ValueError(
            f"values[0][{key}]: Invalid value: \"{value}\": for 'Gt', 'Lt' operators, the value must be an integer"
        )
    bound = limit
    greater = operator == ">"

    def check(labels: Labels) -> bool:
        number = _number(labels.get(key))
        return number is not None and (number > bound if greater else number < bound)

    return check


def _requirement(match: re.Match[str]) -> Matcher:
    if match["not"]:
        absent = match["absent"]
        _check_key(absent)
        return lambda labels: absent not in labels
    key = match["key"]
    _check_key(key)
    if match["op"]:
        _check_value(key, match["value"])
        return _compare(key, match["op"], match["value"])
    if match["set"]:
        values = {value.strip() for value in match["values"].split(",")}
        for value in values:
            _check_value(key, value)
        if match["set"] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    return lambda labels: key in labels


def parse_labels(text: str) -> Matcher:
    """A label selector as a predicate over labels.

    Raises:
        StatusError: 400, the selector does not parse.
    """
    requirements: list[Matcher] = []
    position = 0
    try:
        while position < len(text):
            match = _REQUIREMENT.match(text, position)
            if not match or match.end() == position:
                raise ValueError(_parse_failure(text[position:]))
            requirements.append(_requirement(match))
            position = match.end()
    except ValueError as error:
        raise bad_request(f"unable to parse requirement: {error}") from None
    return lambda labels: all(requirement(labels) for requirement in requirements)


def _parse_failure(rest: str) -> str:
    tokens = re.findall(r"[^\s,!=()<>]+|==|!=|[!=()<>,]", rest)
    if len(tokens) > 1 and tokens[1] not in ("=", "==", "!=", "in", "notin", ">", "<", ","):
        return f"found '{tokens[1]}', expected: in, notin, =, ==, !=, gt, lt"
    first = tokens[0] if tokens else ""
    return f"found '{first}', expected: !, identifier, or 'end of string'"


def match_selector(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether a `LabelSelector` object selects the labels; None selects nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_match_expression(each, labels) for each in selector.get("matchExpressions") or ())


def _match_expression(expression: Mapping[str, Any], labels: Labels) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def parse_fields(text: str) -> list[tuple[str, bool, str]]:
    """A field selector as (path, wanted equal, value) terms.

    Raises:
        StatusError: 400, the selector does not parse.
    """
    terms = []
    for part in filter(None, text.split(",")):
        match = re.fullmatch(r"(?P<key>[^=!]*?)\s*(?P<op>!=|==|=)\s*(?P<value>.*)", part)
        if not match:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        terms.append((match["key"], match["op"] != "!=", match["value"]))
    return terms
