"""Writing a configuration: the commented file a node starts with, and any value as the file would spell it."""

from __future__ import annotations

import json

from idis.resolver.config import SECTIONS, NodeConfig, Tier, settings

_SECRET_WORDS = ("secret", "password", "token", "private")
MASK = "********"

_HEAD = """\
# Configuration of one idis node. A setting that stands behind '#' shows its default.
# The environment goes before this file (IDIS_LISTEN__PORT=2641), flags of 'idis serve' before both.
# 'idis config check' prints the result.
"""


def config_text(config: NodeConfig) -> str:
    """The file that gives `config`: every setting with its meaning, defaults commented out."""
    parts = [_HEAD]
    for name, section in SECTIONS.items():
        written = getattr(config, name)
        parts.append(f"\n[{name}]  # {_meaning(section)}\n")
        for key, (setting, default) in settings(section).items():
            value = getattr(written, key)
            untouched = value == default and name != "listen" and key not in ("name", "tier")
            parts.append(f"{'# ' if untouched else ''}{key} = {value_text(value)}  # {setting.line}\n")
    return "".join(parts)


def value_text(value: object) -> str:
    """A value as TOML."""
    match value:
        case Tier():
            return json.dumps(value.value)
        case tuple():
            return "[" + ", ".join(json.dumps(item, ensure_ascii=False) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def shown_text(key: str, value: object) -> str:
    """A value for a person to see; what a key's name calls secret is masked."""
    return MASK if is_secret(key) else value_text(value)


def is_secret(key: str) -> bool:
    """Whether a key's name says that its value is nobody's business."""
    return any(word in key for word in _SECRET_WORDS)


def _meaning(section: type[object]) -> str:
    return (section.__doc__ or "").strip().rstrip(".").lower()
