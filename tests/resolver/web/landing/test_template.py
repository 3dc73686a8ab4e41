"""The template of a record on its page: read from its own record, and what serves where that cannot be had."""

from __future__ import annotations

import json

from idis.proto.value import encode_values
from idis.registry.pilots.derivation import derivation_of, derived_record
from idis.resolver.web.landing.language import Words
from idis.resolver.web.landing.template import NO_TEMPLATE, known_template, read_template

OFFSHORE = {
    "baseOn": "META_ship_plate",
    "name": "offshore",
    "chineseName": "海工钢板",
    "fields": [{"englishName": "coating", "chineseName": "涂层厚度", "type": "N", "unit": "um"}],
}


def test_a_derived_template_names_its_own_fields() -> None:
    """Its record describes all of them, and what it is called."""
    record = derived_record(derivation_of(json.dumps(OFFSHORE).encode(), "88.118.8"))
    template = read_template(encode_values(record.values))

    coating = template.items[3000]

    assert template.kind == Words("海工钢板", "Plate-offshore")
    assert (coating.label, coating.unit) == (Words("涂层厚度", "Coating"), "um")
    assert template.items[2014].name == "thickness"


def test_a_derived_template_that_cannot_be_had_is_read_as_its_base() -> None:
    """What lies at the base's indexes is the base's."""
    assert known_template("88.118.8/META_ship_plate-offshore").items[2014].name == "thickness"


def test_no_template_of_a_pilot() -> None:
    """Nothing is known of its values."""
    assert known_template("88.118.8/META_shop_plate-offshore") is NO_TEMPLATE
