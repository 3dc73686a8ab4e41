"""The served OpenAPI document against the running node: schemathesis makes up requests, and the answers keep to the document.

A sample runs always; `--http-cases N` makes it a campaign. The last campaign is told of in `resolver/README.md`.
"""

from __future__ import annotations

import importlib.util
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from idis.proto.value import Value
from idis.registry import tokens
from idis.registry.caller import Action, Role, RoleGrant, tool
from idis.registry.record import Record, prepare
from idis.registry.store.lmdb import LmdbStore
from idis.registry.token import TokenTerms
from idis.resolver.config import ListenSection, NodeConfig, NodeSection, Tier
from idis.resolver.creation import create_node
from idis.resolver.web.v1 import table
from tests.waiting import WAIT_S_MAX

PREFIX = "88.118.8"
COMMAND = (sys.executable, "-c", "import sys; from idis.resolver.cli.main import main; sys.exit(main())")
CAMPAIGN_CASES_MIN = 1_000  # from here on the bounds of every parameter are tried one by one, some 5,000 cases more
OPERATIONS = len(table.OPERATIONS)

ALL_BUT_REVOKING = ("--exclude-operation-id", "revokeToken")  # the token in use would end, and with it the rest

# Each on a node of its own: a prefix that was suspended cuts short all that comes after it.
CAMPAIGN: dict[str, tuple[str, tuple[str, ...]]] = {
    "records": ("operator", ("--exclude-tag", "prefixes 标识前缀", "--exclude-tag", "tokens 令牌")),
    "prefixes": ("operator", ("--include-tag", "prefixes 标识前缀")),
    "tokens": ("operator", ("--include-tag", "tokens 令牌")),
    "nobody": ("nobody", ()),
    "auditor": ("auditor", ALL_BUT_REVOKING),
    "application": ("application", ALL_BUT_REVOKING),
}

# Refusals of what no schema can say: 409 and 422 by their content, 412 by a condition, 404 by what is there, 413, 414 by length.
CONFIG = """\
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "412", "414", "422"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "414", "415", "422", "503"]
"""

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("schemathesis") is None, reason="schemathesis is not installed"),
    pytest.mark.timeout(14_400),  # a campaign; a sample takes seconds
]


@dataclass(frozen=True)
class Served:
    """A node in a process of its own, and tokens of some roles."""

    url: str
    secrets: dict[str, str]

    def ask(self, path: str, role: str) -> dict[str, object]:
        """The answer to GET."""
        proof = {"Authorization": f"Bearer {self.secrets[role]}"} if self.secrets[role] else {}
        request = Request(self.url + path, headers=proof)
        with urlopen(request, timeout=WAIT_S_MAX) as answer:
            shown: dict[str, object] = json.load(answer)
        return shown


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A secondary node with a record and a prefix below its own."""
    directory = tmp_path / "node"
    config = NodeConfig(
        data_dir=directory,
        node=NodeSection(name="contract", tier=Tier.SECONDARY, prefixes=(PREFIX,), log_level="info", index_bytes=2**24),
        listen=ListenSection(hosts=("127.0.0.1",), port=0, http_port=0),
    )
    create_node(directory, config)
    store = LmdbStore.open(directory, exclusive=False)
    store.write_all(
        [prepare(Record(f"{PREFIX}/A1", (Value(1, "URL", b"https://example.com/p/1"),)), 1_700_000_000)], actor="test"
    )
    roles = {"operator": Role.OPERATOR, "auditor": Role.AUDITOR}
    secrets = {name: make_secret(store, RoleGrant(role)) for name, role in roles.items()}
    secrets["application"] = make_secret(store, RoleGrant(Role.APPLICATION, PREFIX))
    secrets["nobody"] = ""
    store.close()
    with subprocess.Popen([*COMMAND, "serve", str(directory)], stderr=subprocess.PIPE, text=True) as node:
        try:
            yield Served(f"http://127.0.0.1:{http_port(node)}/api/v1", secrets)
        finally:
            node.send_signal(signal.SIGTERM)
            node.communicate(timeout=WAIT_S_MAX)


def make_secret(store: LmdbStore, role: RoleGrant) -> str:
    """The secret of a token for everything a role may."""
    terms = TokenTerms("contract", roles=(role,), prefixes=("",), actions=frozenset(Action))
    now = int(time.time())
    made = store.write(lambda txn: tokens.create(txn, tool("test"), terms, now), actor="test").result().result
    assert isinstance(made, tuple), made
    return made[1]


def http_port(node: subprocess.Popen[str]) -> int:
    """Where a node answers, once it does; then its log is read by nobody."""
    assert node.stderr is not None
    for line in node.stderr:
        facts = json.loads(line)
        if facts["event"] == "ready":
            return int(facts["http_port"])
    raise AssertionError(f"the node ended with {node.wait()}")


def examine(served: Served, folder: Path, role: str, cases: int, phases: str, *choice: str) -> int:
    """How many cases were tried; fails on what does not keep to the document.

    Args:
        served: the node.
        folder: for the files of schemathesis.
        role: whose token is sent.
        cases: about how many are made up at random.
        phases: which kinds of cases.
        choice: flags that choose operations.
    """
    (folder / "schemathesis.toml").write_text(CONFIG, encoding="utf-8")
    program = [sys.executable, "-c", "import sys; from schemathesis.cli import schemathesis; sys.exit(schemathesis())"]
    words = ["run", f"{served.url}/openapi.json", "--phases", phases, "--no-color", *choice]
    words += ["--max-examples", str(max(1, cases // OPERATIONS))]
    if secret := served.secrets[role]:
        words += ["-H", f"Authorization: Bearer {secret}"]
    done = subprocess.run([*program, *words], cwd=folder, capture_output=True, text=True, check=False)
    told = re.search(r"(\d+) generated", done.stdout)

    assert done.returncode == 0, done.stdout[done.stdout.find("= FAILURES") :][:6_000] + done.stdout[-600:] + done.stderr[-2_000:]
    assert told is not None, done.stdout[-2_000:]
    return int(told[1])


@pytest.fixture
def sample(request: pytest.FixtureRequest) -> int:
    """How many cases a sample has; none when a campaign is asked for."""
    cases = int(request.config.getoption("--http-cases"))
    return cases if cases < CAMPAIGN_CASES_MIN else pytest.skip("the campaign is run")


@pytest.fixture
def campaign(request: pytest.FixtureRequest) -> int:
    """How many cases a campaign has, when one is asked for."""
    cases = int(request.config.getoption("--http-cases"))
    return cases if cases >= CAMPAIGN_CASES_MIN else pytest.skip(f"a campaign: --http-cases N, from {CAMPAIGN_CASES_MIN} on")


def test_a_sample_keeps_to_the_document(sample: int, served: Served, tmp_path: Path) -> None:
    """No undocumented status, media type or form, no 500, nothing accepted that the document forbids."""
    assert examine(served, tmp_path, "operator", sample, "fuzzing", *ALL_BUT_REVOKING) > sample // 4
    assert served.ask("/node", "nobody")["name"] == "contract"


@pytest.mark.parametrize("part", CAMPAIGN)
def test_a_campaign_keeps_to_the_document(campaign: int, served: Served, tmp_path: Path, part: str) -> None:
    """The same, with every bound of every parameter tried one by one, for operators and for those who may do little."""
    role, choice = CAMPAIGN[part]
    tried = examine(served, tmp_path, role, campaign // len(CAMPAIGN), "examples,coverage,fuzzing,stateful", *choice)
    print(f"{part}: {tried} cases")

    assert served.ask("/node", "nobody")["name"] == "contract"
