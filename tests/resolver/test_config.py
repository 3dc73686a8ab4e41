"""Configuration: file < environment < flags, every key known, every value checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from idis.resolver.config import SECTIONS, ConfigError, NodeConfig, NodeSection, RecursionSection, Tier, settings
from idis.resolver.config_load import host_and_port, known_keys, load, merge
from idis.resolver.config_text import MASK, config_text, shown_text

DEPLOYED = sorted((Path(__file__).parents[2] / "deploy" / "config").glob("*.toml"))


@pytest.fixture
def write(tmp_path):
    """Writes a configuration file and gives its path."""

    def write(text: str) -> Path:
        path = tmp_path / "node.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def refusal(path: Path | None, environ: dict[str, str] | None = None, flags: dict[str, object] | None = None) -> str:
    """The sentence a configuration is refused with."""
    with pytest.raises(ConfigError) as raised:
        load(path, environ or {}, flags or {})
    return str(raised.value)


def test_what_is_written_is_read(write):
    """The commented file gives the configuration it was made from."""
    config = NodeConfig(
        data_dir=Path("elsewhere"),
        node=NodeSection(name='沪东 "1号"\\', tier=Tier.RECURSIVE, prefixes=("88.118", "88.118.8")),
        recursion=RecursionSection(enabled=True, roots=("127.0.0.1:2641", "[::1]:2641"), stale_max_s=0),
    )
    path = write(config_text(config))

    read = load(path, {}, {})
    assert [getattr(read, name) for name in SECTIONS] == [getattr(config, name) for name in SECTIONS]
    assert read.data_dir == path.parent


def test_the_file_names_every_setting():
    """A reader finds all there is, with its meaning beside it."""
    text = config_text(NodeConfig(Path(), NodeSection(name="n")))

    for section in SECTIONS.values():
        for name, (setting, _default) in settings(section).items():
            assert f"{name} = " in text
            assert setting.line in text


def test_flags_go_before_the_environment_and_that_before_the_file(write):
    """Each layer is seen where the one above says nothing."""
    path = write('[node]\nname = "file"\nlog_level = "debug"\n[listen]\nport = 1001\nhttp_port = 1002')
    environ = {"IDIS_NODE__NAME": "environment", "IDIS_LISTEN__PORT": "2001", "IDIS_DATA": "/x", "HOME": "/root"}

    merged = merge(path, environ, {"listen.port": 3001, "listen.http_port": None})
    assert (merged.config.node.name, merged.config.listen.port, merged.config.listen.http_port) == ("environment", 3001, 1002)
    assert {key: merged.origins[key] for key in ("node.name", "listen.port", "listen.http_port", "node.tier")} == {
        "node.name": "environment",
        "listen.port": "flag",
        "listen.http_port": "file",
        "node.tier": "default",
    }


def test_the_environment_spells_every_kind(write):
    """Lists are separated by commas, booleans are words, numbers are digits."""
    environ = {
        "IDIS_LISTEN__HOSTS": "127.0.0.1, ::1",
        "IDIS_RECURSION__ENABLED": "true",
        "IDIS_RECURSION__ROOTS": "127.0.0.1:2641",
        "IDIS_NODE__TIER": "recursive",
        "IDIS_LIMITS__PIPELINE": "128",
    }

    config = load(write('[node]\nname = "n"'), environ, {})
    assert config.listen.hosts == ("127.0.0.1", "::1")
    assert (config.recursion.enabled, config.node.tier, config.limits.pipeline) == (True, Tier.RECURSIVE, 128)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[listen]\nprot = 1", "there is no setting listen.prot; did you mean listen.port?"),
        ("[lisen]\nport = 1", "there is no section [lisen]; did you mean listen"),
        ("port = 1", "there is no section [port]"),
        ("node = 1", "node must be a section, written [node]"),
        ('[listen]\nport = "2641"', "listen.port is '2641'; allowed are whole numbers from 0 to 65535"),
        ("[listen]\nport = true", "listen.port is True; allowed are whole numbers from 0 to 65535"),
        ("[listen]\nport = 65536", "listen.port is 65536; allowed are whole numbers from 0 to 65535"),
        ("[recursion]\nenabled = 1", "recursion.enabled is 1; allowed are true and false"),
        ('[node]\ntier = "second"', "node.tier is 'second'; allowed are root, national, secondary, enterprise, recursive"),
        ("[node]\nname = 5", "node.name is 5; a string is expected"),
        ('[node]\nlog_level = "loud"', "node.log_level is 'loud'; allowed are debug, info, warning, error"),
        ('[listen]\nhosts = "127.0.0.1"', "listen.hosts is '127.0.0.1'; a list of strings is expected"),
        ("[node]\nname = ", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_one_sentence_with_key_and_what_is_allowed(write, text, sentence):
    """A person can correct the file from the sentence alone."""
    said = refusal(write(text))

    assert sentence in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "node.name is ''"),
        ('[node]\nname = "a\\tb"', "printable characters are expected"),
        ('[node]\nname = "n"\nprefixes = ["88..1"]', "node.prefixes holds '88..1'"),
        ('[node]\nname = "n"\n[listen]\nhosts = []', "listen.hosts is empty"),
        ('[node]\nname = "n"\n[listen]\nhosts = ["localhost"]', "listen.hosts holds 'localhost'; IPv4 or IPv6 addresses"),
        ('[node]\nname = "n"\n[listen]\nhosts = ["0.0.0.0"]', "listen.advertise is empty"),
        ('[node]\nname = "n"\n[listen]\nadvertise = "::"', "listen.advertise is ::"),
        ('[node]\nname = "n"\n[listen]\nport = 8000', "listen.port and listen.http_port are both 8000"),
        ('[node]\nname = "n"\n[recursion]\nenabled = true', "recursion.roots is empty"),
        ('[node]\nname = "n"\ntier = "recursive"', "recursion.enabled is false; a recursive node needs true"),
        ('[node]\nname = "n"\n[recursion]\nroots = ["root.example:2641"]', "recursion.roots holds 'root.example:2641'"),
        ('[node]\nname = "n"\n[recursion]\nroots = ["::1:2641"]', "recursion.roots holds '::1:2641'"),
        ('[node]\nname = "n"\n[guard]\ntrusted_networks = ["10.0.0.1/8"]', "guard.trusted_networks holds '10.0.0.1/8'"),
        ('[node]\nname = "n"\n[links]\nroot = "id.example.cn"', "links.root is 'id.example.cn'; scheme and host are expected"),
        ('[node]\nname = "n"\n[links]\nroot = "https://id.example.cn/path"', "scheme and host are expected"),
    ],
)
def test_what_no_single_key_shows_is_refused_too(write, text, sentence):
    """Settings that contradict each other, or cannot work, stop a node before it starts."""
    assert sentence in refusal(write(text))


def test_a_missing_file_says_how_to_make_one(tmp_path):
    """The first thing a new user meets."""
    assert "make a node with 'idis init" in refusal(tmp_path / "node.toml")


def test_an_unknown_variable_is_refused_without_its_value():
    """A secret in the wrong place is not printed."""
    said = refusal(None, {"IDIS_ADMIN__PASSWORD": "hunter2"})

    assert "there is no setting admin.password" in said
    assert "hunter2" not in said


def test_secrets_are_masked():
    """What a key's name calls secret is nobody's business."""
    assert shown_text("admin.token", "abc") == MASK
    assert shown_text("listen.port", 2641) == "2641"


@pytest.mark.parametrize("path", DEPLOYED, ids=lambda path: path.stem)
def test_the_deployed_configurations_are_good(path):
    """Every example in deploy/config loads, and is of the tier it is named after."""
    assert load(path, {}, {}).node.tier.value == path.stem


def test_every_default_is_allowed():
    """A default outside its own bounds could not be written down."""
    keys = known_keys()
    environ = {
        f"IDIS_{key.replace('.', '__').upper()}": str(default)
        for section, kind in SECTIONS.items()
        for name, (_setting, default) in settings(kind).items()
        if isinstance(default, int) and (key := f"{section}.{name}") in keys
    }

    assert load(None, environ | {"IDIS_NODE__NAME": "n"}, {}).limits == NodeConfig(Path()).limits


@pytest.mark.parametrize(
    ("text", "expected"), [("127.0.0.1:2641", ("127.0.0.1", 2641)), ("[::1]:80", ("::1", 80)), ("localhost:1", ("localhost", 1))]
)
def test_addresses_are_split(text, expected):
    """IPv6 stands in brackets."""
    assert host_and_port(text) == expected


@pytest.mark.parametrize("text", ["", "127.0.0.1", ":1", "a:b", "a:0", "a:65536", "::1:80", "a:١"])
def test_what_is_no_address_is_refused(text):
    """Half an address is none."""
    with pytest.raises(ValueError):
        host_and_port(text)


@pytest.mark.parametrize("count", [0, 65, True])
def test_workers_are_one_to_sixty_four(count):
    """The board and the sockets of a node are made for no more."""
    assert "node.workers" in refusal(None, flags={"node.name": "n", "node.workers": count})


def test_one_process_is_the_default():
    """Workers, a keeper and busy polling are asked for; several workers have a keeper without being asked."""
    node = load(None, {}, {"node.name": "n"}).node

    assert (node.workers, node.has_keeper, node.busy_poll) == (1, False, False)
    assert load(None, {}, {"node.name": "n", "node.workers": 2}).node.has_keeper
