"""pyhandle 1.5, the field's Python client, unchanged: the whole life of a record over HTTPS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idis.resolver.config import DEVELOPMENT_CERTIFICATE
from idis.resolver.node import Node
from tests.resolver.admin.wire import rsa_key
from tests.resolver.web.rest_client import client_certificate, in_thread

pyhandle = pytest.importorskip("pyhandle.handleclient")
rest_client = pytest.importorskip("pyhandle.client.resthandleclient")
exceptions = pytest.importorskip("pyhandle.handleexceptions")

ADMIN = "0.NA/88.118.8"
MakeClient = Callable[[Node], Any]


def with_secret(node: Node, secret: str = "s3cret") -> Any:
    """A client that proves its identity by name and secret."""
    return pyhandle.PyHandleClient("rest").instantiate_with_username_and_password(
        f"https://localhost:{node.http_port}", f"301:{ADMIN}", secret, handleowner=f"301:{ADMIN}", HTTPS_verify=ca_of(node)
    )


def with_certificate(node: Node) -> Any:
    """A client that proves its identity by a certificate of its own making."""
    certificate, key = client_certificate(node.config.data_dir, rsa_key(), f"300:{ADMIN}")
    return rest_client.RESTHandleClient(
        f"https://localhost:{node.http_port}",
        certificate_only=str(certificate),
        private_key=str(key),
        handleowner=f"300:{ADMIN}",
        HTTPS_verify=ca_of(node),
    )


def ca_of(node: Node) -> str:
    """The file a client trusts."""
    return str(node.config.data_dir / DEVELOPMENT_CERTIFICATE)


def live(make: MakeClient, node: Node) -> list[object]:
    """Register, retrieve, modify, add, delete a value, delete the record; what was seen on the way."""
    client, handle = make(node), "88.118.8/PY-1"
    seen: list[object] = [client.register_handle(handle, "https://example.com/1", checksum="abc", colour="blue")]
    seen.append(client.retrieve_handle_record(handle))
    client.modify_handle_value(handle, ttl=120, URL="https://example.com/2", size="7")
    seen.append(client.retrieve_handle_record(handle))
    client.delete_handle_value(handle, "colour")
    seen.append(client.retrieve_handle_record(handle))
    seen.append(client.delete_handle(handle))
    seen.append(client.retrieve_handle_record(handle))
    return seen


@pytest.mark.parametrize("make", [with_secret, with_certificate])
async def test_a_record_lives_and_ends(secure_node, make):
    """Each step is done, and seen by the next one."""
    seen = await in_thread(live, make, secure_node)
    admin = seen[1].pop("HS_ADMIN")

    assert "0.NA/88.118.8" in str(admin)
    assert seen[0] == "88.118.8/PY-1"
    assert seen[1] == {"URL": "https://example.com/1", "CHECKSUM": "abc", "colour": "blue"}
    assert (seen[2]["URL"], seen[2]["size"], seen[2]["colour"]) == ("https://example.com/2", "7", "blue")
    assert "colour" not in seen[3]
    assert seen[4:] == ["88.118.8/PY-1", None]


async def test_an_existing_record_is_not_taken(secure_node):
    """Registering a name that is taken fails, with the client's own error."""
    with pytest.raises(exceptions.HandleAlreadyExistsException):
        await in_thread(lambda: with_secret(secure_node).register_handle("88.118.8/A1", "https://example.com/1"))


async def test_a_record_can_be_taken_on_purpose(secure_node):
    """With overwrite."""
    client = await in_thread(with_secret, secure_node)
    await in_thread(client.register_handle, "88.118.8/A1", "https://example.com/9", overwrite=True)

    assert (await in_thread(client.retrieve_handle_record, "88.118.8/A1"))["URL"] == "https://example.com/9"


async def test_a_name_is_generated(secure_node):
    """A suffix of the client's own making."""
    client = await in_thread(with_secret, secure_node)
    handle = await in_thread(client.generate_and_register_handle, "88.118.8", "https://example.com/1")

    assert (await in_thread(client.get_value_from_handle, handle, "URL")) == "https://example.com/1"


async def test_a_wrong_secret_is_an_error_of_authentication(secure_node):
    """The client raises what it raises on Handle servers."""
    client = await in_thread(with_secret, secure_node, "wrong")

    with pytest.raises(exceptions.HandleAuthenticationError):
        await in_thread(client.register_handle, "88.118.8/PY-2", "https://example.com/1")


async def test_an_unknown_user_is_not_found(secure_node):
    """The client asks for its user's record first."""

    def make() -> None:
        pyhandle.PyHandleClient("rest").instantiate_with_username_and_password(
            f"https://localhost:{secure_node.http_port}", "300:88.118.8/nobody", "x", HTTPS_verify=ca_of(secure_node)
        )

    with pytest.raises(exceptions.HandleNotFoundException):
        await in_thread(make)
