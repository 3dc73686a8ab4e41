"""The administrator's client: register, change and delete identifiers on a node, and read what only some may.

    key = Key.from_file("300:0.NA/88.118.8", "operator.pem")
    async with Administrator("127.0.0.1:2641", key) as admin:
        await admin.create("88.118.8/JXDY2106023", [Value(1, "URL", b"https://example.com/p/1")])

A request that needs a proof is challenged, and the challenge answered with the key; after `login` the connection itself is
known, and nothing is challenged any more. Any number of requests may be under way at once. Only msgpack is needed beside
the standard library, and `cryptography` where a private key signs.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from types import TracebackType

from idis.proto.batch import BatchReply, BatchRequest
from idis.proto.bodies import Login, Name, NameAndIndexes, NameAndValues, Resolve
from idis.proto.challenge import answer_message, read_challenge
from idis.proto.codes import OpCode, OpFlag, ResponseCode, response_code_name
from idis.proto.errors import ProtocolError
from idis.proto.exchange import outcome_of
from idis.proto.identifier import parse_identifier, prefix_handle
from idis.proto.message import EXPIRATION_S, PROTOCOL_VERSION, Message, encode_message
from idis.proto.responses import ChallengeBody, Created, ErrorBody, Names, read_response
from idis.proto.value import Value
from idis.resolver.client_key import Key
from idis.resolver.client_reply import ClientError, GarbledError, Reply, SilentError, UnreachableError, reply_of
from idis.resolver.client_stream import Answers, Stream, connect
from idis.resolver.recursion.target import DEFAULT_PORT, server_address
from idis.resolver.recursion.way import default_port, way_to

TIMEOUT_S = 30.0  # a change waits for the disk of a node that may be busy
_DIGEST = int(OpFlag.REQUEST_DIGEST)
_OVERWRITE = int(OpFlag.OVERWRITE)
_MINT = int(OpFlag.MINT_NEW_SUFFIX)
_AUTH_BYTES = int(OpFlag.IDIS_AUTH_BYTES)
_RECURSIVE = int(OpFlag.RECURSIVE)
_REQUEST_IDS = 2**31 - 1
_LOGGED_OUT = (ResponseCode.AUTHENTICATION_NEEDED, ResponseCode.LOGIN_FIRST)


@dataclass(frozen=True, slots=True)
class AdminReply:
    """What became of a request.

    Attributes:
        code: the response code; 1 is done.
        message: the server's sentence when it refused.
        identifier: what was created, when that was asked.
        overwritten: something else stood where a record was registered, or values were added.
    """

    code: int
    message: str = ""
    identifier: str = ""
    overwritten: bool = False

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return self.code == ResponseCode.SUCCESS

    @property
    def code_name(self) -> str:
        """The field's name of the code."""
        return response_code_name(self.code)


class Refused(ClientError):
    """A list was refused; `reply` has the code and the sentence."""

    def __init__(self, reply: AdminReply) -> None:
        super().__init__(f"{reply.code_name}: {reply.message}")
        self.reply = reply


class Administrator:
    """An administrator's client of one node.

    Args:
        server: `HOST:PORT` of the node's binary port.
        key: what proves who asks; without one, only what everybody may is done.
        timeout_s: longest time one request may take, its challenge included.
        tls: over TLS, on port 2642 unless given.
        ca: PEM file of the certificates to trust in place of the system's.

    Raises:
        UnreachableError: the server's address is none.
        ClientError: `ca` cannot be used.
    """

    def __init__(
        self, server: str, key: Key | None = None, *, timeout_s: float = TIMEOUT_S, tls: bool = False, ca: str | None = None
    ) -> None:
        try:
            self._host, self._port = server_address(server, default_port("", tls=tls, plain=DEFAULT_PORT))
        except ValueError as error:
            raise UnreachableError(str(error)) from None
        try:
            self._way = way_to(self._host, "", tls=tls, ca=ca)
        except ValueError as error:
            raise ClientError(str(error)) from None
        self._key = key
        self._timeout_s = timeout_s
        self._stream: Stream | None = None
        self._connecting = asyncio.Lock()
        self._logs_in = False
        self._request_id = secrets.randbelow(_REQUEST_IDS // 2)

    async def __aenter__(self) -> Administrator:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        if self._stream is not None:
            self._stream.close()

    async def create(
        self, identifier: str, values: Iterable[Value], *, overwrite: bool = False, mint: bool = False
    ) -> AdminReply:
        """Register an identifier.

        Args:
            identifier: with `mint`, its beginning: the node appends a suffix of its own.
            values: of the record.
            overwrite: replace a record that exists.
            mint: see above; the reply says the whole identifier.

        Raises:
            SilentError, UnreachableError, GarbledError: no reply came, and it is not certain whether it was done.
        """
        flags = (_OVERWRITE if overwrite else 0) | (_MINT if mint else 0)
        return await self._change(OpCode.CREATE, NameAndValues(identifier, tuple(values)).encode(), flags)

    async def delete(self, identifier: str) -> AdminReply:
        """Delete a record; errors as of `create`."""
        return await self._change(OpCode.DELETE, Name(identifier).encode())

    async def add(self, identifier: str, values: Iterable[Value], *, overwrite: bool = False) -> AdminReply:
        """Add values at free indexes, with `overwrite` also at those that are taken; errors as of `create`."""
        flags = _OVERWRITE if overwrite else 0
        return await self._change(OpCode.ADD_VALUE, NameAndValues(identifier, tuple(values)).encode(), flags)

    async def modify(self, identifier: str, values: Iterable[Value]) -> AdminReply:
        """Change values whose indexes exist; errors as of `create`."""
        return await self._change(OpCode.MODIFY_VALUE, NameAndValues(identifier, tuple(values)).encode())

    async def remove(self, identifier: str, indexes: Iterable[int]) -> AdminReply:
        """Remove the values at these indexes; errors as of `create`."""
        return await self._change(OpCode.REMOVE_VALUE, NameAndIndexes(identifier, tuple(indexes)).encode())

    async def batch(self, batch: BatchRequest) -> BatchReply | AdminReply:
        """Many changes at once, one result each; the reply of a refusal when the node does not take them as a whole.

        Log in first: a node takes no long message from nobody in particular.

        Raises:
            SilentError, UnreachableError, GarbledError: no reply came; sent again with its key, the batch is done once.
        """
        async with self._deadline():
            answers, message = await self._ask(OpCode.BATCH, batch.encode(), 0)
        with answers:
            try:
                _digest, body = read_response(message)
            except ProtocolError as error:
                raise GarbledError(f"{self._peer}: {error}") from None
            return body if isinstance(body, BatchReply) else self._read(message)[0]

    async def home(self, prefix: str) -> AdminReply:
        """Let the node answer for a prefix; errors as of `create`."""
        return await self._change(OpCode.HOME_PREFIX, Name(prefix_handle(parse_identifier(prefix).prefix)).encode())

    async def unhome(self, prefix: str) -> AdminReply:
        """Let it answer no longer; errors as of `create`."""
        return await self._change(OpCode.UNHOME_PREFIX, Name(prefix_handle(parse_identifier(prefix).prefix)).encode())

    async def login(self) -> AdminReply:
        """Prove the key once for the connection, and for those that follow when it is lost; errors as of `create`."""
        assert self._key is not None, "nobody logs in without a key"
        async with self._deadline():
            reply = await self._log_in(await self._connected())
        self._logs_in = reply.done
        return reply

    async def list(self, prefix: str, *, derived: bool = False) -> AsyncIterator[str]:
        """The identifiers below a prefix, or the prefixes derived from it, as they come.

        Raises:
            Refused: the list is not for this key.
            SilentError, UnreachableError, GarbledError: it broke off.
        """
        handle = prefix_handle(parse_identifier(prefix).prefix)
        body = Name(prefix_handle(handle) if derived else handle).encode()
        async with self._deadline():
            answers, message = await self._ask(OpCode.LIST_HANDLES, body, 0)
        with answers:
            while True:
                reply, names = self._read(message)
                if not reply.done:
                    raise Refused(reply)
                for name in names:
                    yield name
                if answers.complete:
                    return
                async with self._deadline():
                    message = await answers.next()

    async def resolve(self, identifier: str, *, types: Iterable[str] = (), indexes: Iterable[int] = ()) -> Reply:
        """Ask for a record as its administrator or reader, restricted values included.

        Raises:
            SilentError, UnreachableError, GarbledError: no reply came.
        """
        started = time.monotonic()
        # A value that is kept for some is never challenged for, since that would tell of it: whoever may see it says so first.
        auth = None if self._key is None or not self._key.signs else self._key.make_pass(identifier, int(time.time()))
        body = Resolve(identifier, tuple(indexes), tuple(types), auth).encode()
        flags = _RECURSIVE if auth is None else _RECURSIVE | _AUTH_BYTES
        async with self._deadline():
            answers, message = await self._ask(OpCode.RESOLUTION, body, flags)
        with answers:
            try:
                return reply_of(
                    identifier,
                    outcome_of(message, int(time.time())),
                    server=self._peer,
                    transport=self._way.name,
                    seconds=time.monotonic() - started,
                    flags=message.opflags,
                )
            except ProtocolError as error:
                raise GarbledError(f"{self._peer}: {error}") from None

    @property
    def _peer(self) -> str:
        return f"{self._host}:{self._port}"

    def _deadline(self) -> _Deadline:
        return _Deadline(self._timeout_s, self._peer)

    async def _change(self, opcode: int, body: bytes, flags: int = 0) -> AdminReply:
        async with self._deadline():
            answers, message = await self._ask(opcode, body, flags)
        with answers:
            return self._read(message)[0]

    async def _ask(self, opcode: int, body: bytes, flags: int) -> tuple[Answers, Message]:
        """The first message of the answer, after a challenge if there is one."""
        stream = await self._connected()
        request = self._request(opcode, body, flags | _DIGEST)
        answers, message = await self._send(stream, request)
        if self._key is None or message.response_code not in _LOGGED_OUT:
            return answers, message
        answers.__exit__()
        if message.response_code == ResponseCode.LOGIN_FIRST:  # the login ended meanwhile
            await self._log_in(stream)
            return await self._send(stream, self._request(opcode, body, flags | _DIGEST))
        return await self._prove(stream, request, message)

    async def _prove(self, stream: Stream, request: Message, response: Message) -> tuple[Answers, Message]:
        """Answer a challenge, if it is about our own request."""
        assert self._key is not None, "who has no key proves nothing"
        try:
            challenge = read_challenge(response)
        except ProtocolError as error:
            raise GarbledError(f"{self._peer}: {error}") from None
        if not challenge.digest.matches(request):
            raise GarbledError(f"{self._peer}: the challenge is about another request than ours")
        answer = self._key.answer(challenge, response.version)
        proof = answer_message(request, challenge, answer, request_id=self._next_id(), version=response.version)
        return await self._send(stream, proof)

    async def _log_in(self, stream: Stream) -> AdminReply:
        assert self._key is not None, "nobody logs in without a key"
        request = self._request(OpCode.LOGIN_ID_SYSTEM, Login(self._key.handle, self._key.index).encode(), _DIGEST)
        answers, message = await self._send(stream, request)
        if message.response_code == ResponseCode.AUTHENTICATION_NEEDED:
            answers.__exit__()
            answers, message = await self._prove(stream, request, message)
        with answers:
            return self._read(message)[0]

    async def _send(self, stream: Stream, message: Message) -> tuple[Answers, Message]:
        answers = stream.ask(encode_message(message), message.request_id)
        try:
            return answers, await answers.next()
        except BaseException:
            answers.__exit__()
            raise

    async def _connected(self) -> Stream:
        async with self._connecting:
            if self._stream is None or not self._stream.open:
                self._stream = await connect(self._host, self._port, self._way)
                if self._logs_in:
                    await self._log_in(self._stream)
            return self._stream

    def _request(self, opcode: int, body: bytes, flags: int) -> Message:
        return Message(
            opcode=int(opcode),
            body=body,
            opflags=flags,
            request_id=self._next_id(),
            expiration=int(time.time()) + EXPIRATION_S,
            version=PROTOCOL_VERSION,
        )

    def _next_id(self) -> int:
        self._request_id = self._request_id % _REQUEST_IDS + 1
        return self._request_id

    def _read(self, message: Message) -> tuple[AdminReply, tuple[str, ...]]:
        """What a response says, and the names of a list."""
        try:
            _digest, body = read_response(message)
        except ProtocolError as error:
            raise GarbledError(f"{self._peer}: {error}") from None
        code, overwritten = message.response_code, bool(message.opflags & _OVERWRITE)
        match body:
            case Created(handle=handle):
                return AdminReply(code, identifier=handle or "", overwritten=overwritten), ()
            case Names(handles=handles):
                return AdminReply(code), handles
            case ErrorBody(message=sentence):
                return AdminReply(code, sentence or ""), ()
            case ChallengeBody():
                return AdminReply(code, "this needs an administrator: give the key of one"), ()
            case _:
                return AdminReply(code, overwritten=overwritten and code == ResponseCode.SUCCESS), ()


class _Deadline:
    """Turns a time-out into the error that names the server."""

    def __init__(self, seconds: float, peer: str) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._seconds = seconds
        self._peer = peer

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise SilentError(f"{self._peer}: no answer within {self._seconds:g} s; it is not certain what was done") from None
