"""What a node believes of the keys, secrets and groups that other nodes keep: the settings `remote_keys` and `anchors`.

    certified  every answer on the way is signed by the server that gave it, from a server whose key is among the anchors
    signed     the record is signed by its owner, whose key a chain of delegations names, from a root key among the anchors
    any        whatever comes from the node responsible, over TCP

*Certified* keeps out whoever is between two nodes. *Signed* keeps out the nodes above the owner as well, but asks of every
owner to sign his records, and takes no secrets of other nodes, since only the node that holds one can say whether it is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from idis.proto.errors import DataError
from idis.proto.proof import RootKey
from idis.registry.suites import PublicSuiteKey, read_public
from idis.resolver.config import ConfigError, NodeConfig

ANCHORS_BYTES_MAX = 65_536  # some hundred keys

_END = b"-----END PUBLIC KEY-----"


class RemoteKeys(Enum):
    """What has to be proved of what another node says of an identity."""

    CERTIFIED = "certified"
    SIGNED = "signed"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class KeyTrust:
    """What is believed, and the keys that are trusted to begin with."""

    mode: RemoteKeys = RemoteKeys.ANY
    anchors: tuple[PublicSuiteKey, ...] = ()

    @property
    def roots(self) -> list[RootKey]:
        """The anchors, as chains of delegations begin with them."""
        return [RootKey(key.suite, key.key) for key in self.anchors]


def key_trust(config: NodeConfig) -> KeyTrust:
    """What a node's configuration says.

    Raises:
        ConfigError: the file of anchors cannot be read, or holds something else.
    """
    name = config.admin.anchors
    return KeyTrust(RemoteKeys(config.admin.remote_keys), _read(config.data_dir / name) if name else ())


def _read(path: Path) -> tuple[PublicSuiteKey, ...]:
    try:
        with path.open("rb") as file:
            octets = file.read(ANCHORS_BYTES_MAX)
    except OSError as error:
        raise ConfigError(f"[admin] anchors: {path} cannot be read: {error.strerror}") from None
    try:
        return tuple(read_public(part + _END) for part in octets.split(_END) if part.strip())
    except DataError as error:
        raise ConfigError(f"[admin] anchors: {path}: {error}; public keys in PEM form are wanted") from None
