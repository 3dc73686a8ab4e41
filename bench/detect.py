"""What it costs to tell what a text is: python -m idis.bench.detect

Processor time, the best of several runs of each text, because a run is only ever slowed by others.
"""

from __future__ import annotations

import argparse
import statistics
import time

from idis.proto.detect import GS1_HOSTS, detect

YEAR = 2026
OWN_HOSTS = frozenset({"id.example.cn"})
TEXT_US_GOAL = 20.0  # at the median
CALLS = 200  # in one run, so that the clock's own step does not count
RUNS = 7

# What people scan and paste: mostly our own identifiers and links, then trade items, then everything else.
TEXTS = (
    "88.118.8/JXDY2106023",
    "88.118.8/JX.DY.2106.023.0001",
    "https://id.example.cn/88.118.8/JXDY2106023",
    "]Q1https://id.example.cn/88.118.8/ABC",
    "88.118.8",
    "0.NA/88.118",
    "20.1000/100",
    "10.1000/182",
    "https://doi.org/10.1000/182",
    "https://maker.example/p/SN123",
    "https://shop.example/x/01/06901234567892/10/L?17=280131",
    "https://id.gs1.org/01/06901234567892/21/42",
    "01/06901234567892/21/42",
    "(01)06901234567892(10)LOT7(21)S9",
    "]d2010690123456789210LOT7\x1d21S9",
    "6901234567892",
    "169012340000000013",
    "urn:epc:id:sgtin:6901234.056789.42",
    "3035A537C83775400000002A",
    "VAA08810012345678/abc123",
    "MA.156.1003.1629/10.46100000.riseplatform",
    "1.2.156.10197.1.301",
    "urn:oid:1.2.156.10197",
    "did:cn:88.100.1",
    "ark:/13030/tf5p30086k",
    "ecode:1.20.30014711",
    "[)>\x1e06\x1d25SUN123456789S001\x1d1PAB-7\x1e\x04",
    "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    "0173-1#02-BAA120#008",
    "IMO9074729",
    "ＩＭＯ９０７４７２９",
    "1M8GDM9AXKP042788",
    "001PB210000012F3H0000123",
    "91110000600037341L",
    "213800KUD8LAJWSQ9D15",
    "CSQU3054383",
    "7732-18-5",
    "UN1170",
    "H300+H310",
    "10LAC10AP001",
    "IMO9074728",
    "06901234567893",
    "hello world",
    "192.168.1.1",
)


def cost_us(text: str) -> float:
    """Microseconds of processor time to tell what a text is."""
    best = float("inf")
    for _ in range(RUNS):
        start = time.process_time_ns()
        for _ in range(CALLS):
            detect(text, year=YEAR, own_hosts=OWN_HOSTS, gs1_hosts=GS1_HOSTS)
        best = min(best, (time.process_time_ns() - start) / CALLS / 1_000)
    return best


def main() -> int:
    """Print the cost of every text and of the median one; 1 when that is above its goal."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    costs = {text: cost_us(text) for text in TEXTS}
    for text, cost in sorted(costs.items(), key=lambda row: row[1]):
        readings = detect(text, year=YEAR, own_hosts=OWN_HOSTS)
        print(f"{cost:7.1f} µs  {readings[0].scheme if readings else '-':10} {text!r}")
    median, mean, most = statistics.median(costs.values()), statistics.fmean(costs.values()), max(costs.values())
    print(f"{len(costs)} texts: median {median:.1f} µs (goal {TEXT_US_GOAL:.0f}), mean {mean:.1f}, most {most:.1f}")
    return 0 if median <= TEXT_US_GOAL else 1


if __name__ == "__main__":
    raise SystemExit(main())
