# New and changed records taken from the journal into an index: many entries of one prefix at once.
# `registry/answer_index.py` takes all other entries, and says by `answer_entries.record_item` what stands for a record.

cdef enum:
    KIND_OF_RECORD = 1
    TAKEN_FORMAT = 1
    TAKEN_FORMAT_MASK = 0x0F
    TAKEN_NOT_SHOWN = 3  # a tombstone, or disabled
    TAKEN_RESTRICTED = 4


cdef Py_ssize_t _public_of(bytes body) noexcept:
    # How long the public values of a sealed record are; -1 when it is none of a known form.
    cdef const uint8_t* at = <const uint8_t*><char*>body
    cdef Py_ssize_t left = len(body) - SEAL_BYTES - RECORD_HEAD_BYTES
    if left < 0 or at[SEAL_BYTES] & TAKEN_FORMAT_MASK != TAKEN_FORMAT:
        return -1
    cdef Py_ssize_t size = get_u32(at + SEAL_BYTES + RECORD_HEAD_BYTES - 4)
    return size if size <= left else -1


def take_records(indexes not None, list entries not None, Py_ssize_t start, kind, bytes head not None, bint strict):
    cdef Py_ssize_t at = start, size, head_bytes = len(head)
    cdef bytes key, body, place, value
    cdef const uint8_t* octets
    cdef uint8_t flags, own
    cdef bint shown
    cdef AnswerIndex index
    if start < 0 or head_bytes < 1:
        return start
    while at < len(entries):
        entry = entries[at]
        if not PyTuple_Check(entry) or PyTuple_GET_SIZE(entry) != 7 or <object>PyTuple_GET_ITEM(entry, 1) is not kind:
            break
        key, body = <object>PyTuple_GET_ITEM(entry, 2), <object>PyTuple_GET_ITEM(entry, 4)
        if key is None or body is None or len(key) <= head_bytes or memcmp(<char*>key, <char*>head, head_bytes):
            break
        size = _public_of(body)
        if size < 0:
            break
        octets = <const uint8_t*><char*>key
        if octets[head_bytes] != 0xff:  # else it spells no identifier
            place = PyBytes_FromStringAndSize(NULL, len(key) + 1)
            (<uint8_t*><char*>place)[0] = KIND_OF_RECORD
            memcpy(<char*>place + 1, octets, len(key))
            (<uint8_t*><char*>place)[head_bytes] = c'/'
            octets = <const uint8_t*><char*>body
            flags = octets[SEAL_BYTES + 1]
            octets += SEAL_BYTES + RECORD_HEAD_BYTES
            shown = not flags & TAKEN_NOT_SHOWN and size <= VALUE_OCTETS_MAX and not (size == 4 and get_u32(octets) == 0)
            own = FLAG_OWN | FLAG_PUBLIC_ONLY if flags & TAKEN_RESTRICTED and not strict else FLAG_OWN
            value = PyBytes_FromStringAndSize(<const char*>octets, size) if shown else None
            for one in indexes:
                index = <AnswerIndex?>one  # which None is not
                if value is None:
                    index.delete(place)
                else:
                    index.check_writable()
                    index.place_bytes(place, value, CODE_SUCCESS, 0, own)
        at += 1
    return at
