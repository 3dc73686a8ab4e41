# Values as they came over the wire, stamped and split; `proto/plain_values.py` says what is plain, and is the plain twin.

cdef enum:
    VALUE_PERMISSIONS_MAX = 15
    VALUE_PUBLIC_READ = 2
    PLAIN_VALUES_MAX = 64
    PLAIN_TTL_S_MAX = 172800
    ADMIN_BYTES_MAX = 512


cdef bint _is_plain(
    bytes octets, Py_ssize_t type_at, Py_ssize_t type_end, Py_ssize_t data_end, dict types, dict admins, judge
) except -1:
    cdef bytes name = octets[type_at:type_end]
    verdict = types.get(name)
    if verdict is None:
        verdict = judge(name, False)
    if verdict:
        return True
    if type_end - type_at != 8 or data_end - type_at > ADMIN_BYTES_MAX or memcmp(<char*>name, b"HS_ADMIN", 8):
        return False
    name = octets[type_end + 4 : data_end]
    verdict = admins.get(name)
    if verdict is None:
        verdict = judge(name, True)
    return bool(verdict)


def split_plain(bytes octets not None, uint32_t now, uint32_t value_bytes_max, dict types not None, dict admins not None, judge):
    cdef const uint8_t* at = <const uint8_t*><char*>octets
    cdef Py_ssize_t size = len(octets)
    cdef Py_ssize_t position = 4, type_end, end
    cdef uint32_t count, index, ttl, last = 0, hidden_count = 0
    cdef uint64_t type_bytes, data_bytes
    cdef uint32_t ttl_s = PLAIN_TTL_S_MAX
    cdef uint32_t number
    cdef Py_ssize_t starts[PLAIN_VALUES_MAX]
    cdef Py_ssize_t ends[PLAIN_VALUES_MAX]
    if size <= 4:
        return None
    count = get_u32(at)
    if count == 0 or count > PLAIN_VALUES_MAX:
        return None
    for number in range(count):
        if size - position < VALUE_HEAD_BYTES:
            return None
        index = get_u32(at + position)
        if index <= last or index > 0x7fffffff or 1000 <= index <= 1002:
            return None
        if at[position + 8] != 0 or at[position + 13] > VALUE_PERMISSIONS_MAX:
            return None
        ttl = get_u32(at + position + 9)
        type_bytes = get_u32(at + position + 14)
        if type_bytes > <uint64_t>(size - position - VALUE_HEAD_BYTES):
            return None
        type_end = position + VALUE_HEAD_BYTES + <Py_ssize_t>type_bytes
        if size - type_end < 8:
            return None
        data_bytes = get_u32(at + type_end)
        if data_bytes > value_bytes_max or data_bytes > <uint64_t>(size - type_end - 8):
            return None
        end = type_end + 8 + <Py_ssize_t>data_bytes
        if get_u32(at + end - 4) != 0:
            return None
        if not _is_plain(octets, position + VALUE_HEAD_BYTES, type_end, end - 4, types, admins, judge):
            return None
        if at[position + 13] & VALUE_PUBLIC_READ:
            if ttl < ttl_s:
                ttl_s = ttl
        else:
            starts[hidden_count] = position
            ends[hidden_count] = end
            hidden_count += 1
        last = index
        position = end
    if position != size:
        return None
    return _split_values(octets, count, hidden_count, starts, ends, now, ttl_s)


cdef _split_values(
    bytes octets, uint32_t count, uint32_t hidden_count, Py_ssize_t* starts, Py_ssize_t* ends, uint32_t now, uint32_t ttl_s
):
    cdef const uint8_t* source = <const uint8_t*><char*>octets
    cdef Py_ssize_t size = len(octets), hidden_size = 4, at = 4, to = 4, hidden_to = 4, length
    cdef uint32_t number
    for number in range(hidden_count):
        hidden_size += ends[number] - starts[number]
    cdef bytes public = PyBytes_FromStringAndSize(NULL, size - hidden_size + 4)
    cdef bytes hidden = PyBytes_FromStringAndSize(NULL, hidden_size)
    cdef uint8_t* shown = <uint8_t*><char*>public
    cdef uint8_t* kept = <uint8_t*><char*>hidden
    set_u32(shown, count - hidden_count)
    set_u32(kept, hidden_count)
    for number in range(hidden_count):
        length = starts[number] - at
        memcpy(shown + to, source + at, length)
        to += length
        length = ends[number] - starts[number]
        memcpy(kept + hidden_to, source + starts[number], length)
        hidden_to += length
        at = ends[number]
    memcpy(shown + to, source + at, size - at)
    _stamp_values(shown, count - hidden_count, now)
    _stamp_values(kept, hidden_count, now)
    return public, hidden, ttl_s


cdef void _stamp_values(uint8_t* array, uint32_t count, uint32_t now) noexcept:
    # Every length was compared with the array's end when it was split.
    cdef Py_ssize_t at = 4
    cdef uint32_t number
    for number in range(count):
        set_u32(array + at + 4, now)
        at += VALUE_HEAD_BYTES + get_u32(array + at + 14)
        at += 8 + get_u32(array + at)
