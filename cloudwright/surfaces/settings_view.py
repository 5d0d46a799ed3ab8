"""Settings as answers show them."""

from cloudwright.core.answers import SettingView
from cloudwright.settings import Effective


def views(effective: Effective) -> tuple[SettingView, ...]:
    """Every setting with its source; secrets are hidden."""
    return tuple(SettingView(name=name, value=value, source=source) for name, value, source in effective.rows())
