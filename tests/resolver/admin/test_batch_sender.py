"""The sender of batch files, against a running node."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from idis.proto.batch import BatchItem, BatchRequest, Verb
from idis.proto.value import Value, encode_values
from idis.resolver.batch.run import BatchLost, BatchRefused
from idis.resolver.batch.wire import WireSender
from idis.resolver.client_admin import Administrator
from idis.resolver.client_key import Key
from idis.resolver.node import Node
from tests.resolver.admin.wire import ADMIN, ed25519_key

URL = encode_values((Value(1, "URL", b"https://example.com/1"),))
KEY = bytes(range(16))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The private key of index 304."""
    path = tmp_path / "key.pem"
    path.write_bytes(ed25519_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def sender(node: Node, key: Key) -> WireSender:
    """Sends to a node."""
    return WireSender(Administrator(f"127.0.0.1:{node.port}", key))


async def test_batches_are_sent_over_one_login(admin_node: Node, key_file: Path):
    """A large one, which nobody in particular may send, and one sent again."""
    made = sender(admin_node, Key.from_file(f"304:{ADMIN}", key_file))
    large = encode_values((Value(1, "text", bytes(1_000)),))
    many = tuple(BatchItem(Verb.CREATE, f"88.118.8/s{number}", large) for number in range(300))
    first = await made.send(BatchRequest(many))
    once, again = [await made.send(BatchRequest((BatchItem(Verb.CREATE, "88.118.8/x", URL),), KEY)) for _ in range(2)]

    assert {result.code for result in first.results} == {1}
    assert (once.repeated, again.repeated, once.results) == (False, True, again.results)


async def test_a_wrong_key_is_refused(admin_node: Node):
    """The sentence of the node ends the run."""
    with pytest.raises(BatchRefused, match="AUTHENTICATION_FAILED"):
        await sender(admin_node, Key.from_secret(f"301:{ADMIN}", b"guessed")).send(BatchRequest(()))


async def test_a_silent_node_is_a_lost_batch(key_file: Path):
    """The caller tries again."""
    with pytest.raises(BatchLost):
        await WireSender(Administrator("127.0.0.1:1", Key.from_file(f"304:{ADMIN}", key_file))).send(BatchRequest(()))
