"""Who may do what, once more and as plainly as possible: the oracle of the permission matrix, written from the documents.

Sources: the rights each operation needs and what public-write means, `wire.md` §4.2; who is challenged and what is not there,
`wire.md` §4.1; roles, tokens, readers' lists and strict prefixes, `trust.md` §5 and `domain.md` §9. It shares no code with
the registry but the names of rights and codes. A case is one caller, one operation on value 5 of one record, one world.
"""

from __future__ import annotations

from dataclasses import dataclass

from idis.proto.codes import AdminRight as Right
from idis.proto.codes import ResponseCode as Code

EVERY = 0xFFF
RECORDS = Right.ADD_HANDLE | Right.DELETE_HANDLE | Right.ADD_VALUE | Right.MODIFY_VALUE | Right.REMOVE_VALUE | Right.READ_VALUE
READS = ("read all", "read all public", "read named", "read named public")
ROLES = {"operator": EVERY, "administrator": EVERY, "auditor": Right.READ_VALUE, "application": RECORDS}


@dataclass(frozen=True)
class Case:
    """One cell. `who` is a role or a relation to the record; `scope` what a token leaves, None without one."""

    who: str
    operation: str
    bits: int = 14  # of value 5
    is_admin: bool = False  # value 5 is an HS_ADMIN
    hidden: str = ""  # "", "listed" or "off"
    strict: bool = False
    state: str = "ACTIVE"
    rights: int = EVERY  # of the HS_ADMIN that names owner, member and any key
    owned: bool = True  # the record has that HS_ADMIN; otherwise it is its prefix's
    role_covers: bool = True
    scope: str | None = None  # "right", "action" or "prefix": what is wrong with the token
    exists: bool = True


def expected(case: Case) -> object:
    """The response code; of a reading, whether value 5 is "shown" or "absent", or "not found"."""
    if case.state in ("SUSPENDED", "REVOKED"):
        return Code.SERVER_NOT_RESPONSIBLE
    if case.state != "ACTIVE":  # was never granted: a root knows no such name, and nothing is registered below it
        return Code.HANDLE_NOT_FOUND if case.operation in READS else Code.SERVER_NOT_RESPONSIBLE
    return _reading(case) if case.operation in READS else _writing(case)


def _held(case: Case, on_prefix: bool) -> tuple[int, bool]:
    """The rights of the caller on the record or its prefix's, where "boss" is the administrator; whether it is one."""
    if case.who in ROLES:
        return int(ROLES[case.who]) if case.role_covers else 0, case.role_covers
    has_admins = case.exists and (case.owned or (case.is_admin and case.hidden != "off"))
    if on_prefix or not has_admins:
        return (EVERY, True) if case.who == "boss" else (0, False)
    named = case.owned and case.who in ("owner", "member", "any key")
    return case.rights if named else 0, named


def _refusal(case: Case, needed: int, *, on_prefix: bool = False, guarded: bool = False) -> int:
    """402 to nobody, 401 to a token out of its scope or an administrator without the right, 400 to everybody else."""
    if case.who == "nobody":
        return Code.AUTHENTICATION_NEEDED
    if case.scope in ("action", "prefix"):
        return Code.INSUFFICIENT_PERMISSIONS
    held, administers = _held(case, on_prefix)
    if held & needed == needed and not (guarded and case.who == "application"):
        return 0
    return Code.INSUFFICIENT_PERMISSIONS if administers else Code.INVALID_ADMIN


def _reading(case: Case) -> object:
    public, named = "public" in case.operation, "named" in case.operation
    if not case.exists:
        return "not found"
    if case.hidden == "off" or (public and not case.bits & 2):
        return "absent"
    refusal = _refusal(case, Right.READ_VALUE) if case.bits & 8 else Code.INSUFFICIENT_PERMISSIONS
    if case.hidden == "listed":
        listed = case.who == "reader" and case.scope in (None, "right")
        return "shown" if listed or not refusal else "absent"
    if case.bits & 2:
        return "shown"
    if case.strict:
        return "absent" if refusal else "shown"
    if not case.bits & 8 and not named:  # readable by nobody: the public is still asked who it is, others do without
        return Code.AUTHENTICATION_NEEDED if case.who == "nobody" else "absent"
    return refusal or "shown"


def _writing(case: Case) -> int:
    operation, admin, owned = case.operation, case.is_admin and case.exists, case.owned and case.exists
    if operation in ("create", "create taken"):
        refusal = _refusal(case, Right.ADD_HANDLE, on_prefix=True)
        return refusal or (Code.HANDLE_ALREADY_EXISTS if operation == "create taken" and case.exists else Code.SUCCESS)
    value = (Right.MODIFY_ADMIN, Right.REMOVE_ADMIN) if admin else (Right.MODIFY_VALUE, Right.REMOVE_VALUE)
    to_value = Right.MODIFY_VALUE | Right.REMOVE_ADMIN if admin else Right.MODIFY_VALUE
    to_admin = Right.MODIFY_ADMIN if admin else Right.MODIFY_VALUE | Right.ADD_ADMIN
    needed, guarded, changes = {
        "delete": (Right.DELETE_HANDLE, admin or owned, False),
        "add": (Right.ADD_VALUE, False, False),
        "add admin": (Right.ADD_ADMIN, True, False),
        "put": (value[0], admin, True),
        "modify": (value[0], admin, True),
        "modify bits": (value[0], admin, True),
        "to admin": (to_admin, True, True),
        "to text": (to_value, admin, True),
        "remove": (value[1], admin, True),
        "set readers": (value[0] | Right.READ_VALUE, True, False),
        "disable": (Right.REMOVE_ADMIN if admin else Right.MODIFY_VALUE, admin, False),
        "disable all": (Right.DELETE_HANDLE, admin or owned, False),
    }[operation]
    if not case.exists and not case.strict:
        return Code.HANDLE_NOT_FOUND
    secret = case.hidden or (case.strict and not case.bits & 2)  # nobody may find out by writing that it is there
    open_to_all = case.bits & 1 and not admin and not secret and operation in ("modify", "to text")
    refusal = 0 if case.exists and open_to_all else _refusal(case, needed, guarded=guarded)
    if refusal or not case.exists:
        return refusal or Code.HANDLE_NOT_FOUND
    if case.hidden == "off" and operation in ("modify", "modify bits", "to admin", "to text", "remove", "put"):
        return Code.SUCCESS if operation in ("remove", "put") else Code.VALUES_NOT_FOUND  # it counts as absent
    return Code.INSUFFICIENT_PERMISSIONS if changes and not case.bits & 4 else Code.SUCCESS  # read-only for everybody
