"""The same names and sizes for every competitor: requests of about 90 octets, answers of about 360."""

from __future__ import annotations

from collections.abc import Iterator

from idis.bench.asking.dns import zone_of
from idis.bench.asking.load import DnsForm
from idis.bench.asking.sample import sample_identifier, sample_values
from idis.proto.dns.name import Labels, name_text
from idis.proto.dns.naming import name_of
from idis.proto.dns.records import NAPTR, data_text
from idis.proto.identifier import parse_identifier
from idis.registry.dns_records import item_records

PREFIX = "88.1000.11"
ZONE = "bench.idis"
DNS = DnsForm("id.bench")
REQUEST_BYTES = 90
ANSWER_BYTES = 360
TTL_S = 86_400

_NUMBER_DIGITS = 12  # what redis-benchmark puts in the place of __rand_int__
_DNS_FIXED_BYTES = 12 + 1 + len(ZONE) + 1 + 4  # head, length and zone and root, type and class
_DNS_LABELS = REQUEST_BYTES - _DNS_FIXED_BYTES
_FIRST_LABEL_DIGITS = 17
_SECOND_LABEL = "n" * (_DNS_LABELS - (1 + 2 + _FIRST_LABEL_DIGITS) - 1)
_TXT_BYTES = ANSWER_BYTES - REQUEST_BYTES - 12  # behind name pointer, type, class, TTL and length
_RESP_FIXED_BYTES = len("*2\r\n$3\r\nGET\r\n$70\r\n\r\n")
_RESP_HEAD = "idis:bench:"
_RESP_TAIL = ":" + "n" * (REQUEST_BYTES - _RESP_FIXED_BYTES - len(_RESP_HEAD) - _NUMBER_DIGITS - 1)
_RESP_VALUE_BYTES = ANSWER_BYTES - len("$352\r\n\r\n")


def identifiers(count: int) -> list[str]:
    """Of our node and the echo."""
    return [sample_identifier(PREFIX, number) for number in range(count)]


def dns_name(number: int) -> str:
    """Of the name servers."""
    return f"b-{number:0{_FIRST_LABEL_DIGITS}d}.{_SECOND_LABEL}.{ZONE}"


def dns_labels(number: int) -> Labels:
    """The same name as labels."""
    return tuple(dns_name(number).encode("ascii").split(b"."))


def zone_lines(count: int) -> Iterator[str]:
    """A zone with a TXT record for each name."""
    yield from _apex(ZONE)
    for number in range(count):
        text = _filling(number, _TXT_BYTES - 2)
        yield f'{dns_name(number)}. {TTL_S} IN TXT "{text[:200]}" "{text[200:]}"\n'


def naptr_lines(count: int) -> Iterator[str]:
    """A zone with the records that our node makes of the sample data for DNS."""
    yield from _apex(DNS.zone)
    for number in range(count):
        owner = _naptr_owner(number)
        for record in item_records(sample_values(number), NAPTR, owner, 0):
            yield f"{name_text(owner)} {record.ttl_s} IN NAPTR {data_text(record)}\n"


def naptr_name(number: int) -> str:
    """The name of a record of our node in its zone."""
    return name_text(_naptr_owner(number)).removesuffix(".")


def _naptr_owner(number: int) -> Labels:
    return name_of(parse_identifier(sample_identifier(PREFIX, number)), zone_of(DNS))


def _apex(zone: str) -> Iterator[str]:
    yield f"{zone}. {TTL_S} IN SOA ns.{zone}. hostmaster.{zone}. 1 3600 600 86400 60\n"
    yield f"{zone}. {TTL_S} IN NS ns.{zone}.\n"
    yield f"ns.{zone}. {TTL_S} IN A 127.0.0.1\n"


def resp_key(number: int) -> str:
    """Of Redis."""
    return f"{_RESP_HEAD}{number:0{_NUMBER_DIGITS}d}{_RESP_TAIL}"


def resp_pattern() -> str:
    """The keys as redis-benchmark draws them."""
    return f"{_RESP_HEAD}__rand_int__{_RESP_TAIL}"


def resp_value(number: int) -> bytes:
    """Of Redis."""
    return _filling(number, _RESP_VALUE_BYTES).encode()


def _filling(number: int, size: int) -> str:
    digits = sample_values(number)[1].text
    return (digits * (size // len(digits) + 1))[:size]
