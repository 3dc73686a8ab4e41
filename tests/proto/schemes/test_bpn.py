import pytest

from idis.proto.schemes.bpn import recognise
from idis.proto.schemes.recognised import Granularity


@pytest.mark.parametrize(
    ("text", "granularity"),
    [
        ("BPNL000000000001", Granularity.PARTY),
        ("bpns0000000006va", Granularity.LOCATION),
        ("BPNA000000000ABC", Granularity.LOCATION),
    ],
)
def test_companies_sites_and_addresses(text: str, granularity: Granularity) -> None:
    """The fourth letter says which."""
    found = recognise(text)
    assert found is not None

    assert (found.canonical, found.granularity) == (text.upper(), granularity)


@pytest.mark.parametrize("text", ["BPNX000000000001", "BPNL00000000001", "BPNL0000000000011"])
def test_other_texts_are_none(text: str) -> None:
    """Another kind, too short, too long."""
    assert recognise(text) is None
