import pytest

from idis.proto.schemes.link import parse
from idis.proto.schemes.wrapper import query_of, wrapped, wrapped_ark

OWN = frozenset({"id.example.cn", "localhost:8080"})


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("https://hdl.handle.net/20.1000/100", "20.1000/100"),
        ("https://doi.org/10.1000/a%2520b", "10.1000/a%20b"),
        ("https://hdl.handle.net/api/handles/20.1000/100?x=1", "20.1000/100"),
        ("https://id.example.cn:443/88.118.8/%E6%B0%B4", "88.118.8/水"),
        ("http://localhost:8080/88.118.8/A", "88.118.8/A"),
        ("http://localhost:9090/88.118.8/A", ""),
        ("https://shop.example/88.118.8/A", ""),
        ("https://id.example.cn/%ff", ""),
    ],
)
def test_what_proxies_and_our_hosts_carry(text: str, inner: str) -> None:
    """The path, percent-decoded once; nothing of other hosts, ports that are not ours, or octets that are no text."""
    link = parse(text)
    assert link is not None

    assert wrapped(link, OWN) == inner


def test_an_ark_is_found_on_any_host() -> None:
    """With its inflection; not in a query."""
    link, other = parse("https://n2t.example/x/ark:/13030/tf5?info"), parse("https://n2t.example/x?/ark:/13030/tf5")
    assert link is not None
    assert other is not None

    assert (wrapped_ark(link), wrapped_ark(other)) == ("ark:/13030/tf5?info", "")


def test_the_query_is_kept_aside() -> None:
    """Without the fragment."""
    link = parse("https://id.example.cn/88.118.8/A?a=1&b#c")
    assert link is not None

    assert query_of(link) == "a=1&b"
