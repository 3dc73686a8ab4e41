"""Domain names: labels in a tuple, and their octets (RFC 1035 §3.1, §4.1.4).

Compressed names are read, because askers may send them; a pointer must lead backwards, so every name ends. ASCII letters
compare without case; whatever else a label holds is kept as it is.
"""

from __future__ import annotations

from idis.proto.errors import DataError, ProtocolError

NAME_BYTES_MAX = 255  # on the wire, with the length of each label and the root (RFC 1035 §2.3.4)
LABEL_BYTES_MAX = 63
POINTERS_MAX = 16  # in one name; an honest name needs one or two

_POINTER = 0xC0
_DOT, _BACKSLASH = ord("."), ord("\\")

Labels = tuple[bytes, ...]


def read_name(octets: bytes, at: int) -> tuple[Labels, int]:
    """The labels of the name that begins at an offset, and where it ends.

    Raises:
        ProtocolError: it runs past the message, is too long, or a pointer does not lead backwards.
    """
    labels: list[bytes] = []
    size, end, start, pointers = 1, 0, at, 0
    while True:
        if at >= len(octets):
            raise ProtocolError("a name runs past the message", offset=at)
        length = octets[at]
        if length == 0:
            return tuple(labels), end or at + 1
        if length <= LABEL_BYTES_MAX:
            size += 1 + length
            if at + 1 + length > len(octets) or size > NAME_BYTES_MAX:
                raise ProtocolError("a name is too long", offset=at)
            labels.append(octets[at + 1 : at + 1 + length])
            at += 1 + length
            continue
        if length < _POINTER or at + 2 > len(octets):
            raise ProtocolError("a label of an unknown kind", offset=at)
        target = int.from_bytes(octets[at : at + 2], "big") & 0x3FFF
        pointers += 1
        if target >= start or pointers > POINTERS_MAX:
            raise ProtocolError("a pointer does not lead backwards", offset=at)
        end = end or at + 2
        at = start = target


def write_name(labels: Labels) -> bytes:
    """The octets of a name, without compression.

    Raises:
        DataError: a label is empty or longer than LABEL_BYTES_MAX, or the name than NAME_BYTES_MAX.
    """
    if any(not 0 < len(label) <= LABEL_BYTES_MAX for label in labels):
        raise DataError(f"a label of a domain name has 1 to {LABEL_BYTES_MAX} octets")
    octets = b"".join(bytes((len(label),)) + label for label in labels) + b"\x00"
    if len(octets) > NAME_BYTES_MAX:
        raise DataError(f"a domain name has at most {NAME_BYTES_MAX} octets")
    return octets


def lowered(labels: Labels) -> Labels:
    """The name as it is compared."""
    return tuple(label.lower() for label in labels)


def below(labels: Labels, zone: Labels) -> Labels | None:
    """What stands in front of a zone in a name, both lowered; None when the name is not in it."""
    cut = len(labels) - len(zone)
    return labels[:cut] if cut >= 0 and labels[cut:] == zone else None


def name_text(labels: Labels) -> str:
    """A name as people write it, with its last dot (RFC 1035 §5.1)."""
    return "".join(_label_text(label) + "." for label in labels) or "."


def name_from_text(text: str) -> Labels:
    r"""Read a name as people write it, with or without its last dot; `\.` and `\DDD` stand for octets.

    Raises:
        DataError: it is none.
    """
    if text == ".":
        return ()
    labels, label, at = [], bytearray(), 0
    octets = text.removesuffix(".").encode("utf-8") if not text.endswith("\\.") else text.encode("utf-8")
    while at < len(octets):
        octet = octets[at]
        at += 1
        if octet == _DOT:
            labels.append(bytes(label))
            label.clear()
        elif octet != _BACKSLASH:
            label.append(octet)
        elif (number := octets[at : at + 3]).isdigit() and len(number) == 3 and int(number) < 256:
            label.append(int(number))
            at += 3
        elif at < len(octets):
            label.append(octets[at])
            at += 1
        else:
            raise DataError(f"{text!r} ends within an octet")
    found = (*labels, bytes(label))
    write_name(found)
    return found


def _label_text(label: bytes) -> str:
    return "".join(
        f"\\{chr(octet)}" if octet in (_DOT, _BACKSLASH) else chr(octet) if 0x21 <= octet < 0x7F else f"\\{octet:03d}"
        for octet in label
    )
