"""The fuzzer is a program too, so its modules are found by their folder."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
