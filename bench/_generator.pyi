"""The compiled generator; see `_generator.pyx`."""

from idis.bench.plan import Plan
from idis.bench.tally import Tally

def digest(octets: bytes, sequence: int = 0) -> int: ...
def generate(plan: Plan, tally: Tally) -> None: ...
