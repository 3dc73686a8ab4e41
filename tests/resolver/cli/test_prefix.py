"""`idis prefix` on a real data directory."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from idis.proto.types.site import HTTP, TCP, UDP, decode_site
from idis.proto.value import Value, decode_values
from idis.registry.journal import BEGINNING, EntryKind
from idis.registry.prefix import PrefixEntry
from idis.registry.record import Record, prepare
from idis.registry.registration.values import administrator_key
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.admin.server_key import make_server_key
from idis.resolver.cli import prefix
from idis.resolver.cli.output import CommandError, ExitCode
from idis.resolver.operator_key import OperatorKeyError, make_operator_key, write_operator_key

Command = Callable[..., int]


@pytest.fixture
def data(data_of: Callable[[str], Path]) -> Path:
    """The data directory of a secondary node that homes 88.118."""
    return data_of("88.118")


@pytest.fixture
def idis(data: Path, command_of: Callable[..., Command]) -> Command:
    """Runs `idis prefix WORDS --data DIR`."""
    return command_of(prefix, data)


def _entry(data: Path, name: str) -> PrefixEntry:
    store = LmdbStore.open(data, exclusive=False)
    try:
        with store.read() as txn:
            entry = txn.prefix(name)
    finally:
        store.close()
    assert entry is not None
    return entry


def test_a_prefix_lives_through_its_states(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Each step is acknowledged with version and position, and names the next one."""
    steps = [
        ("apply", "88.118.8", "--owner", "上海某船厂", "--owner-code", "91310000MA1FL0007C", "--industry", "船舶"),
        ("review", "88.118.8"),
        ("reject", "88.118.8", "--reason", "licence missing"),
        ("resubmit", "88.118.8", "--owner", "上海某某船厂"),
        ("review", "88.118.8"),
        ("approve", "88.118.8"),
        ("suspend", "88.118.8", "--reason", "audit"),
        ("resume", "88.118.8"),
        ("revoke", "88.118.8", "--alone"),
    ]
    codes = [idis(*step) for step in steps]
    lines = capsys.readouterr().out.splitlines()

    assert codes == [ExitCode.DONE] * len(steps)
    assert [line.partition(" (")[0] for line in lines if line.startswith("88.118.8:")] == [
        "88.118.8: applied for",
        "88.118.8: in review",
        "88.118.8: rejected",
        "88.118.8: applied for again",
        "88.118.8: in review",
        "88.118.8: active",
        "88.118.8: suspended",
        "88.118.8: active",
        "88.118.8: revoked",
    ]
    assert lines[0].startswith("88.118.8: applied for (version 1, position 1.")
    assert lines[1] == "next: idis prefix review 88.118.8"
    assert "next: idis prefix delegate 88.118.8 --to HOST:PORT, or idis prefix host 88.118.8" in lines


def test_the_next_free_number_is_granted(idis: Command, data: Path) -> None:
    """With a star instead of the last label."""
    idis("apply", "88.118.*")
    idis("apply", "88.118.*")

    assert _entry(data, "88.118.2").version == 1


def test_terms_are_kept(idis: Command, data: Path) -> None:
    """Quota, privacy, case and TTL as given."""
    idis("apply", "88.118.8", "--quota", "7", "--privacy", "strict", "--no-fold-suffix", "--ttl", "60")
    entry = _entry(data, "88.118.8")

    assert (entry.quota, entry.privacy.name, entry.fold_suffix, entry.ttl_s) == (7, "STRICT", False, 60)


def test_a_delegation_grants_what_was_not_granted(idis: Command, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Apply, review, approve and delegate in one step, each an entry of the journal with its actor."""
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--owner", "yard")
    said = capsys.readouterr().out
    store = LmdbStore.open(data, exclusive=False)
    with store.read() as txn:
        journal = txn.journal(BEGINNING, 100)
    store.close()

    assert said.startswith("88.118.8: granted and delegated to 192.0.2.1:2641 (version 4,")
    assert said.endswith("next: at the node that answers: idis prefix home 88.118.8\n")
    assert isinstance(journal, list)
    steps = [entry for entry in journal if entry.key == b"88.118.8"]
    assert [(entry.kind, entry.version) for entry in steps] == [(EntryKind.PREFIX, version) for version in (1, 2, 3, 4)]
    assert {entry.actor.partition(":")[0] for entry in steps} == {"cli"}


@pytest.mark.parametrize(("owner", "warned"), [("yard", False), ("another", True)])
def test_a_delegation_changes_no_owner(
    idis: Command, capsys: pytest.CaptureFixture[str], owner: str, warned: bool
) -> None:
    """And says so, where another one is named."""
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--owner", "yard")
    idis("delegate", "88.118.8", "--to", "192.0.2.2:2641", "--owner", owner)

    assert ("warning: 88.118.8 belongs to yard, and stays so" in capsys.readouterr().err) is warned


@pytest.mark.parametrize(
    ("words", "address", "ways"),
    [
        (("--to", "192.0.2.1:3000"), "192.0.2.1", {(TCP, 3000), (UDP, 3000)}),
        (("--to", "[2001:db8::1]:3000", "--no-udp"), "2001:db8::1", {(TCP, 3000)}),
        (("--to", "127.0.0.1", "--http", "8000"), "127.0.0.1", {(TCP, 2641), (UDP, 2641), (HTTP, 8000)}),
        (("--to", "[::1]:3000", "--udp"), "::1", {(TCP, 3000), (UDP, 3000)}),
    ],
)
def test_a_delegation_says_how_the_site_is_reached(
    idis: Command, data: Path, words: tuple[str, ...], address: str, ways: set[tuple[int, int]]
) -> None:
    """Address of either family, the binary port, UDP or not, HTTP or not."""
    idis("delegate", "88.118.8", *words)
    sites = [decode_site(value.data) for value in decode_values(_entry(data, "88.118.8").values)[:2]]

    assert [(site.servers[0].address, {(way.protocol, way.port) for way in site.servers[0].interfaces}) for site in sites] == [
        (address, ways)
    ] * 2


def test_a_delegation_names_the_key_of_the_server(idis: Command, data: Path, tmp_path: Path) -> None:
    """In Handle's binary form, so that certified answers can be believed."""
    key = make_server_key(tmp_path / "server_key.pem")
    (tmp_path / "public.pem").write_bytes(key.public_pem)
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--server-key", str(tmp_path / "public.pem"))
    site = decode_site(decode_values(_entry(data, "88.118.8").values)[0].data)

    assert site.servers[0].public_key == key.public_octets


def test_a_server_key_of_another_kind_is_refused(idis: Command, tmp_path: Path) -> None:
    """One sentence that says what is wanted."""
    (tmp_path / "key.pem").write_bytes(b"no key")

    with pytest.raises(CommandError, match="no public key in PEM form"):
        idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--server-key", str(tmp_path / "key.pem"))


def test_each_address_is_a_site_of_its_own(idis: Command, data: Path) -> None:
    """Sites hold everything, and a client picks the nearest."""
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--to", "192.0.2.2:2641")
    types = [value.type for value in decode_values(_entry(data, "88.118.8").values)]

    assert types == ["HS_SITE", "HS_SITE", "HS_SITE.PREFIX", "HS_SITE.PREFIX", "HS_ADMIN"]


def test_addresses_joined_by_commas_are_the_servers_of_one_site(idis: Command, data: Path) -> None:
    """Servers that share a site by hash could not be registered before: the order decides who holds what."""
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641,192.0.2.2:2642")
    values = decode_values(_entry(data, "88.118.8").values)
    servers = decode_site(values[0].data).servers

    assert [value.type for value in values] == ["HS_SITE", "HS_SITE.PREFIX", "HS_ADMIN"]
    assert [(server.server_id, server.address, server.interfaces[0].port) for server in servers] == [
        (1, "192.0.2.1", 2641),
        (2, "192.0.2.2", 2642),
    ]


def test_a_service_handle_may_name_the_sites(idis: Command, data: Path) -> None:
    """HS_SERV instead of HS_SITE."""
    idis("delegate", "88.118.8", "--service", "88.118/service")

    assert decode_values(_entry(data, "88.118.8").values)[0].text == "88.118/service"


def test_doing_it_again_says_unchanged(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing new in the journal, and no error."""
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")
    capsys.readouterr()
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")

    assert capsys.readouterr().out.startswith("88.118.8: unchanged (active 启用, answered elsewhere, version 4)\n")


def test_a_refused_step_undoes_the_steps_before_it(idis: Command, data: Path) -> None:
    """An owner is checked before anything is granted; nothing of the one-step delegation remains."""
    with pytest.raises(CommandError, match="no unified social credit code"):
        idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--owner-code", "1")
    store = LmdbStore.open(data, exclusive=False)
    with store.read() as txn:
        entry = txn.prefix("88.118.8")
    store.close()

    assert entry is None


def test_hosting_is_asked_for_and_approved_in_one_step_or_two(idis: Command, data: Path) -> None:
    """Or asked for, rejected, and asked for again; in the end unhosted."""
    for step in ("apply", "review", "approve"):
        idis(step, "88.118.9")
    states = []
    for words in (("host", "--apply"), ("host", "--reject"), ("host",), ("unhost",), ("host",)):
        idis(words[0], "88.118.9", *words[1:])
        states.append(int(_entry(data, "88.118.9").hosting))

    assert states == [2, 3, 4, 1, 4]


def test_home_makes_a_node_answer_for_a_prefix_of_another_parent(idis: Command, data: Path) -> None:
    """The parent is another node; it must delegate."""
    idis("home", "88.200.8", "--owner", "yard")
    entry = _entry(data, "88.200.8")

    assert (entry.homed, entry.owner) == (True, "yard")


def test_a_range_is_delegated_listed_and_removed(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """All three by its first number."""
    idis("route", "88.118.1000", "88.118.1999", "--to", "192.0.2.1:2641")
    idis("list")
    listed = capsys.readouterr().out
    idis("route", "88.118.1000", "--remove")
    removed = capsys.readouterr().out
    idis("list", "--json")

    assert "88.118.1000 to 88.118.1999: delegated to 192.0.2.1:2641 (version 1" in listed
    assert ["88.118.1000", "to", "88.118.1999", "elsewhere"] in [line.split() for line in listed.splitlines()]
    assert removed.startswith("the range that began at 88.118.1000 is no longer delegated")
    assert json.loads(capsys.readouterr().out)["ranges"] == []


def test_the_list_shows_state_arrangement_and_owner(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """In columns, also with Chinese names."""
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--owner", "上海某船厂", "--industry", "船舶")
    idis("apply", "88.118.9")
    capsys.readouterr()
    idis("list")

    assert capsys.readouterr().out == (
        "prefix    state           answered     records  owner       industry\n"
        "88.118    active 启用     here         0\n"
        "88.118.8  active 启用     elsewhere    0        上海某船厂  船舶\n"
        "88.118.9  applied 待审核  nowhere yet  0\n"
    )


def test_the_list_is_narrowed_by_place_and_state(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """Below a prefix, in a state."""
    idis("delegate", "88.118.8", "--to", "192.0.2.1:2641")
    idis("apply", "88.118.9")
    capsys.readouterr()
    idis("list", "--below", "88.118", "--json")
    below = [entry["prefix"] for entry in json.loads(capsys.readouterr().out)["prefixes"]]
    idis("list", "--state", "applied", "--json")
    applied = [entry["prefix"] for entry in json.loads(capsys.readouterr().out)["prefixes"]]

    assert (below, applied) == (["88.118.8", "88.118.9"], ["88.118.9"])


def test_a_prefix_is_shown_with_its_record(idis: Command, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """State with reason, owner, records against quota, what is possible now, and every value."""
    store = LmdbStore.open(data, exclusive=False)
    entry = PrefixEntry("88.118.7", homed=True, quota=9, owner="yard", owner_code="91310000MA1FL0007C")
    store.write(lambda txn: txn.put_prefix(entry), actor="test").result()
    store.write(lambda txn: txn.put_record(prepare(Record("88.118.7/x", (Value(1, "URL", b"u"),)), 0)), actor="test").result()
    store.close()
    idis("suspend", "88.118.7", "--reason", "audit")
    capsys.readouterr()
    idis("show", "0.NA/88.118.7")
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line]

    assert ["state", "suspended 停用 (audit)"] in lines
    assert ["owner", "yard 91310000MA1FL0007C"] in lines
    assert ["records", "1 of 9"] in lines
    assert ["possible", "now       resume, revoke"] in lines


def test_json_says_the_same(idis: Command, capsys: pytest.CaptureFixture[str]) -> None:
    """National numbers and names, values in the form of the REST interface, the position."""
    idis("apply", "88.118.8", "--owner", "yard", "--json")
    shown = json.loads(capsys.readouterr().out)

    assert (shown["prefix"], shown["state"], shown["stateName"], shown["hosting"], shown["changed"]) == (
        "88.118.8",
        4,
        "applied",
        1,
        True,
    )
    assert shown["position"].count(".") == 2
    assert shown["values"][0]["data"]["value"]["handle"] == "0.NA/88.118.8"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("show", "88.118.8"), ExitCode.REFUSED, r"not registered here \(registered here: 88.118\)"),
        (("approve", "88.118"), None, ""),
        (("resubmit", "88.118"), ExitCode.REFUSED, "possible now: suspend, revoke"),
        (("apply", "88.118..8"), ExitCode.USAGE, r"an empty label \(at character 8\)"),
        (("apply", "88.118.8/x"), ExitCode.USAGE, "its prefix is 88.118.8"),
        (("apply", "88.118.8", "--quota", "-1"), ExitCode.USAGE, "--quota -1: give 0 to "),
        (("delegate", "88.118.8"), ExitCode.USAGE, "Give --to HOST:PORT, or --service HANDLE"),
        (("delegate", "88.118.8", "--to", "1.2.3.4:0"), ExitCode.USAGE, "is no address"),
        (("delegate", "88.118.8", "--to", "1.2.3.4:1", "--http", "70000"), ExitCode.USAGE, "is no port"),
        (("route", "88.118.1"), ExitCode.USAGE, "a range needs FIRST, LAST and --to"),
        (("route", "88.118.1", "--remove"), ExitCode.REFUSED, "no range begins at 88.118.1"),
        (("host", "88.118"), ExitCode.REFUSED, "is homed here, so it needs no hosting"),
    ],
)
def test_mistakes_are_told_in_one_sentence(idis: Command, words: tuple[str, ...], code: ExitCode | None, sentence: str) -> None:
    """What is wrong, and what to do; what has happened already is no mistake."""
    if code is None:
        assert idis(*words) == ExitCode.DONE
        return
    with pytest.raises(CommandError, match=sentence) as caught:
        idis(*words)

    assert caught.value.code is code


def test_without_a_directory_the_command_asks_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """By flag or by environment."""
    monkeypatch.delenv("IDIS_DATA", raising=False)
    parser = argparse.ArgumentParser()
    prefix.configure(parser)

    with pytest.raises(CommandError, match="--data DIR, or set IDIS_DATA"):
        prefix.run(parser.parse_args(["list"]))


def test_the_environment_names_the_directory(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a service unit sets it once for every command."""
    monkeypatch.setenv("IDIS_DATA", str(data))
    parser = argparse.ArgumentParser()
    prefix.configure(parser)

    assert prefix.run(parser.parse_args(["list"])) == ExitCode.DONE


def test_it_works_beside_the_node(data: Path) -> None:
    """The node that serves from the directory sees the change of another process at once."""
    program = (
        "import argparse, sys; from idis.resolver.cli import prefix; parser = argparse.ArgumentParser();"
        "prefix.configure(parser); sys.exit(prefix.run(parser.parse_args(sys.argv[1:])))"
    )
    words = ("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--data", str(data))
    node = LmdbStore.open(data, exclusive=True)
    try:
        with node.read() as txn:
            before = txn.prefix("88.118.8")
        subprocess.run([sys.executable, "-c", program, *words], check=True, capture_output=True, timeout=60)
        with node.read() as txn:
            after = txn.prefix("88.118.8")
    finally:
        node.close()

    assert before is None
    assert after is not None


def test_a_delegation_takes_in_the_administrators_key(
    data: Path, idis: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is compared by the digest that its owner sees; the key stays until it is replaced or removed."""
    pair = make_operator_key()
    (tmp_path / "operator.pub").write_bytes(pair.public)
    keys = []
    for words in (("--admin-key", str(tmp_path / "operator.pub")), (), ("--no-admin-key",)):
        idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", *words)
        keys.append(administrator_key(decode_values(_entry(data, "88.118.8").values)))
        idis("show", "88.118.8")
        digest = sha256(pair.public).hexdigest()
        assert (f"300, SHA-256 {digest}" in capsys.readouterr().out) is bool(keys[-1])

    assert keys == [pair.public, pair.public, b""]


def test_the_private_key_of_an_administrator_is_not_taken(idis: Command, tmp_path: Path) -> None:
    """It must not come to lie in the parent's registry; the sentence says how to get the public half."""
    write_operator_key(tmp_path / "operator.pem", make_operator_key())

    with pytest.raises(OperatorKeyError, match=r"holds a private key.*openssl pkey -in .*operator\.pem -pubout"):
        idis("delegate", "88.118.8", "--to", "192.0.2.1:2641", "--admin-key", str(tmp_path / "operator.pem"))


def test_hosting_takes_in_the_owners_key(data: Path, idis: Command, tmp_path: Path) -> None:
    """An enterprise without servers signs with a key all the same; one that only asks brings none."""
    pair = make_operator_key()
    (tmp_path / "owner.pub").write_bytes(pair.public)
    for verb in ("apply", "review", "approve"):
        idis(verb, "88.118.9")
    idis("host", "88.118.9", "--admin-key", str(tmp_path / "owner.pub"))

    assert administrator_key(decode_values(_entry(data, "88.118.9").values)) == pair.public
    with pytest.raises(CommandError, match="goes with the approval"):
        idis("host", "88.118.9", "--apply", "--admin-key", str(tmp_path / "owner.pub"))
