"""Options that say who asks: the identity, and the file of the private key or secret that proves it."""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from idis.resolver.cli.output import CommandError
from idis.resolver.client_key import Key, KeyFileError

PASSPHRASE_VARIABLE = "IDIS_PASSPHRASE"
SECRET_BYTES_MAX = 4_096


def add_key_options(parser: argparse.ArgumentParser) -> None:
    """The options of a command that proves an identity to a node."""
    parser.add_argument("--identity", metavar="INDEX:IDENTIFIER", help="who asks, as 300:0.NA/88.118.8")
    proof = parser.add_mutually_exclusive_group()
    proof.add_argument("--key", metavar="FILE", help=f"its private key, PEM or Handle form (passphrase: ${PASSPHRASE_VARIABLE})")
    proof.add_argument("--secret", metavar="FILE", help="its secret, as HS_SECKEY has it; a line end at its end is left out")


def key_of(arguments: argparse.Namespace) -> Key | None:
    """The key the options name; None when they name none."""
    if arguments.key is None and arguments.secret is None:
        if arguments.identity is not None:
            raise CommandError("--identity needs its --key FILE, or its --secret FILE")
        return None
    if arguments.identity is None:
        raise CommandError("whose key is it? Give --identity INDEX:IDENTIFIER, as 300:0.NA/88.118.8")
    try:
        if arguments.secret is not None:
            return Key.from_secret(arguments.identity, _secret(arguments.secret))
        try:
            return Key.from_file(arguments.identity, arguments.key, _passphrase())
        except KeyFileError as error:
            if _passphrase() is not None or "encrypted" not in str(error) or not sys.stdin.isatty():
                raise
            return Key.from_file(arguments.identity, arguments.key, getpass.getpass(f"passphrase of {arguments.key}: ").encode())
    except KeyFileError as error:
        raise CommandError(str(error)) from None


def _passphrase() -> bytes | None:
    given = os.environ.get(PASSPHRASE_VARIABLE)
    return None if given is None else given.encode()


def _secret(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            secret = file.read(SECRET_BYTES_MAX + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(secret) > SECRET_BYTES_MAX:
        raise CommandError(f"{name} is larger than {SECRET_BYTES_MAX} octets: that is no secret")
    return secret.rstrip(b"\r\n")
