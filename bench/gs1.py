"""What it costs to read a GS1 identifier, by form: the least of some rounds, in µs.

    python -m idis.bench.gs1 [--rounds 15]

Least and not median, because only other work on the machine makes a pure function slower.
"""

from __future__ import annotations

import argparse
import timeit
from collections.abc import Callable

from idis.proto.schemes.gs1 import compression, digital_link, element_string, epc_binary, epc_urn
from idis.proto.schemes.gs1.recognise import recognise

CALLS = 2_000  # some 20 ms a round: long beside the clock, short beside other work
YEAR = 2026

LINK = "https://id.gs1.org/01/06901234567892/21/42"
LONG_LINK = "https://id.gs1.org/01/06901234567892/10/LOT7/21/S9?17=280131"
COMPRESSED = "https://id.gs1.org/GgyNo0UVqMhZyfaIyGxJeg"
HOSTS = frozenset({"id.gs1.org"})

STEPS: dict[str, Callable[[], object]] = {
    "parse a Digital Link of an item": lambda: digital_link.parse(LINK),
    "the same with lot and expiry date": lambda: digital_link.parse(LONG_LINK),
    "parse a raw element string of four": lambda: element_string.parse_raw("01069012345678921728013110LOT7\x1d21S9"),
    "parse it in brackets": lambda: element_string.parse_bracketed("(01)06901234567892(17)280131(10)LOT7(21)S9"),
    "parse an EPC URN": lambda: epc_urn.parse("urn:epc:id:sgtin:6901234.056789.42"),
    "parse the 96 bits of a tag": lambda: epc_binary.decode("3035A537C83775400000002A"),
    "expand a compressed link": lambda: compression.expand(COMPRESSED),
    "compress it, and expand it to be sure": lambda: compression.compress(digital_link.parse(LONG_LINK).elements),
    "recognise a Digital Link of a class": lambda: recognise("https://id.gs1.org/01/06901234567892", year=YEAR),
    "recognise the link with lot and date": lambda: recognise(LONG_LINK, year=YEAR),
    "recognise a bare trade item number": lambda: recognise("6901234567892", year=YEAR),
    "recognise a compressed link": lambda: recognise(COMPRESSED, year=YEAR, hosts=HOSTS),
    "find that a URL is none": lambda: recognise("https://shop.example/p/1", year=YEAR),
}


def least_us(step: Callable[[], object], rounds: int) -> float:
    """The least time of a call over the rounds, in µs."""
    step()  # expressions are compiled at their first use
    return min(timeit.repeat(step, number=CALLS, repeat=rounds)) / CALLS * 1e6


def main() -> None:
    """Print a line for each step."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="rounds of which the least counts")
    rounds = parser.parse_args().rounds
    for name, step in STEPS.items():
        print(f"{least_us(step, rounds):8.1f} µs  {name}")


if __name__ == "__main__":
    main()
