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


cdef const uint8_t* _item_end(const uint8_t* at, const uint8_t* end) noexcept nogil:
    # Where an item ends that was packed here; NULL: it was not.
    cdef size_t size
    cdef int left
    if at >= end or at[0] & 0xf0 != 0x90:
        return NULL
    left = at[0] & 0x0f
    at += 1
    while left > 0:
        if at >= end or (at[0] in (0xc4, 0xd9) and end - at < 2) or (at[0] in (0xc6, 0xdb) and end - at < 5):
            return NULL
        if at[0] not in (0xc4, 0xc6, 0xcf, 0xd9, 0xdb):
            return NULL
        at = _packed_element(at, &size)
        if at > end or <size_t>(end - at) < size:
            return NULL
        at += size
        left -= 1
    return at


cdef int _compare_heads(const uint8_t* one, const uint8_t* other, int elements) noexcept nogil:
    # As `_compare_packed`, of the first elements.
    cdef size_t size, other_size
    cdef int order
    elements = min(elements, min(one[0], other[0]) & 0x0f)
    one += 1
    other += 1
    while elements > 0:
        one = _packed_element(one, &size)
        other = _packed_element(other, &other_size)
        order = memcmp(one, other, min(size, other_size))
        if order or size != other_size:
            return order if order else 1 if size > other_size else -1
        one += size
        other += other_size
        elements -= 1
    return 0


cdef const uint8_t* _piece_start(bytes piece) except NULL:
    if len(piece) < 3 or (<const uint8_t*><char*>piece)[0] != 0xdc:
        raise ValueError("no piece of a run")
    return <const uint8_t*><char*>piece + 3


def ascending(bytes piece not None, int elements, bytes previous not None):
    cdef const uint8_t* at = _piece_start(piece)
    cdef const uint8_t* end = <const uint8_t*><char*>piece + len(piece)
    cdef const uint8_t* before = <const uint8_t*><char*>previous
    cdef const uint8_t* next_at
    cdef bytes first = None
    cdef Py_ssize_t count = 0
    cdef bint is_ascending = True
    if len(previous) and _item_end(before, before + len(previous)) != before + len(previous):
        raise ValueError("no item of a run")
    if not len(previous):
        before = NULL
    while at < end:
        next_at = _item_end(at, end)
        if next_at is NULL:
            raise ValueError("no piece of a run")
        if before is not NULL and is_ascending:
            is_ascending = _compare_heads(before, at, elements) < 0
        if first is None:
            first = PyBytes_FromStringAndSize(<const char*>at, next_at - at)
        before, at = at, next_at
        count += 1
    if first is None:
        raise ValueError("an empty piece of a run")
    return is_ascending, count, first, PyBytes_FromStringAndSize(<const char*>before, end - before)


# Where one run of a merge is.
cdef struct Merging:
    Packed item
    const uint8_t* end


cdef class merged_pieces:
    cdef list runs
    cdef list pieces
    cdef Merging* places
    cdef Py_ssize_t* heap
    cdef Py_ssize_t count
    cdef Py_ssize_t each
    cdef bint busy

    def __dealloc__(self):
        free(self.places)
        free(self.heap)

    def __init__(self, runs, Py_ssize_t each):
        cdef Py_ssize_t number, most
        cdef list begun = [iter(run) for run in runs]
        if self.places is not NULL:
            raise TypeError("a merge is made once")
        if not 0 < each < 65536:
            raise ValueError("a piece holds 1 to 65,535 items")
        self.runs = begun
        most = len(begun)
        self.pieces = [b""] * most
        self.each = each
        self.places = <Merging*>calloc(most + 1, sizeof(Merging))
        self.heap = <Py_ssize_t*>calloc(most + 1, sizeof(Py_ssize_t))
        if self.places is NULL or self.heap is NULL:
            raise MemoryError
        self.busy = True
        for number in range(most):
            if self.is_at_item(number):
                self.heap[self.count] = number
                self.count += 1
        for number in range(self.count // 2 - 1, -1, -1):
            self.sift(number)
        self.busy = False

    def __iter__(self):
        return self

    cdef bint is_at_item(self, Py_ssize_t number) except -1:
        # Move a run on to its next item; False behind the last.
        cdef Merging* place = &self.places[number]
        cdef const uint8_t* at = place.item.at + place.item.size if place.item.at is not NULL else NULL
        cdef const uint8_t* next_at
        cdef bytes piece
        while at is NULL or at >= place.end:
            found = next(self.runs[number], None)
            if found is None:
                return False
            piece = found
            self.pieces[number] = piece
            at = _piece_start(piece)
            place.end = <const uint8_t*><char*>piece + len(piece)
        next_at = _item_end(at, place.end)
        if next_at is NULL:
            raise ValueError("no piece of a run")
        place.item.at, place.item.size = at, next_at - at
        return True

    cdef void sift(self, Py_ssize_t at) noexcept:
        cdef Py_ssize_t moving = self.heap[at], child
        while True:
            child = 2 * at + 1
            if child >= self.count:
                break
            if child + 1 < self.count and self.is_before(self.heap[child + 1], self.heap[child]):
                child += 1
            if not self.is_before(self.heap[child], moving):
                break
            self.heap[at] = self.heap[child]
            at = child
        self.heap[at] = moving

    cdef inline bint is_before(self, Py_ssize_t one, Py_ssize_t other) noexcept:
        return _compare_packed(&self.places[one].item, &self.places[other].item) < 0

    def __next__(self):
        cdef Sheaf out = Sheaf.__new__(Sheaf)
        cdef Packed* item
        cdef bytes piece
        cdef uint8_t* to
        if self.busy:
            raise RuntimeError("the runs are being merged")
        if not self.count:
            raise StopIteration
        self.busy = True
        try:
            while self.count and out.count < self.each:
                item = &self.places[self.heap[0]].item
                memcpy(out.reserve(item.size), item.at, item.size)
                out.keep(item.size)
                if not self.is_at_item(self.heap[0]):
                    self.count -= 1
                    self.heap[0] = self.heap[self.count]
                if self.count:
                    self.sift(0)
        except BaseException:
            self.count = 0  # no item lies where the run that failed was: the merge has ended
            raise
        finally:
            self.busy = False
        piece = PyBytes_FromStringAndSize(NULL, 3 + out.used)
        to = <uint8_t*><char*>piece
        to[0] = 0xdc
        set_u16(to + 1, <uint16_t>out.count)
        memcpy(to + 3, out.octets, out.used)
        return piece
