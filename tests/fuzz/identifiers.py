"""A campaign of random and damaged texts through every recogniser: python tests/fuzz/identifiers.py --texts 10000000

For every text: nothing is raised, nothing takes more than 10 ms of processor time, and what is right has a canonical form
that reads as itself.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field

from idis.proto.detect import GS1_HOSTS, detect, trouble_of
from idis.proto.schemes.recognised import Recognised
from idis.proto.schemes.recognisers import RECOGNISERS

YEAR = 2026
OWN_HOSTS = frozenset({"id.example.cn"})
TEXT_MS_MAX = 10.0  # of processor time: one text must not hold a node's loop
RETRIES = 3  # a collection of garbage or a busy host may hit one run, not four
FINDINGS_MAX = 20
CHANGES_MAX = 4

SEEDS = [recogniser.example for recogniser in RECOGNISERS.values()] + [
    "01/06901234567892/21/42",
    "(01)06901234567892(10)LOT7(21)S9",
    "[01]06901234567892[21](S)",
    "]d2010690123456789210LOT7\x1d21S9",
    "]C10106901234567892",
    "]E06901234567892",
    "]Q1https://id.example.cn/88.118.8/ABC",
    "[)>\x1e06\x1d25SUN123456789S001\x1d1PAB-7\x1e\x04",
    "[)>\x1e05\x1d0106901234567892\x1d21S9\x1e\x04",
    "[)>\x1e12\x1dMFR 1A2B3\x1dSER 001\x1e\x04",
    "https://id.gs1.org/01/06901234567892/10/L/21/S?17=280131",
    "https://id.gs1.org/GgyNo0UVqMhZyfaIyGxJeg",
    "https://shop.example/x/01/06901234567893/22/A",
    "https://doi.org/10.1000/ab%20c?x=1",
    "https://n2t.net/ark:/13030/tf5p30086k?info",
    "urn:epc:id:sgtin:6901234.056789.42",
    "urn:epc:class:lgtin:6901234.056789.LOT7",
    "urn:epc:id:sgln:6901234.00001.0",
    "urn:epc:id:bic:CSQU3054383",
    "urn:epc:id:imovn:9074729",
    "3035A537C83775400000002A",
    "3155A537C83B9ACA01000000",
    "169012340000000013",
    "6901234567892",
    "did:vaa:IDcontract1:86.100.1234/abc",
    "did:web:example.com%3A8443:a:b/path?q#f",
    "/ISO/Member-Body/156/10197",
    "088·100·12345678/a",
    "300:88.111.1/test",
    "ecode:0.1.06901234567892",
    "ＩＭＯ９０７４７２９",
    "88.118.8/船 ß·水",
    "11010519491231002X",
    "WVWZZZ1JZXW000001",
    "978-7-111-40701-0",
]
ALPHABETS = (
    "0123456789",
    "0123456789ABCDEF",
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "abcdefghijklmnopqrstuvwxyz",
    "./:-_%()[]{}<>#?&=+~*@$!,;'\" ",
    "\x1d\x1e\x04␝␞␄",
    "０１２９ＡＺａｚ－–—·•",
    "水船一\u200b\ufeff\u3000ßéİı\U0001f6a2\ud800\x00\x7f",
)
PIECES = (
    "(01)",
    "(21)",
    "[01]",
    "/01/",
    "/21/",
    "]d2",
    "]Q1",
    "[)>\x1e06\x1d",
    "https://",
    "urn:",
    "did:",
    "0.NA/",
    "<GS>",
    "%2F",
    "%",
    "VAA",
    "MA.156.",
    "10.",
    "88.",
)


def heaviest() -> list[str]:
    """Texts that go to the limits: one piece, again and again, up to the longest text and to the longest number."""
    pieces = [
        "1",
        "1.",
        "1-",
        "a",
        "A1",
        "(",
        "(01)",
        "(10)a",
        "[10]a",
        "[",
        "-",
        " ",
        "%25",
        "/",
        "1/",
        "水",
        "．",
        "<GS>",
        "\x1d",
        "10a\x1d",
        "01/",
        "a:",
        "0",
        "F",
        "+",
        "=",
        "H300+",
        "\x1e06\x1d",
        "S1\x1d",
        "?",
        "#",
        "·",
        ".a",
        "%",
    ]
    heads = [
        "",
        "1",
        "88.1/",
        "(01)06901234567892",
        "]d2",
        "]d20106901234567892",
        "[)>\x1e06\x1d",
        "https://x/",
        "https://id.gs1.org/",
        "did:x:",
        "ark:13030/",
        "urn:oid:1.2",
        "urn:epc:id:sgtin:",
        "ecode:",
        "MA.156.1",
        "25SUN",
        "/ISO/",
        "H300",
        "3035",
        "https://x/01/06901234567892/",
    ]
    return [(head + piece * 4_096)[:length] for head in heads for piece in pieces for length in (40, 64, 1_024, 4_096)]


@dataclass(frozen=True, slots=True)
class Finding:
    """A text that broke a promise, to be turned into a test."""

    text: str
    trouble: str

    def __str__(self) -> str:
        return f"{self.trouble}\n  {self.text[:1_000]!r}"


@dataclass(slots=True)
class Result:
    """What a campaign came to; times are processor time."""

    texts: int = 0
    recognised: int = 0
    slowest_ms: float = 0.0
    slowest: str = ""
    findings: list[Finding] = field(default_factory=list)


class Writer:
    """Draws texts: damaged seeds, and some from nothing. The same seed gives the same texts everywhere."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def text(self) -> str:
        """The next one."""
        draw = self._random
        if draw.random() < 0.15:
            return "".join(draw.choice(draw.choice(ALPHABETS)) for _ in range(draw.randrange(40)))
        if draw.random() < 0.1:
            return "".join(draw.choices(draw.choice(ALPHABETS[:3]), k=draw.choice((7, 8, 10, 12, 13, 14, 17, 18, 20, 24))))
        text = draw.choice(SEEDS)
        for _ in range(draw.randint(0, CHANGES_MAX)):
            text = self._changed(text)
        return text[:5_000]

    def _changed(self, text: str) -> str:
        draw = self._random
        at = draw.randrange(len(text) + 1)
        match draw.randrange(9):
            case 0:
                return text[:at] + draw.choice(draw.choice(ALPHABETS)) + text[at + 1 :]
            case 1:
                return text[:at] + draw.choice(draw.choice(ALPHABETS)) + text[at:]
            case 2:
                return text[:at] + text[at + draw.randrange(1, 4) :]
            case 3:
                return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
            case 4:
                return text[:at] + draw.choice(SEEDS)[draw.randrange(8) :]
            case 5:
                return text[:at] + draw.choice(PIECES) + text[at:]
            case 6:
                return text[:at] + text[at : at + draw.randrange(1, 9)] * draw.choice((2, 2, 3, 40)) + text[at:]
            case 7:
                return draw.choice(("https://id.example.cn/", "https://hdl.handle.net/", "]Q1", "doi:", "urn:oid:", " ")) + text
        return draw.choice((str.lower, str.upper, str.swapcase))(text)


def judge(text: str) -> tuple[str, float, bool]:
    """What is wrong with how a text was taken, empty when nothing is; milliseconds of `detect`; whether it was recognised."""
    took_ms = 0.0
    for _ in range(1 + RETRIES):
        start = time.process_time_ns()
        try:
            readings = detect(text, year=YEAR, own_hosts=OWN_HOSTS, gs1_hosts=GS1_HOSTS | OWN_HOSTS)
        except Exception as error:  # the outermost loop: whatever escapes is what we look for
            return f"detect raised {type(error).__name__}: {error}", 0.0, False
        took_ms = (time.process_time_ns() - start) / 1e6
        if took_ms <= TEXT_MS_MAX:
            break
    if took_ms > TEXT_MS_MAX:
        return f"took {took_ms:.1f} ms", took_ms, True
    if not readings and not trouble_of(text):
        return "nothing is said about a text without a reading", took_ms, False
    for trouble in (*map(_unstable, readings), *_each_alone(text)):
        if trouble:
            return trouble, took_ms, True
    return "", took_ms, bool(readings)


def _each_alone(text: str) -> Iterator[str]:
    """Every recogniser by itself, whatever the text begins with."""
    for name, recogniser in RECOGNISERS.items():
        try:
            reading = recogniser.read(text, YEAR)
        except Exception as error:  # as above
            yield f"{name} raised {type(error).__name__}: {error}"
            continue
        if reading is not None:
            yield _unstable(reading)


def _unstable(reading: Recognised) -> str:
    """What is wrong with the canonical form of a reading."""
    if not reading.ok or reading.scheme == "personal":
        return ""
    if reading.levels[:1] != (reading.canonical,):
        # A consumer variant is a level at which links are looked for, and no identity of its own.
        return (
            ""
            if reading.scheme == "gs1" and reading.canonical in reading.levels
            else f"{reading.canonical!r} is not its own finest level"
        )
    again = RECOGNISERS[reading.scheme].read(reading.canonical, YEAR)
    if again is None:
        return f"{reading.scheme} does not read its own canonical form {reading.canonical!r}"
    if (again.scheme, again.canonical) != (reading.scheme, reading.canonical):
        return f"{reading.scheme} {reading.canonical!r} becomes {again.scheme} {again.canonical!r}"
    return ""


def campaign(seed: int, texts: int) -> Result:
    """Draw so many texts and judge them."""
    writer = Writer(seed)
    return examine(writer.text() for _ in range(texts))


def examine(texts: Iterator[str], judged: Callable[[str], tuple[str, float, bool]] = judge) -> Result:
    """Judge texts until too many promises are broken."""
    result = Result()
    for text in texts:
        trouble, took_ms, recognised = judged(text)
        result.texts += 1
        result.recognised += recognised
        if took_ms > result.slowest_ms:
            result.slowest_ms, result.slowest = took_ms, text
        if trouble:
            result.findings.append(Finding(text, trouble))
            if len(result.findings) >= FINDINGS_MAX:
                break
    return result


def main() -> int:
    """Run a campaign in several processes and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=1_000_000, help="in all processes together")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="each process adds its number")
    wanted = parser.parse_args()
    start = time.monotonic()
    with ProcessPoolExecutor(wanted.processes) as pool:
        seeds = range(wanted.seed, wanted.seed + wanted.processes)
        results = list(pool.map(campaign, seeds, [wanted.texts // wanted.processes] * wanted.processes))
    took_s = time.monotonic() - start
    for finding in (finding for result in results for finding in result.findings):
        print(finding)
    texts = sum(result.texts for result in results)
    recognised, findings = sum(result.recognised for result in results), sum(len(result.findings) for result in results)
    slowest = max(results, key=lambda result: result.slowest_ms)
    print(
        f"{texts} texts in {took_s:.0f} s, {texts / took_s:.0f} texts/s; {recognised} recognised; "
        f"{findings} findings; slowest {slowest.slowest_ms:.2f} ms: {slowest.slowest[:80]!r}"
    )
    return 1 if any(result.findings for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
