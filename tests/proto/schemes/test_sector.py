import pytest

from idis.proto.schemes import sector
from idis.proto.schemes.recognised import Check, Confidence, RouteKey
from idis.proto.schemes.table import SCHEMES


def test_a_right_number_is_routed_by_its_alias() -> None:
    """Nothing but the index of aliases knows whose it is."""
    found = sector.recognised(SCHEMES["imo"].check("9074729"), Confidence.CERTAIN, "why")

    assert (found.canonical, found.display, found.route) == ("IMO9074729", "IMO 9074729", RouteKey("alias", "imo:IMO9074729"))
    assert found.checks == (Check("check digit", True),)


def test_a_wrong_number_says_what_would_be_right() -> None:
    """And is not routed."""
    found = sector.recognised(SCHEMES["imo"].check("9074728"), Confidence.POSSIBLE, "why")

    assert (found.route, found.checks) == (None, (Check("check digit", False, "9"),))
    assert found.warnings[0] == "check digit is 9 for the IMO number 907472_, not 8"


@pytest.mark.parametrize("name", SCHEMES)
def test_every_sector_number_names_some_kind_of_thing(name: str) -> None:
    """A new one in the table needs a kind."""
    found = sector.recognised(SCHEMES[name].check("?"), Confidence.POSSIBLE, "why")

    assert found.scheme == name
