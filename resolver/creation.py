"""Making the data directory of a node: its configuration, its certificate, its store, its prefixes, its first operator."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from idis.proto.errors import IdisError
from idis.registry.caller import tool
from idis.registry.identity import Identity
from idis.registry.registration.checks import Organisation, Refusal
from idis.registry.registration.delegation import home
from idis.registry.roles import make_first_operator
from idis.registry.store.base import Store
from idis.registry.store.directory import user_name
from idis.registry.store.lmdb import LmdbStore
from idis.resolver.admin.server_key import KEY_FILE, PUBLIC_FILE, make_server_key
from idis.resolver.config import CONFIG_FILE, DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY, NodeConfig
from idis.resolver.config_load import check
from idis.resolver.config_text import config_text
from idis.resolver.operator_key import OPERATOR_PUBLIC_FILE, OperatorKey, write_operator_key

ACTOR = "idis init"
SPACE_BYTES_MIN = 4 * 1_048_576  # an empty store takes a tenth; a store that cannot take its first records is of no use
_OWNER_ONLY = 0o750


class CreationError(IdisError):
    """A node cannot be made; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class FirstOperator:
    """The key of a node's first operator; `path` is where its private half is to be written, None when it is there already."""

    key: OperatorKey
    path: Path | None = None


def create_node(
    directory: Path, config: NodeConfig, *, owner: Organisation | None = None, operator: FirstOperator | None = None
) -> Identity | None:
    """Make a data directory that `idis serve` can run: `node.toml`, an empty store, every prefix of the configuration homed.

    Args:
        directory: must not exist, or be empty.
        config: what `node.toml` will say; its `data_dir` is not used. Where it names the development certificate, one is made.
        owner: whom the prefixes belong to; the node's name when not given.
        operator: who may administer it over the network; without one, only who may open the directory. With one the node
            gets a server key, by which its clients know it; the public halves of both lie beside it, for the parent's node.

    Returns:
        Who the operator is.

    Raises:
        CreationError, ConfigError, OperatorKeyError, ServerKeyError, StoreError: one sentence; nothing is left behind.
    """
    check(config)
    made = _make_directory(directory)
    try:
        _refuse_full_disk(directory)
        store = LmdbStore.create(directory, node=config.node.name)
        try:
            home_prefixes(store, config.node.prefixes, owner or Organisation(config.node.name))
            identity = None if operator is None else _make_operator(store, config, operator.key)
        finally:
            store.close()
        _make_certificate(directory, config)
        if operator is not None:
            _write(directory / PUBLIC_FILE, make_server_key(directory / KEY_FILE).public_pem)
            _write(directory / OPERATOR_PUBLIC_FILE, operator.key.public)
        # The file comes last, but for the key to all this: a directory that has one has everything.
        _write(directory / CONFIG_FILE, config_text(config).encode())
        if operator is not None and operator.path is not None:
            write_operator_key(operator.path, operator.key)
    except BaseException:
        _remove(directory, made)
        raise
    return identity


def home_prefixes(store: Store, prefixes: Sequence[str], owner: Organisation) -> None:
    """Make the node of a store answer for prefixes; it shows its own site for each of them.

    Raises:
        CreationError: a prefix cannot be homed.
    """
    now = int(time.time())
    for prefix in prefixes:
        change = partial(home, prefix=prefix, now=now, organisation=owner)
        result = store.write(change, actor=ACTOR).result().result
        if isinstance(result, Refusal):
            raise CreationError(f"{prefix} cannot be homed: {result.message}")


def _make_operator(store: Store, config: NodeConfig, key: OperatorKey) -> Identity:
    change = partial(
        make_first_operator,
        caller=tool(user_name()),
        node=config.node.name,
        prefixes=config.node.prefixes,
        pem=key.public,
        now=int(time.time()),
    )
    return store.write(change, actor=ACTOR).result().result


def _make_directory(directory: Path) -> bool:
    """Whether the directory had to be made."""
    try:
        if directory.is_dir():
            if any(directory.iterdir()):
                raise CreationError(f"{directory} exists and is not empty: choose another directory, or remove it first")
            return False
        directory.mkdir(parents=True, mode=_OWNER_ONLY)
        return True
    except FileExistsError:
        raise CreationError(f"{directory} is a file: choose another directory") from None
    except PermissionError:
        raise CreationError(f"user {user_name()} may not write {directory}: choose another place or change its owner") from None
    except OSError as error:
        raise CreationError(f"{directory} cannot be made: {error.strerror}") from None


def _refuse_full_disk(directory: Path) -> None:
    """LMDB maps its lock file into memory: on a disk that fills up meanwhile the system ends the process, unasked."""
    try:
        disk = os.statvfs(directory)
    except OSError as error:
        raise CreationError(f"{directory} cannot be used: {error.strerror}") from None
    if disk.f_bavail * disk.f_frsize < SPACE_BYTES_MIN:
        raise CreationError(
            f"the disk under {directory} has less than {SPACE_BYTES_MIN // 1_048_576} MiB free: "
            "free some space, or choose another place"
        )


def _make_certificate(directory: Path, config: NodeConfig) -> None:
    if (config.tls.certificate, config.tls.key) != (DEVELOPMENT_CERTIFICATE, DEVELOPMENT_KEY):
        return
    from idis.resolver.development_certificate import make_development_certificate

    hosts = [*config.listen.hosts, config.advertised]
    try:
        make_development_certificate(directory, config.node.name, hosts, int(time.time()))
    except OSError as error:
        raise CreationError(f"{directory / DEVELOPMENT_CERTIFICATE} cannot be written: {error.strerror}") from None


def _write(path: Path, octets: bytes) -> None:
    try:
        with path.open("xb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CreationError(f"{path} cannot be written: {error.strerror}") from None


def _remove(directory: Path, made: bool) -> None:
    for entry in list(directory.iterdir()):
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    if made:
        directory.rmdir()
