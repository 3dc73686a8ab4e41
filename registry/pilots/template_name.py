"""The name of a metadata template taken apart: `88.118.8/META_ship_plate-offshore` is derived from the ship pilot's plate."""

from __future__ import annotations

from typing import NamedTuple

TEMPLATE_MARK = "/META_"
DERIVED_MARK = "-"  # between the base's code and the enterprise's own name; no code of a pilot has one


class TemplateName(NamedTuple):
    """Whose template it is, of which pilot and object; `name` is empty but where an enterprise derived it."""

    holder: str
    pilot: str
    base: str
    name: str = ""

    @property
    def code(self) -> str:
        """The object's code, as `plate` or `plate-offshore`."""
        return f"{self.base}{DERIVED_MARK}{self.name}" if self.name else self.base


def template_name(handle: str) -> TemplateName | None:
    """What a handle says; None where it names no template."""
    holder, mark, rest = handle.rpartition(TEMPLATE_MARK)
    pilot, _, code = rest.partition("_")
    base, _, name = code.partition(DERIVED_MARK)
    return TemplateName(holder, pilot, base, name) if mark and pilot and base else None


def template_handle(holder: str, pilot: str, code: str) -> str:
    """The handle of a template: of the prefix that holds it, and of an object's code as `plate` or `plate-offshore`."""
    return f"{holder}{TEMPLATE_MARK}{pilot}_{code}"
