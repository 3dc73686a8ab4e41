"""The compiled generator; see `_generator.pyx`."""

from idis.bench.asking.plan import Plan
from idis.bench.asking.tally import Tally

def digest(octets: bytes, sequence: int = 0) -> int: ...
def generate(plan: Plan, tally: Tally) -> None: ...
