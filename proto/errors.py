"""The exceptions of the whole project.

    IdisError
    ├── IdentifierError   text that is no identifier; carries where it goes wrong
    ├── DataError         text or JSON from a person that cannot be the data of its value type
    └── ProtocolError     octets a peer sent that break the protocol; carries offset and response code

What may happen in a healthy system (not found, refused, referred) is a result, never an exception.
"""

from __future__ import annotations

from idis.proto.codes import ResponseCode


class IdisError(Exception):
    """Base of every error this project raises on purpose; its text is one sentence for a person."""


class IdentifierError(IdisError, ValueError):
    """Text that cannot be an identifier.

    Attributes:
        position: index of the first offending character.
    """

    def __init__(self, message: str, *, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


class DataError(IdisError, ValueError):
    """Text or JSON from a person that cannot be the data of its value type; one sentence says why."""


class ProtocolError(IdisError):
    """Octets that break the protocol.

    Attributes:
        offset: where in the decoded buffer the trouble begins, in octets.
        code: the response code to answer with.
    """

    def __init__(self, message: str, *, offset: int, code: int = ResponseCode.PROTOCOL_ERROR) -> None:
        super().__init__(f"{message} (at octet {offset})")
        self.offset = offset
        self.code = code
