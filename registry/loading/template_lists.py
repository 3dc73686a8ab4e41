"""The lists of templates as a load begins: what they make of the records it brings (`registry/readers.py`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from idis.proto.errors import IdentifierError
from idis.registry.identity import normal
from idis.registry.readers import ReaderLists, relisted
from idis.registry.record import PreparedRecord
from idis.registry.store.base import ReadTxn
from idis.registry.template_elsewhere import TemplateElsewhere, known_templates, named_in


@dataclass(frozen=True, slots=True)
class TemplateLists:
    """What is known of templates; travels to the workers of a load.

    Attributes:
        own: the lists of the templates of this node that have any, by their normal spelling.
        elsewhere: what is known of templates of other nodes, likewise.
        here: the prefixes answered here.
    """

    own: Mapping[str, ReaderLists] = field(default_factory=dict)
    elsewhere: Mapping[str, TemplateElsewhere] = field(default_factory=dict)
    here: frozenset[str] = frozenset()

    def applied(self, record: PreparedRecord) -> tuple[PreparedRecord, str]:
        """A record as the lists of its template make it; and the template's name, where it is another node's."""
        named = named_in(record.public) or named_in(record.restricted)
        try:
            name = normal(named) if named else ""
        except IdentifierError:
            return record, ""
        prefix, slash, _ = name.partition("/")
        if not slash or name.startswith("0.NA/"):
            return record, ""
        if prefix in self.here:
            return (relisted(record, self.own) if self.own else record), ""
        return relisted(record, {}, self.elsewhere.get(name, TemplateElsewhere(name))), name


def known_elsewhere(txn: ReadTxn) -> dict[str, TemplateElsewhere]:
    """What is known of templates of other nodes, by their normal spelling."""
    return {known.template: known for known in known_templates(txn)}
