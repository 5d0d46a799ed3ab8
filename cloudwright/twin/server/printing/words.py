"""Small texts in cells."""

from collections.abc import Iterable, Mapping
from typing import Any

from cloudwright.twin.clock import parse_timestamp

NONE, UNKNOWN, UNSET = "<none>", "<unknown>", "<unset>"
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def _two(big: int, big_unit: str, small: int, small_unit: str) -> str:
    return f"{big}{big_unit}{small}{small_unit}" if small else f"{big}{big_unit}"


def human_duration(seconds: float) -> str:
    """A duration with at most two units, coarser the longer it is."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    whole = max(whole, 0)
    minutes, hours = whole // _MINUTE, whole // _HOUR
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    return _long(hours)


def _long(hours: int) -> str:
    days = hours // 24
    if hours < 24 * 8:
        return _two(days, "d", hours % 24, "h")
    if days < 365 * 2:
        return f"{days}d"
    if days < 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def since(timestamp: Any, now: float) -> str:
    """How long ago a timestamp was."""
    return human_duration(now - parse_timestamp(timestamp)) if timestamp else UNKNOWN


def layout_containers(containers: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names and images, each joined by commas."""
    listed = list(containers)
    return [",".join(each["name"] for each in listed), ",".join(each.get("image", "") for each in listed)]


def labels_text(labels: Mapping[str, str] | None) -> str:
    """Labels as a selector text."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or NONE


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A label selector as a text."""
    if selector is None:
        return NONE
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for each in selector.get("matchExpressions") or ():
        values = ",".join(sorted(each.get("values") or ()))
        words = {
            "In": f"{each['key']} in ({values})",
            "NotIn": f"{each['key']} notin ({values})",
            "Exists": each["key"],
        }
        parts.append(words.get(each["operator"], "!" + each["key"]))
    return ",".join(parts) or NONE


def listed(items: list[str], limit: int, count: int, separator: str = ",") -> str:
    """The first few items and how many there are more."""
    text = separator.join(items[:limit]) if items else UNSET
    return f"{text} + {count - limit} more..." if count > limit else text


def access_modes(modes: Iterable[str] | None) -> str:
    """Access modes as abbreviations."""
    short = {"ReadWriteOnce": "RWO", "ReadOnlyMany": "ROX", "ReadWriteMany": "RWX", "ReadWriteOncePod": "RWOP"}
    present = set(modes or ())
    return ",".join(abbreviation for mode, abbreviation in short.items() if mode in present)


def boolean(value: bool | None) -> str:
    """True or False as a word."""
    return UNSET if value is None else str(bool(value))
