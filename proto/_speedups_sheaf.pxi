# Sheaf: items of sorted runs, packed as they are gathered; `registry/loading/sheaf.py` says what for, and is the plain twin.
#
# An item is a msgpack array of octets, texts and integers, so that whatever reads runs needs to know nothing of this file.
# Heads are of few widths, and integers always of eight octets: then two items compare octet by octet where they differ first.

from libc.stdlib cimport qsort

cdef enum:
    SHEAF_ITEM_BYTES_MAX = 67108864  # sixteen times a row of a file
    PACKED_NUMBER_BYTES = 9
    PACKED_ARRAY_MAX = 15

cdef struct Packed:
    const uint8_t* at
    size_t size


cdef inline size_t packed_head_bytes(size_t size) noexcept nogil:
    return 2 if size < 256 else 5


cdef inline uint8_t* put_packed_head(uint8_t* to, uint8_t narrow, uint8_t wide, size_t size) noexcept nogil:
    if size < 256:
        to[0] = narrow
        to[1] = <uint8_t>size
        return to + 2
    to[0] = wide
    set_u32(to + 1, <uint32_t>size)
    return to + 5


cdef inline uint8_t* put_packed_octets(uint8_t* to, const uint8_t* octets, size_t size) noexcept nogil:
    to = put_packed_head(to, 0xc4, 0xc6, size)
    memcpy(to, octets, size)
    return to + size


cdef inline uint8_t* put_packed_text(uint8_t* to, const uint8_t* octets, size_t size) noexcept nogil:
    to = put_packed_head(to, 0xd9, 0xdb, size)
    memcpy(to, octets, size)
    return to + size


cdef inline uint8_t* put_packed_number(uint8_t* to, uint64_t number) noexcept nogil:
    to[0] = 0xcf
    set_u64(to + 1, number)
    return to + PACKED_NUMBER_BYTES


cdef inline const uint8_t* _packed_element(const uint8_t* at, size_t* size) noexcept nogil:
    # The octets of an element of an item that was packed here, and how many; an integer's compare as it does.
    if at[0] == 0xcf:
        size[0] = 8
        return at + 1
    if at[0] in (0xc4, 0xd9):
        size[0] = at[1]
        return at + 2
    size[0] = get_u32(at + 1)
    return at + 5


cdef int _compare_packed(const void* one, const void* other) noexcept nogil:
    cdef const uint8_t* a = (<const Packed*>one).at
    cdef const uint8_t* b = (<const Packed*>other).at
    cdef int elements = min(a[0], b[0]) & 0x0f, at, order
    cdef size_t a_bytes, b_bytes
    cdef int longer = a[0] - b[0]
    a += 1
    b += 1
    for at in range(elements):
        a = _packed_element(a, &a_bytes)
        b = _packed_element(b, &b_bytes)
        order = memcmp(a, b, min(a_bytes, b_bytes))
        if order:
            return order
        if a_bytes != b_bytes:
            return 1 if a_bytes > b_bytes else -1
        a += a_bytes
        b += b_bytes
    return longer


cdef class Sheaf:
    cdef uint8_t* octets
    cdef size_t used
    cdef size_t room
    cdef size_t* begins  # where each item does
    cdef Py_ssize_t count
    cdef Py_ssize_t begins_room

    def __dealloc__(self):
        free(self.octets)
        free(self.begins)

    def __len__(self):
        return self.count

    cdef uint8_t* reserve(self, size_t size) except NULL:
        # Room for one more item, which `keep` takes in.
        cdef void* grown
        if size > SHEAF_ITEM_BYTES_MAX:
            raise ValueError("an item of a run is too long")
        if self.used + size > self.room:
            grown = realloc(self.octets, 2 * (self.used + size) + 4096)
            if grown is NULL:
                raise MemoryError
            self.octets = <uint8_t*>grown
            self.room = 2 * (self.used + size) + 4096
        if self.count == self.begins_room:
            grown = realloc(self.begins, (2 * self.begins_room + 128) * sizeof(size_t))
            if grown is NULL:
                raise MemoryError
            self.begins = <size_t*>grown
            self.begins_room = 2 * self.begins_room + 128
        return self.octets + self.used

    cdef inline void keep(self, size_t size) noexcept:
        self.begins[self.count] = self.used
        self.count += 1
        self.used += size

    cdef inline size_t end_of(self, Py_ssize_t number) noexcept:
        return self.begins[number + 1] if number + 1 < self.count else self.used

    def add(self, tuple item not None):
        cdef size_t size = 1
        cdef Py_ssize_t text_bytes
        cdef const char* text
        cdef uint8_t* to
        if len(item) > PACKED_ARRAY_MAX:
            raise ValueError("an item of a run has too many elements")
        for element in item:
            if isinstance(element, bytes):
                size += packed_head_bytes(len(<bytes>element)) + len(<bytes>element)
            elif isinstance(element, str):
                PyUnicode_AsUTF8AndSize(element, &text_bytes)
                size += packed_head_bytes(text_bytes) + text_bytes
            elif isinstance(element, int):  # nothing else: what converts itself could add to this sheaf meanwhile
                size += PACKED_NUMBER_BYTES
            else:
                raise TypeError("an item of a run holds octets, texts and integers")
        to = self.reserve(size)
        to[0] = 0x90 | <uint8_t>len(item)
        to += 1
        for element in item:
            if isinstance(element, bytes):
                to = put_packed_octets(to, <const uint8_t*><char*>(<bytes>element), len(<bytes>element))
            elif isinstance(element, str):
                text = PyUnicode_AsUTF8AndSize(element, &text_bytes)
                to = put_packed_text(to, <const uint8_t*>text, text_bytes)
            else:
                to = put_packed_number(to, element)
        self.keep(size)

    cdef Packed* ordered(self) except NULL:
        # Its items, sorted; to be freed.
        cdef Packed* items = <Packed*>malloc((self.count + 1) * sizeof(Packed))
        cdef Py_ssize_t number
        cdef bint is_sorted = True
        if items is NULL:
            raise MemoryError
        for number in range(self.count):
            items[number].at = self.octets + self.begins[number]
            items[number].size = self.end_of(number) - self.begins[number]
            if number and is_sorted and _compare_packed(&items[number - 1], &items[number]) > 0:
                is_sorted = False
        if not is_sorted:
            qsort(items, self.count, sizeof(Packed), _compare_packed)
        return items

    def packed(self, Py_ssize_t each):
        cdef Packed* items
        cdef Py_ssize_t start = 0, count, at
        cdef size_t size
        cdef bytes piece
        cdef uint8_t* to
        cdef list pieces = []
        if not 0 < each < 65536:
            raise ValueError("a piece holds 1 to 65,535 items")
        items = self.ordered()
        try:
            while start < self.count:
                count = min(each, self.count - start)
                size = 3
                for at in range(start, start + count):
                    size += items[at].size
                piece = PyBytes_FromStringAndSize(NULL, size)
                to = <uint8_t*><char*>piece
                to[0] = 0xdc
                set_u16(to + 1, <uint16_t>count)
                to += 3
                for at in range(start, start + count):
                    memcpy(to, items[at].at, items[at].size)
                    to += items[at].size
                pieces.append((piece, count))
                start += count
        finally:
            free(items)
        return pieces

    def heads(self, int elements):
        cdef Sheaf made = Sheaf.__new__(Sheaf)
        cdef Py_ssize_t number
        cdef const uint8_t* at
        cdef const uint8_t* end
        cdef size_t size
        cdef uint8_t* to
        cdef int left
        for number in range(self.count):
            at = end = self.octets + self.begins[number]
            left = min(elements, at[0] & 0x0f)
            end += 1
            while left > 0:
                end = _packed_element(end, &size)
                end += size
                left -= 1
            to = made.reserve(end - at)
            memcpy(to, at, end - at)
            to[0] = 0x90 | <uint8_t>min(max(elements, 0), at[0] & 0x0f)
            made.keep(end - at)
        return made
