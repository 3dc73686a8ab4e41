"""Reading a configuration: file < environment < flags, every key known, every value checked."""

from __future__ import annotations

import difflib
import ipaddress
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from idis.proto.dns.cookie import SECRET_BYTES
from idis.proto.dns.name import name_from_text
from idis.proto.errors import DataError, IdentifierError
from idis.proto.identifier import parse_prefix
from idis.resolver.config import (
    SECTIONS,
    ConfigError,
    DnsSection,
    LinksSection,
    ListenSection,
    NodeConfig,
    NodeSection,
    RecursionSection,
    Setting,
    Tier,
    TlsSection,
    settings,
)

ENVIRONMENT_HEAD = "IDIS_"
ENVIRONMENT_JOINT = "__"  # IDIS_LISTEN__PORT is [listen] port
NAME_CHARACTERS_MAX = 64
_ROOT = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+")


@dataclass(frozen=True, slots=True)
class Merged:
    """A configuration and, for each key like `listen.port`, where its value came from."""

    config: NodeConfig
    origins: dict[str, str]


def load(
    path: Path | None, environ: Mapping[str, str], flags: Mapping[str, object], *, data_dir: Path | None = None
) -> NodeConfig:
    """The configuration of a node.

    Args:
        path: the TOML file; None for none.
        environ: the process's environment; `IDIS_SECTION__KEY` variables count, lists are separated by commas.
        flags: `"section.key"` → value; None values are passed over.
        data_dir: where the store lives; the folder of the file when not given.

    Raises:
        ConfigError: one sentence that names the key and what is allowed.
    """
    return merge(path, environ, flags, data_dir=data_dir).config


def merge(path: Path | None, environ: Mapping[str, str], flags: Mapping[str, object], *, data_dir: Path | None = None) -> Merged:
    """As `load`, with the origin of every value."""
    found: dict[str, object] = {}
    origins: dict[str, str] = {}
    for origin, source in (("file", _from_file(path)), ("environment", _from_environment(environ)), ("flag", flags.items())):
        for key, value in source:
            if value is None:
                continue
            known, default = _setting_of(key)
            found[key] = _converted(key, known, default, value, textual=origin == "environment")
            origins[key] = origin
    where = data_dir if data_dir is not None else path.parent if path is not None else Path()
    sections = {
        name: section(**{key: found[f"{name}.{key}"] for key in settings(section) if f"{name}.{key}" in found})
        for name, section in SECTIONS.items()
    }
    config = NodeConfig(where, **sections)
    check(config)
    return Merged(config, {key: origins.get(key, "default") for key in known_keys()})


def known_keys() -> list[str]:
    """Every key, `section.name`, in the order of the file."""
    return [f"{name}.{key}" for name, section in SECTIONS.items() for key in settings(section)]


def check(config: NodeConfig) -> None:
    """Refuse what no single key shows.

    Raises:
        ConfigError: one sentence that names the key and what is allowed.
    """
    _check_node(config.node)
    _check_listen(config.listen, config.node.tier)
    _check_tls(config.tls, config.listen)
    _check_recursion(config.recursion, config.node.tier)
    if config.admin.resolver:
        _check_address("admin.resolver", config.admin.resolver)
    _check_networks("guard.trusted_networks", config.guard.trusted_networks)
    _check_networks("routes.networks", config.routes.networks)
    _check_networks("events.networks", config.events.networks)
    for server in config.routes.name_servers:
        _check_address("routes.name_servers", server)
    _check_dns(config.dns, config.listen)
    _check_links(config.links)


def host_and_port(text: str) -> tuple[str, int]:
    """Split `127.0.0.1:2641` or `[::1]:2641`.

    Raises:
        ValueError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not host or not port.isascii() or not port.isdigit() or (":" in host and not bracketed):
        raise ValueError("expected HOST:PORT")
    number = int(port)
    if not 0 < number < 65_536:
        raise ValueError("the port is out of range")
    return host[1:-1] if bracketed else host, number


def _from_file(path: Path | None) -> Iterator[tuple[str, object]]:
    if path is None:
        return
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        advice = "make a node with 'idis init DIR --tier TIER --name NAME', or name its file"
        raise ConfigError(f"there is no {path}: {advice}") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from None
    for name, section in document.items():
        if name not in SECTIONS:
            raise ConfigError(f"{path}: there is no section [{name}]{_nearest(name, list(SECTIONS))}")
        if not isinstance(section, dict):
            raise ConfigError(f"{path}: {name} must be a section, written [{name}]")
        for key, value in section.items():
            yield f"{name}.{key}", value


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, object]]:
    for name, value in sorted(environ.items()):
        if name.startswith(ENVIRONMENT_HEAD) and ENVIRONMENT_JOINT in name:
            section, _, key = name[len(ENVIRONMENT_HEAD) :].lower().partition(ENVIRONMENT_JOINT)
            yield f"{section}.{key}", value


def _setting_of(key: str) -> tuple[Setting, object]:
    name, _, wanted = key.partition(".")
    if name in SECTIONS and wanted in (known := settings(SECTIONS[name])):
        return known[wanted]
    # The value of an unknown key is not repeated: it may be a secret in the wrong place.
    raise ConfigError(f"there is no setting {key}{_nearest(key, known_keys())}")


def _nearest(name: str, names: list[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; known are {', '.join(names)}"


def _converted(key: str, known: Setting, default: object, value: object, *, textual: bool) -> object:
    match default:
        case Tier():
            return _tier(key, value)
        case bool():
            return _boolean(key, value, textual)
        case int():
            return _integer(key, known, value, textual)
        case tuple():
            return _list(key, value, textual)
        case _:
            return _word(key, known, value)


def _tier(key: str, value: object) -> Tier:
    if isinstance(value, Tier):
        return value
    for tier in Tier:
        if tier.value == value:
            return tier
    raise ConfigError(f"{key} is {value!r}; allowed are {', '.join(tier.value for tier in Tier)}")


def _boolean(key: str, value: object, textual: bool) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if textual and isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise ConfigError(f"{key} is {value!r}; allowed are true and false")


def _integer(key: str, known: Setting, value: object, textual: bool) -> int:
    if textual and isinstance(value, str) and value.strip().lstrip("-").isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and known.least <= value <= known.most:
        return value
    raise ConfigError(f"{key} is {value!r}; allowed are whole numbers from {known.least} to {known.most}")


def _list(key: str, value: object, textual: bool) -> tuple[str, ...]:
    if textual and isinstance(value, str):
        return tuple(item.strip() for item in value.split(",") if item.strip())
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ConfigError(f"{key} is {value!r}; a list of strings is expected")


def _word(key: str, known: Setting, value: object) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"{key} is {value!r}; a string is expected")
    if known.words and value not in known.words:
        raise ConfigError(f"{key} is {value!r}; allowed are {', '.join(known.words)}")
    return value


def _check_node(node: NodeSection) -> None:
    if not node.name or len(node.name) > NAME_CHARACTERS_MAX or not node.name.isprintable():
        raise ConfigError(f"node.name is {node.name!r}; 1 to {NAME_CHARACTERS_MAX} printable characters are expected")
    for prefix in node.prefixes:
        try:
            parse_prefix(prefix)
        except IdentifierError as error:
            raise ConfigError(f"node.prefixes holds {prefix!r}: {error}") from None


def _check_listen(listen: ListenSection, tier: Tier) -> None:
    if not listen.hosts:
        raise ConfigError("listen.hosts is empty; at least one IPv4 or IPv6 address is expected")
    for host in (*listen.hosts, *((listen.advertise,) if listen.advertise else ())):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            key = "listen.hosts" if host in listen.hosts else "listen.advertise"
            raise ConfigError(f"{key} holds {host!r}; IPv4 or IPv6 addresses are expected") from None
    _check_networks("listen.proxies", listen.proxies)
    if not listen.advertise and tier is not Tier.RECURSIVE and ipaddress.ip_address(listen.hosts[0]).is_unspecified:
        raise ConfigError(f"listen.advertise is empty and {listen.hosts[0]} is no address; name the one others shall use")
    if listen.advertise and ipaddress.ip_address(listen.advertise).is_unspecified:
        raise ConfigError(f"listen.advertise is {listen.advertise}; an address others can reach is expected")
    if listen.port == listen.http_port != 0:
        raise ConfigError(f"listen.port and listen.http_port are both {listen.port}; two different ports are expected")


def _check_tls(tls: TlsSection, listen: ListenSection) -> None:
    if bool(tls.certificate) != bool(tls.key):
        lacking = "tls.key" if tls.certificate else "tls.certificate"
        raise ConfigError(f"{lacking} is empty; TLS needs both the certificate and its key")
    if tls.enabled and tls.port and tls.port in (listen.port, listen.http_port):
        raise ConfigError(f"tls.port is {tls.port}, which is taken by another setting; a port of its own is expected")


def _check_address(key: str, text: str) -> None:
    try:
        host, _port = host_and_port(text)
        ipaddress.ip_address(host)
    except ValueError:
        raise ConfigError(f"{key} holds {text!r}; ADDRESS:PORT is expected, IPv6 in brackets") from None


def _check_networks(key: str, networks: Iterable[str]) -> None:
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ConfigError(f"{key} holds {network!r}; a network like 10.0.0.0/8 is expected") from None


def _check_recursion(recursion: RecursionSection, tier: Tier) -> None:
    for root in recursion.roots:
        _check_address("recursion.roots", root)
    if recursion.enabled and not recursion.roots:
        raise ConfigError("recursion.roots is empty; recursion needs at least one root node as ADDRESS:PORT")
    if tier is Tier.RECURSIVE and not recursion.enabled:
        raise ConfigError("recursion.enabled is false; a recursive node needs true")


def _check_links(links: LinksSection) -> None:
    if links.root and _ROOT.fullmatch(links.root) is None:
        raise ConfigError(f"links.root is {links.root!r}; scheme and host are expected, like https://id.example.cn")


def _check_dns(dns: DnsSection, listen: ListenSection) -> None:
    names = [(key, getattr(dns, key)) for key in ("zone", "mailbox", "gs1_zone", "gs1_old_zone", "oid_zone")]
    for key, name in (*names, *(("name_servers", name) for name in dns.name_servers)):
        try:
            if name:
                name_from_text(name)
        except DataError as error:
            raise ConfigError(f"dns.{key} holds {name!r}: {error}") from None
    for key in ("gs1_prefix", "oid_prefix"):
        try:
            if prefix := getattr(dns, key):
                parse_prefix(prefix)
        except IdentifierError as error:
            raise ConfigError(f"dns.{key} is {prefix!r}: {error}") from None
    if dns.enabled and dns.port and dns.port in (listen.port, listen.http_port):
        raise ConfigError(f"dns.port is {dns.port}, which is taken by another setting; a port of its own is expected")
    try:
        right = len(bytes.fromhex(dns.cookie_secret)) in (0, SECRET_BYTES)
    except ValueError:
        right = False
    if not right:
        raise ConfigError(f"dns.cookie_secret is not {2 * SECRET_BYTES} hexadecimal digits")
