"""When each question is to be sent, and which one it is: drawn from a seed before anything is sent.

A schedule computed ahead cannot be talked out of itself by a slow server: what is late is sent late and its latency is
counted from the intended time, so a stall shows in every question it delayed (coordinated omission, `performance.md` §5).
"""

from __future__ import annotations

from array import array
from itertools import accumulate
from random import Random

NS_PER_S = 1_000_000_000
SENDS_MAX = 50_000_000  # eight octets each
DRAWS_MAX = 1 << 21  # keys drawn; asked again from the begin when they are used up
ZIPF_EXPONENT_MAX = 10.0


def fixed_schedule(rate: float, seconds: float) -> array[int]:
    """Equal gaps: nanoseconds from the start, `rate` times `seconds` of them."""
    gap = NS_PER_S / rate
    return array("Q", (int(number * gap) for number in range(_sends(rate, seconds))))


def poisson_schedule(rate: float, seconds: float, seed: str) -> array[int]:
    """Exponential gaps, as many independent askers make them: nanoseconds from the start, below `seconds`."""
    _sends(rate, seconds)
    draw, per_ns, end = Random(seed).expovariate, rate / NS_PER_S, seconds * NS_PER_S
    due, at = array("Q"), draw(per_ns)
    while at < end and len(due) < SENDS_MAX:
        due.append(int(at))
        at += draw(per_ns)
    return due


def share_of(due: array[int], process: int, processes: int) -> array[int]:
    """Every `processes`-th moment of a schedule; the shares of all processes together are the schedule."""
    return due[process::processes]


def uniform_keys(keys: int, draws: int, seed: str) -> array[int]:
    """Which of `keys` questions is asked, each as likely as the others."""
    choose = Random(seed).choices
    return array("I", choose(range(keys), k=min(draws, DRAWS_MAX)))


def zipf_keys(keys: int, draws: int, exponent: float, seed: str) -> array[int]:
    """Which of `keys` questions is asked, the n-th most popular 1/n^exponent times as often as the first.

    Which key is how popular is drawn too, so popularity has nothing to do with the order of a file.
    """
    random = Random(seed)
    popular = list(range(keys))
    random.shuffle(popular)
    weights = list(accumulate(rank**-exponent for rank in range(1, keys + 1)))
    return array("I", random.choices(popular, cum_weights=weights, k=min(draws, DRAWS_MAX)))


def every_key(keys: int) -> array[int]:
    """Each question once, in order: the first pass."""
    return array("I", range(keys))


def _sends(rate: float, seconds: float) -> int:
    sends = round(rate * seconds)
    if not 0 < sends <= SENDS_MAX:
        raise ValueError(f"{sends} questions; a schedule holds 1 to {SENDS_MAX}")
    return sends
