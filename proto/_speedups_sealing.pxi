# Rows of a table on their way from one process to another, and the records of a load sealed for their place.
# `registry/store/packed_rows.py` and `sealed_batch.py` say what each is, and are the plain twins.
#
# A packed row: u16 length of its key ‖ u32 length of its value ‖ key ‖ value.

from libc.stdlib cimport qsort

cdef enum:
    PACKED_HEAD_BYTES = 6
    PACKED_KEY_BYTES_MAX = 65535
    STORED_POSITION_AT = 12
    STORED_PUBLIC_AT = 44
    ALIAS_PART_BYTES_MAX = 200
    ROOM_BYTES = 65536
    ROOM_ROWS = 512

# One row that waits to be sorted. `key` is set when nothing moves any more.
cdef struct HeldRow:
    const uint8_t* key
    uint64_t first  # eight octets behind what all keys begin with, so that most comparisons read no key
    size_t at
    uint32_t key_bytes
    uint32_t row_bytes
    uint32_t number

# Where the parts of a stored record lie.
cdef struct StoredParts:
    const uint8_t* public
    const uint8_t* restricted
    const uint8_t* spelling
    const uint8_t* aliases
    size_t public_bytes
    size_t restricted_bytes
    size_t spelling_bytes
    size_t aliases_bytes


cdef int _by_key(const void* one, const void* other) noexcept nogil:
    cdef const HeldRow* left = <const HeldRow*>one
    cdef const HeldRow* right = <const HeldRow*>other
    cdef int order
    if left.first != right.first:
        return -1 if left.first < right.first else 1
    order = memcmp(left.key, right.key, min(left.key_bytes, right.key_bytes))
    if order:
        return order
    if left.key_bytes != right.key_bytes:
        return -1 if left.key_bytes < right.key_bytes else 1
    return -1 if left.number < right.number else 1


cdef inline uint8_t* _packed_head(uint8_t* to, size_t key_bytes, size_t value_bytes) noexcept nogil:
    set_u16(to, <uint16_t>key_bytes)
    set_u32(to + 2, <uint32_t>value_bytes)
    return to + PACKED_HEAD_BYTES


cdef class SealedRows:
    cdef bytes head
    cdef uint8_t* octets
    cdef HeldRow* rows
    cdef size_t end
    cdef size_t room
    cdef size_t count
    cdef size_t rows_room

    def __cinit__(self, bytes head not None):
        self.head = head

    def __dealloc__(self):
        free(self.octets)
        free(self.rows)

    cdef int put(self, const uint8_t* key, size_t key_bytes, const uint8_t* row, size_t row_bytes) except -1:
        cdef size_t size = key_bytes + row_bytes, room
        cdef void* grown
        if key_bytes > PACKED_KEY_BYTES_MAX or row_bytes > ROW_BYTES_MAX or self.count >= 0xffffffff:
            raise ValueError("no table has such a row")
        if size >= self.room - self.end:  # so that there is a place even for nothing
            room = 2 * self.room + size + ROOM_BYTES
            grown = realloc(self.octets, room)
            if grown is NULL:
                raise MemoryError
            self.octets = <uint8_t*>grown
            self.room = room
        if self.count == self.rows_room:
            room = 2 * self.rows_room + ROOM_ROWS
            grown = realloc(self.rows, room * sizeof(HeldRow))
            if grown is NULL:
                raise MemoryError
            self.rows = <HeldRow*>grown
            self.rows_room = room
        memcpy(self.octets + self.end, key, key_bytes)
        memcpy(self.octets + self.end + key_bytes, row, row_bytes)
        self.rows[self.count].at = self.end
        self.rows[self.count].key_bytes = <uint32_t>key_bytes
        self.rows[self.count].row_bytes = <uint32_t>row_bytes
        self.rows[self.count].number = <uint32_t>self.count
        self.end += size
        self.count += 1
        return 0

    cdef void sort(self) noexcept:
        # By key; of rows with one key the last is kept.
        cdef size_t at, kept = 0, common
        cdef HeldRow* row
        cdef const uint8_t* key
        if self.count == 0:
            return
        key = self.octets + self.rows[0].at
        common = self.rows[0].key_bytes
        for at in range(self.count):
            row = self.rows + at
            row.key = self.octets + row.at
            common = min(common, row.key_bytes)
            while common and memcmp(key, row.key, common):  # seldom more than once
                common -= 1
        for at in range(self.count):
            row = self.rows + at
            row.first = 0
            memcpy(&row.first, row.key + common, min(8, row.key_bytes - common))
            row.first = be64toh(row.first)
        qsort(self.rows, self.count, sizeof(HeldRow), _by_key)
        for at in range(self.count):
            row = self.rows + at
            if kept and row.key_bytes == self.rows[kept - 1].key_bytes and not memcmp(row.key, self.rows[kept - 1].key, row.key_bytes):
                kept -= 1
            self.rows[kept] = row[0]
            self.rows[kept].number = <uint32_t>kept
            kept += 1
        self.count = kept

    def __len__(self):
        return self.count

    def add(self, bytes key not None, bytes row not None):
        self.put(<const uint8_t*><char*>key, len(key), <const uint8_t*><char*>row, len(row))

    def pairs(self):
        cdef list found = []
        cdef size_t at
        cdef HeldRow* row
        self.sort()
        for at in range(self.count):
            row = self.rows + at
            found.append((
                PyBytes_FromStringAndSize(<const char*>row.key, row.key_bytes),
                PyBytes_FromStringAndSize(<const char*>row.key + row.key_bytes, row.row_bytes),
            ))
        return found

    def packed(self):
        cdef Blake state
        cdef uint64_t seal, seal_sum = 0
        cdef size_t at, size = 0
        cdef HeldRow* row
        cdef bytes octets
        cdef uint8_t* to
        self.sort()
        for at in range(self.count):
            size += PACKED_HEAD_BYTES + SEAL_BYTES + self.rows[at].key_bytes + self.rows[at].row_bytes
        octets = PyBytes_FromStringAndSize(NULL, size)
        to = <uint8_t*><char*>octets
        for at in range(self.count):
            row = self.rows + at
            blake_begin(&state)
            blake_take(&state, <const uint8_t*><char*>self.head, len(self.head))
            blake_take(&state, row.key, row.key_bytes + row.row_bytes)
            seal = blake_end(&state)
            seal_sum += be64toh(seal)
            to = _packed_head(to, row.key_bytes, SEAL_BYTES + row.row_bytes)
            memcpy(to, row.key, row.key_bytes)
            memcpy(to + row.key_bytes, &seal, SEAL_BYTES)
            memcpy(to + row.key_bytes + SEAL_BYTES, row.key + row.key_bytes, row.row_bytes)
            to += row.key_bytes + SEAL_BYTES + row.row_bytes
        return octets, self.count, seal_sum


cdef class PackedRows:
    cdef bytes octets
    cdef size_t at

    def __cinit__(self, bytes octets not None):
        self.octets = octets

    def __iter__(self):
        return self

    def __next__(self):
        cdef const uint8_t* at = <const uint8_t*><char*>self.octets + self.at
        cdef size_t left = len(self.octets) - self.at, key_bytes, value_bytes
        if left == 0:
            raise StopIteration
        if left < PACKED_HEAD_BYTES:
            raise ValueError("a packed row is cut short")
        key_bytes = <size_t>at[0] << 8 | at[1]
        value_bytes = get_u32(at + 2)
        if key_bytes + value_bytes > left - PACKED_HEAD_BYTES:
            raise ValueError("a packed row is cut short")
        self.at += PACKED_HEAD_BYTES + key_bytes + value_bytes
        at += PACKED_HEAD_BYTES
        return PyBytes_FromStringAndSize(<char*>at, key_bytes), PyBytes_FromStringAndSize(<char*>at + key_bytes, value_bytes)


cdef bint _stored_parts(const uint8_t* rest, size_t size, StoredParts* parts) noexcept nogil:
    # Whether a stored form without its digest has the parts it says.
    cdef size_t left, length
    if size < RECORD_HEAD_BYTES:
        return False
    memset(parts, 0, sizeof(StoredParts))
    left = size - RECORD_HEAD_BYTES
    length = get_u32(rest + STORED_PUBLIC_AT)
    if length > left:
        return False
    parts.public = rest + RECORD_HEAD_BYTES
    parts.public_bytes = length
    cdef const uint8_t* at = parts.public + length
    left -= length
    if rest[0] & FORM_RESTRICTED:
        if left < 4 or get_u32(at) > left - 4:
            return False
        parts.restricted = at + 4
        parts.restricted_bytes = get_u32(at)
        at += 4 + parts.restricted_bytes
        left -= 4 + parts.restricted_bytes
    if rest[0] & FORM_SPELLING:
        if left < 2:
            return False
        length = <size_t>at[0] << 8 | at[1]
        if length > left - 2:
            return False
        parts.spelling = at + 2
        parts.spelling_bytes = length
        at += 2 + length
        left -= 2 + length
    if rest[0] & FORM_ALIASES:
        parts.aliases = at
        parts.aliases_bytes = left
    return True


cdef bint _is_text(const uint8_t* at, Py_ssize_t size) except -1:
    # Whether octets are UTF-8.
    cdef Py_ssize_t number
    for number in range(size):
        if at[number] >= 0x80:
            try:
                PyUnicode_DecodeUTF8(<const char*>at, size, NULL)
            except UnicodeDecodeError:
                return False
            break
    return True


cdef Py_ssize_t _text_part(const uint8_t* at, Py_ssize_t left, Py_ssize_t* size) except -2:
    # Octets of the head of a msgpack text, and the size of the text; -1 where it is none, or no UTF-8.
    cdef Py_ssize_t head = _counted(at, left, 0xd9, size)
    return head if head and _is_text(at + head, size[0]) else -1


cdef bint _put_names(SealedRows names, const uint8_t* key, size_t key_bytes, StoredParts* parts) except -1:
    # Put the rows of a record's second names, unless one of them is long, or what lists them is not as the codec packs it.
    cdef const uint8_t* at = parts.aliases
    cdef Py_ssize_t left = parts.aliases_bytes
    cdef uint8_t place[ROW_KEY_BYTES_MAX]
    cdef Py_ssize_t count, number, head, scheme_bytes = 0, local_bytes = 0
    cdef size_t rows = names.count, end = names.end, size
    cdef const uint8_t* scheme
    if not _is_text(key, key_bytes) or not _is_text(parts.spelling, parts.spelling_bytes):
        return False
    if left >= 1 and at[0] & 0xf0 == 0x90:
        count, at, left = at[0] & 0x0f, at + 1, left - 1
    elif left >= 3 and at[0] == 0xdc:
        count, at, left = <Py_ssize_t>at[1] << 8 | at[2], at + 3, left - 3
    else:
        return False
    for number in range(count):
        head = _text_part(at + 1, left - 1, &scheme_bytes) if left >= 1 and at[0] == 0x92 else -1
        if head > 0:
            scheme = at + 1 + head
            at, left = scheme + scheme_bytes, left - 1 - head - scheme_bytes
            head = _text_part(at, left, &local_bytes)
        size = scheme_bytes + local_bytes + 2 + key_bytes
        if head < 0 or local_bytes > ALIAS_PART_BYTES_MAX or scheme_bytes > ROW_KEY_BYTES_MAX or size > ROW_KEY_BYTES_MAX:
            names.count, names.end = rows, end
            return False
        memcpy(place, scheme, scheme_bytes)
        place[scheme_bytes] = 0
        memcpy(place + scheme_bytes + 1, at + head, local_bytes)
        place[scheme_bytes + 1 + local_bytes] = 0
        memcpy(place + scheme_bytes + local_bytes + 2, key, key_bytes)
        names.put(place, size, key, key_bytes)
        at, left = at + head + local_bytes, left - head - local_bytes
    if left:
        names.count, names.end = rows, end
    return left == 0


def seal_batch(items not None, Py_ssize_t skip, bytes place not None, places_of, SealedRows names not None, EdgeMaker edges):
    cdef tuple batch = tuple(items), item  # which nobody changes meanwhile
    cdef list odd = []
    cdef bytes key, value, octets
    cdef const uint8_t* rest
    cdef uint8_t* to
    cdef Blake state
    cdef StoredParts parts
    cdef size_t size, total = 0
    cdef uint64_t seal, digest_sum = 0
    cdef bint whole
    if len(place) != POSITION_BYTES or not 0 <= skip <= SEAL_BYTES:
        raise ValueError("no position, or no digest to skip")
    for item in batch:
        key, value = item
        if key is None or value is None or len(key) > PACKED_KEY_BYTES_MAX or not 0 <= len(value) - skip - RECORD_HEAD_BYTES <= ROW_BYTES_MAX:
            raise ValueError("no stored form of a record")
        total += PACKED_HEAD_BYTES + len(key) + SEAL_BYTES + len(value) - skip
    octets = PyBytes_FromStringAndSize(NULL, total)
    to = <uint8_t*><char*>octets
    for item in batch:
        key, value = item
        rest = <const uint8_t*><char*>value + skip
        size = len(value) - skip
        to = _packed_head(to, len(key), SEAL_BYTES + size)
        memcpy(to, <char*>key, len(key))
        to += len(key)
        memcpy(to + SEAL_BYTES, rest, size)
        memcpy(to + SEAL_BYTES + STORED_POSITION_AT, <char*>place, POSITION_BYTES)
        blake_begin(&state)
        blake_take(&state, b"record\0", 7)
        blake_take(&state, <const uint8_t*><char*>key, len(key))
        blake_take(&state, to + SEAL_BYTES, size)
        seal = blake_end(&state)
        memcpy(to, &seal, SEAL_BYTES)
        digest_sum += be64toh(seal)
        to += SEAL_BYTES + size
        whole = _stored_parts(rest, size, &parts)
        if rest[0] & FORM_ALIASES and not (
            whole and _put_names(names, <const uint8_t*><char*>key, len(key), &parts)
        ):
            for named in places_of(key, value[skip:]):
                names.add(named, key)
        if edges is not None and not (whole and edges.take(key, rest, size, &parts)):
            odd.append((key, value[skip:]))
    return octets, digest_sum, total - PACKED_HEAD_BYTES * len(batch), odd
