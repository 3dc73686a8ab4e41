# Lines of the audit trail that tell of new records; `registry/audit/line.py` says what a line is, and is the plain twin.

cdef enum:
    LINE_TEXT_BYTES_MAX = 2048
    LINE_BYTES_MAX = 32768
    LINE_VALUES_MAX = 64
    LINE_TYPE_BYTES_MAX = 64
    LINE_VALUE_BYTES = 96  # at most for one value: three heads, index, type, sixteen digits
    LINE_TIMED_BYTES = 8  # index and timestamp, which no digest covers

cdef const char* _HEXADECIMAL = b"0123456789abcdef"


cdef uint8_t* _pack_number(uint8_t* at, uint64_t number) noexcept nogil:
    # A number as msgpack packs it; where the next octet goes.
    if number < 0x80:
        at[0] = <uint8_t>number
        return at + 1
    if number < 0x100:
        at[0] = 0xcc
        at[1] = <uint8_t>number
        return at + 2
    if number < 0x10000:
        at[0] = 0xcd
        set_u16(at + 1, <uint16_t>number)
        return at + 3
    if number >> 32 == 0:
        at[0] = 0xce
        set_u32(at + 1, <uint32_t>number)
        return at + 5
    at[0] = 0xcf
    set_u64(at + 1, number)
    return at + 9


cdef uint8_t* _pack_text(uint8_t* at, const uint8_t* text, size_t size) noexcept nogil:
    # A text of at most 65,535 octets, likewise.
    if size < 0x20:
        at[0] = 0xa0 | <uint8_t>size
        at += 1
    elif size < 0x100:
        at[0] = 0xd9
        at[1] = <uint8_t>size
        at += 2
    else:
        at[0] = 0xda
        set_u16(at + 1, <uint16_t>size)
        at += 3
    memcpy(at, text, size)
    return at + size


cdef bint _is_secret(const uint8_t* kind, size_t size) noexcept nogil:
    cdef uint8_t folded[9]
    if size < 9:
        return False
    fold_into(folded, kind, 9)
    return memcmp(folded, b"HS_SECKEY", 9) == 0


cdef uint8_t* _pack_values(uint8_t* to, bytes array, uint32_t* count) noexcept:
    # Index, type and digest of each value; NULL when one of them is not plain.
    cdef const uint8_t* at = <const uint8_t*><char*>array
    cdef const uint8_t* end = at + len(array)
    cdef const uint8_t* kind
    cdef const uint8_t* data_end
    cdef uint64_t kind_bytes, data_bytes, seal
    cdef uint32_t number, values
    cdef uint8_t digest[8]
    cdef Blake state
    cdef int nibble
    if len(array) < 4:
        return NULL
    values = get_u32(at)
    at += 4
    if count[0] + <uint64_t>values > LINE_VALUES_MAX:
        return NULL
    count[0] += values
    for number in range(values):
        if end - at < VALUE_HEAD_BYTES:
            return NULL
        kind = at + VALUE_HEAD_BYTES
        kind_bytes = get_u32(kind - 4)
        if kind_bytes > LINE_TYPE_BYTES_MAX or <uint64_t>(end - kind) < kind_bytes + 8:
            return NULL
        data_bytes = get_u32(kind + kind_bytes)
        if data_bytes > <uint64_t>(end - kind) - kind_bytes - 8:
            return NULL
        data_end = kind + kind_bytes + 4 + data_bytes
        if get_u32(data_end) or not _is_printable(kind, kind_bytes) or _is_secret(kind, kind_bytes):
            return NULL
        blake_begin(&state)
        blake_take(&state, at + LINE_TIMED_BYTES, data_end + 4 - at - LINE_TIMED_BYTES)
        seal = blake_end(&state)
        memcpy(digest, &seal, 8)
        to[0] = 0x93
        to = _pack_text(_pack_number(to + 1, get_u32(at)), kind, kind_bytes)
        to[0] = 0xb0
        for nibble in range(16):
            to[1 + nibble] = _HEXADECIMAL[(digest[nibble // 2] >> (4 - 4 * (nibble % 2))) & 15]
        to += 17
        at = data_end + 4
    return to if at == end else NULL


def created_line(
    bytes head not None, str subject not None, uint64_t version, bytes public not None, bytes restricted not None,
    bytes tail not None,
):
    cdef uint8_t line[LINE_BYTES_MAX]
    cdef uint8_t* at = line
    cdef uint8_t* counted
    cdef uint32_t count = 0
    cdef Py_ssize_t size
    cdef const uint8_t* name
    if not subject.isascii():
        return None
    name = <const uint8_t*>PyUnicode_AsUTF8AndSize(subject, &size)
    if size > LINE_TEXT_BYTES_MAX or len(head) > 4 * LINE_TEXT_BYTES_MAX or len(tail) > LINE_TEXT_BYTES_MAX:
        return None
    memcpy(at, <char*>head, len(head))
    at = _pack_text(at + len(head), name, size)
    at[0] = 0xc0  # what was there before
    at[1] = 0x82
    at = _pack_text(_pack_number(_pack_text(at + 2, b"version", 7), version), b"values", 6)
    counted = at
    at += 3  # the head of the array, which is shorter where there are few
    at = _pack_values(at, public, &count)
    if at is NULL:
        return None
    at = _pack_values(at, restricted, &count)
    if at is NULL:
        return None
    if count < 16:
        counted[0] = 0x90 | <uint8_t>count
        memmove(counted + 1, counted + 3, at - counted - 3)
        at -= 2
    else:
        counted[0] = 0xdc
        set_u16(counted + 1, <uint16_t>count)
    memcpy(at, <char*>tail, len(tail))
    return PyBytes_FromStringAndSize(<char*>line, at - line + len(tail))
