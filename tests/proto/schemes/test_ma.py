import pytest

from idis.proto.schemes.ma import LABELS_MAX, recognise
from idis.proto.schemes.recognised import RouteKey


def test_an_identifier_is_kept_but_for_its_first_letters() -> None:
    """Letters count by their case, apart from MA."""
    found = recognise("ma.156.1003.1629/10.46100000.riseplatform")
    assert found is not None

    assert found.canonical == "MA.156.1003.1629/10.46100000.riseplatform"
    assert found.route == RouteKey("MA", "MA.156.1003.1629")


def test_the_levels_are_the_labels_above() -> None:
    """Down to the node; a part behind a slash goes first."""
    found = recognise("MA.156.M0.100761.21234561.Sx00008/x.y")
    assert found is not None

    assert found.levels == (
        "MA.156.M0.100761.21234561.Sx00008/x.y",
        "MA.156.M0.100761.21234561.Sx00008",
        "MA.156.M0.100761.21234561",
        "MA.156.M0.100761",
        "MA.156.M0",
    )


@pytest.mark.parametrize(
    "text", ["MA.156", "MA.15.1003", "MA.156..1", "MA.156.1003/", "MB.156.1003", "MA.156" + ".1" * LABELS_MAX]
)
def test_other_texts_are_none(text: str) -> None:
    """A country of three digits, a node, no empty labels, not too many."""
    assert recognise(text) is None
