"""Numbers on the wire and their names (RFC 3652, Handle 2.11, DO-IRP 3.0, IDIS).

Messages carry plain integers, so that an unknown number is kept, not refused; the enumerations name the known ones
and compare equal to them.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class OpCode(IntEnum):
    """What is asked."""

    RESOLUTION = 1
    GET_SITE_INFO = 2
    CREATE = 100
    DELETE = 101
    ADD_VALUE = 102
    REMOVE_VALUE = 103
    MODIFY_VALUE = 104
    LIST_HANDLES = 105
    LIST_DERIVED_PREFIXES = 106
    CHALLENGE_ANSWER = 200
    VERIFY_CHALLENGE = 201
    HOME_PREFIX = 300
    UNHOME_PREFIX = 301
    LIST_HOMED_PREFIXES = 302
    SESSION_SETUP = 400
    SESSION_TERMINATE = 401
    SESSION_EXCHANGE_KEY = 402
    GET_NEXT_TXN_ID = 1000
    RETRIEVE_TXN_LOG = 1001
    DUMP_HANDLES = 1002
    BACKUP_SERVER = 1003
    LOGIN = 2000
    LOGIN_ID_SYSTEM = 2001
    BATCH = 9001  # ours (`batch.py`)
    EXPAND = 9002  # ours, as the next (`trace.py`)
    POINTER = 9003
    SUBSCRIBE = 9004  # ours (`subscription.py`)
    NOTICE = 9005  # ours, as the next (`notice.py`)
    RECEIPT = 9006


FIRST_EXTENSION = 9_000  # ours lie beyond every number in use
EXTENSION_OPCODES = frozenset(int(code) for code in OpCode if code > FIRST_EXTENSION)


class ResponseCode(IntEnum):
    """What is answered."""

    RESERVED = 0
    SUCCESS = 1
    ERROR = 2
    SERVER_TOO_BUSY = 3
    PROTOCOL_ERROR = 4
    OPERATION_NOT_SUPPORTED = 5
    RECURSION_COUNT_TOO_HIGH = 6
    SERVER_BACKUP = 7
    HANDLE_NOT_FOUND = 100
    HANDLE_ALREADY_EXISTS = 101
    INVALID_HANDLE = 102
    VALUES_NOT_FOUND = 200
    VALUE_ALREADY_EXISTS = 201
    INVALID_VALUE = 202
    OUT_OF_DATE_SITE_INFO = 300
    SERVER_NOT_RESPONSIBLE = 301
    SERVICE_REFERRAL = 302
    PREFIX_REFERRAL = 303
    INVALID_ADMIN = 400
    INSUFFICIENT_PERMISSIONS = 401
    AUTHENTICATION_NEEDED = 402
    AUTHENTICATION_FAILED = 403
    INVALID_CREDENTIAL = 404
    AUTHENTICATION_TIMEOUT = 405
    AUTHENTICATION_ERROR = 406
    RELOGIN = 407
    LOGIN_FIRST = 408
    SESSION_TIMEOUT = 500
    SESSION_FAILED = 501
    INVALID_SESSION_KEY = 502
    NEED_RSA_KEY_FOR_SESSION_EXCHANGE = 503
    INVALID_SESSION_SETUP_REQUEST = 504
    SESSION_MESSAGE_REJECTED = 505
    CLIENT_CHANNEL_ERROR = 601
    CLIENT_TIMEOUT = 602
    DAILY_REQUEST_LIMIT = 603
    REGISTRATION_COUNT_LIMIT = 604
    PREFIX_LIMIT = 605
    TRYING = 900
    FORWARDED = 901
    QUEUED = 902
    VERIFY_CREDENTIAL_FAILED = 3001


class OpFlag(IntFlag):
    """The opflags of the header. The last three below are ours: peers ignore bits they do not know."""

    AUTHORITATIVE = 0x8000_0000
    CERTIFY = 0x4000_0000
    ENCRYPT = 0x2000_0000
    RECURSIVE = 0x1000_0000
    CACHE_CERTIFY = 0x0800_0000
    CONTINUOUS = 0x0400_0000
    KEEP_CONNECTION = 0x0200_0000
    PUBLIC_ONLY = 0x0100_0000
    REQUEST_DIGEST = 0x0080_0000
    OVERWRITE = 0x0040_0000
    MINT_NEW_SUFFIX = 0x0020_0000
    DO_NOT_REFER = 0x0010_0000
    EXPLAIN = 0x0008_0000  # append an explanation (msgpack) after the body's known fields
    FOLLOW_ALIAS = 0x0004_0000  # a recursive node follows HS_ALIAS before it answers
    STALE = 0x0002_0000  # in an answer: older than its TTL, because the authority is silent
    IDIS_AUTH_BYTES = 0x0000_0004
    IDIS_TRUSTED_QUERY = 0x0000_0002
    IDIS_TRUSTED_RESULT = 0x0000_0001


class EnvelopeFlag(IntFlag):
    """The three high bits of the envelope's third octet."""

    COMPRESSED = 0x80
    ENCRYPTED = 0x40
    TRUNCATED = 0x20


class Permission(IntFlag):
    """The four permission bits of a value."""

    ADMIN_READ = 8
    ADMIN_WRITE = 4
    PUBLIC_READ = 2
    PUBLIC_WRITE = 1


class AdminRight(IntFlag):
    """The twelve rights of an HS_ADMIN value."""

    ADD_HANDLE = 0x001
    DELETE_HANDLE = 0x002
    ADD_DERIVED_PREFIX = 0x004
    DELETE_DERIVED_PREFIX = 0x008
    MODIFY_VALUE = 0x010
    REMOVE_VALUE = 0x020
    ADD_VALUE = 0x040
    MODIFY_ADMIN = 0x080
    REMOVE_ADMIN = 0x100
    ADD_ADMIN = 0x200
    READ_VALUE = 0x400
    LIST_HANDLES = 0x800


ALL_ADMIN_RIGHTS = 0xFFF


def opcode_name(code: int) -> str:
    """The field's name of an opcode, or its number when it is unknown."""
    try:
        return OpCode(code).name
    except ValueError:
        return str(code)


def response_code_name(code: int) -> str:
    """The field's name of a response code, or its number when it is unknown."""
    try:
        return ResponseCode(code).name
    except ValueError:
        return str(code)
