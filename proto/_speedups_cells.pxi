# UsualTable: what the cells of one kind of object become, for `UsualRows`.
#
# Running texts and plain dates and times are taken as they stand; what any other cell became is asked once and remembered.

from cpython.list cimport PyList_GET_ITEM

cdef enum:
    USUAL_CELLS_MAX = 4096  # remembered a column
    USUAL_COLUMNS_MAX = 1024
    COLUMN_LEARNED = 0
    COLUMN_TEXT = 1
    COLUMN_DATE = 2
    COLUMN_TIME = 3
    PLACE_OF_PREFIX = -1
    SCOPE_OF_PREFIX = -1

# What a cell of the row at hand became: the octets of its value, or their head and the cell itself.
cdef struct Became:
    const uint8_t* octets
    size_t size
    const uint8_t* data  # NULL where `octets` are the whole value
    size_t data_bytes
    PyObject* learned  # a _Cell, kept alive by its column


cdef inline bint _two_digits(const uint8_t* at, int* number) noexcept nogil:
    if not c'0' <= at[0] <= c'9' or not c'0' <= at[1] <= c'9':
        return False
    number[0] = 10 * (at[0] - c'0') + at[1] - c'0'
    return True


cdef bint _is_plain_date(const uint8_t* at) noexcept nogil:
    # YYYY-MM-DD of the calendar.
    cdef int century, year, month, day, days
    if not (_two_digits(at, &century) and _two_digits(at + 2, &year) and _two_digits(at + 5, &month) and _two_digits(at + 8, &day)):
        return False
    year += 100 * century
    if at[4] != c'-' or at[7] != c'-' or year < 1 or not 1 <= month <= 12 or day < 1:
        return False
    if month == 2:
        days = 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    else:
        days = 30 if month in (4, 6, 9, 11) else 31
    return day <= days


cdef bint _is_plain_time(const uint8_t* at, size_t size) noexcept nogil:
    # YYYY-MM-DDTHH:MM:SS+HH:MM, the way a time is stored (RFC 3339).
    cdef int hour, minute, second, offset_hour, offset_minute
    if size != 25 or not _is_plain_date(at) or at[10] != c'T' or at[13] != c':' or at[16] != c':' or at[22] != c':':
        return False
    if not (_two_digits(at + 11, &hour) and _two_digits(at + 14, &minute) and _two_digits(at + 17, &second)):
        return False
    if not (_two_digits(at + 20, &offset_hour) and _two_digits(at + 23, &offset_minute)):
        return False
    if hour > 23 or minute > 59 or second > 59 or offset_hour > 23 or offset_minute > 59:
        return False
    return at[19] == c'+' or (at[19] == c'-' and offset_hour + offset_minute > 0)


cdef inline bint _goes_on(uint8_t octet) noexcept nogil:
    return octet & 0xc0 == 0x80


cdef bint _is_plain_text(const uint8_t* at, size_t size, size_t characters_max) noexcept nogil:
    # UTF-8 without control characters and without blanks at its ends or other blanks than ours, of so many characters at most.
    cdef const uint8_t* end = at + size
    cdef size_t characters = 0
    cdef uint32_t code
    if size == 0 or at[0] == c' ' or end[-1] == c' ':
        return False
    while at < end:
        if at[0] < 0x80:
            if at[0] < 0x20 or at[0] == 0x7f:
                return False
            at += 1
        elif at[0] < 0xe0:
            if at[0] < 0xc2 or end - at < 2 or not _goes_on(at[1]) or (at[0] == 0xc2 and at[1] <= 0xa0):
                return False
            at += 2
        elif at[0] < 0xf0:
            if end - at < 3 or not _goes_on(at[1]) or not _goes_on(at[2]):
                return False
            code = (at[0] & 0x0f) << 12 | (at[1] & 0x3f) << 6 | (at[2] & 0x3f)
            if code < 0x800 or 0xd800 <= code <= 0xdfff or code == 0x1680 or code == 0x3000:
                return False
            if 0x2000 <= code <= 0x205f and (code <= 0x200a or code in (0x2028, 0x2029, 0x202f, 0x205f)):
                return False
            at += 3
        else:
            if at[0] > 0xf4 or end - at < 4 or not _goes_on(at[1]) or not _goes_on(at[2]) or not _goes_on(at[3]):
                return False
            code = (at[0] & 0x07) << 18 | (at[1] & 0x3f) << 12 | (at[2] & 0x3f) << 6 | (at[3] & 0x3f)
            if not 0x10000 <= code <= 0x10ffff:
                return False
            at += 4
        characters += 1
    return characters <= characters_max


cdef class _Cell:
    # What a cell became.
    cdef bytes cell
    cdef bytes octets
    cdef object fact
    cdef bytes text
    cdef tuple folded  # of octets
    cdef tuple names  # pairs of octets
    cdef int flag
    cdef uint64_t told  # in which block its references were


cdef class _UsualColumn:
    cdef Py_ssize_t place
    cdef int kind
    cdef bytes head
    cdef size_t length
    cdef object learn
    cdef dict flags
    cdef Secret secret
    cdef list cells
    cdef uint32_t* slots  # number of a cell and one, 0: free
    cdef uint32_t* marks  # of its hash
    cdef size_t mask

    def __cinit__(self):
        self.cells = []

    def __dealloc__(self):
        free(self.slots)
        free(self.marks)

    cdef int grow(self, size_t slots) except -1:
        cdef uint32_t* fresh_slots = <uint32_t*>calloc(slots, sizeof(uint32_t))
        cdef uint32_t* fresh_marks = <uint32_t*>calloc(slots, sizeof(uint32_t))
        cdef Py_ssize_t number
        cdef _Cell cell
        if fresh_slots is NULL or fresh_marks is NULL:
            free(fresh_slots)
            free(fresh_marks)
            raise MemoryError
        free(self.slots)
        free(self.marks)
        self.slots, self.marks, self.mask = fresh_slots, fresh_marks, slots - 1
        for number in range(len(self.cells)):
            cell = self.cells[number]
            self.place_in(sip_hash(self.secret, <const uint8_t*><char*>cell.cell, len(cell.cell)), number)
        return 0

    cdef inline void place_in(self, uint64_t mark, Py_ssize_t number) noexcept:
        cdef size_t at = mark & self.mask
        while self.slots[at]:
            at = (at + 1) & self.mask
        self.slots[at] = <uint32_t>number + 1
        self.marks[at] = <uint32_t>(mark >> 32)

    cdef PyObject* found(self, const uint8_t* octets, size_t size) except? NULL:
        # What the cell became, borrowed; NULL: it is not usual.
        cdef uint64_t mark = sip_hash(self.secret, octets, size)
        cdef size_t at
        cdef _Cell cell
        if self.slots is not NULL:
            at = mark & self.mask
            while self.slots[at]:
                if self.marks[at] == <uint32_t>(mark >> 32):
                    cell = <_Cell>PyList_GET_ITEM(self.cells, self.slots[at] - 1)
                    if <size_t>len(cell.cell) == size and not memcmp(<char*>cell.cell, octets, size):
                        return <PyObject*>cell
                at = (at + 1) & self.mask
        return self.learned(octets, size, mark)

    cdef PyObject* learned(self, const uint8_t* octets, size_t size, uint64_t mark) except? NULL:
        cdef _Cell cell = _Cell.__new__(_Cell)
        cell.cell = PyBytes_FromStringAndSize(<const char*>octets, size)
        try:
            text = cell.cell.decode()
        except UnicodeDecodeError:
            return NULL
        became = self.learn(text)
        if became is None:
            return NULL
        cell.octets, cell.fact, shown, folded, names = became
        if cell.octets is None:
            raise TypeError("a cell without octets")
        cell.text = (<str?>shown).encode()
        cell.folded = tuple([(<str?>part).encode() for part in folded])
        cell.names = tuple([((<str?>scheme).encode(), (<str?>local).encode()) for scheme, local in names])
        cell.flag = -1 if self.flags is None else self.flags.get(shown, -1)
        if len(self.cells) >= USUAL_CELLS_MAX:
            memset(self.slots, 0, (self.mask + 1) * sizeof(uint32_t))
            self.cells = []
        elif 2 * <size_t>len(self.cells) >= self.mask:
            self.grow(64 if self.slots is NULL else 2 * (self.mask + 1))
        self.cells.append(cell)
        self.place_in(mark, len(self.cells) - 1)
        return <PyObject*>cell

    cdef bint became(self, const uint8_t* octets, size_t size, Became* to) except -1:
        # Whether the cell is usual.
        cdef _Cell cell
        if size and (
            (self.kind == COLUMN_TEXT and _is_plain_text(octets, size, self.length))
            or (self.kind == COLUMN_TIME and _is_plain_time(octets, size))
            or (self.kind == COLUMN_DATE and size == 10 and _is_plain_date(octets))
        ):
            to.octets, to.size = <const uint8_t*><char*>self.head, len(self.head)
            to.data, to.data_bytes, to.learned = octets, size, NULL
            return True
        if size and self.kind == COLUMN_TEXT:
            return False
        to.learned = self.found(octets, size)
        if to.learned is NULL:
            return False
        cell = <_Cell>to.learned
        to.octets, to.size = <const uint8_t*><char*>cell.octets, len(cell.octets)
        to.data, to.data_bytes = NULL, 0
        return True


cdef class _UsualNaming:
    # A field whose text is a second name: alone, inside the texts of others, or names that came with its cell (`many`).
    cdef bytes scheme
    cdef bint unique
    cdef bint many
    cdef Py_ssize_t number
    cdef tuple scopes


cdef Py_ssize_t _within(number, Py_ssize_t first, Py_ssize_t end) except? -9:
    # A number of a column, kept as what it was when it was looked at.
    cdef Py_ssize_t at = number
    if not first <= at < end:
        raise ValueError("no such column")
    return at


cdef class UsualTable:
    cdef list columns
    cdef Py_ssize_t width
    cdef Py_ssize_t public
    cdef Py_ssize_t recall
    cdef tuple edges
    cdef tuple rules
    cdef tuple looked_at
    cdef tuple namings
    cdef tuple foreign
    cdef tuple references
    cdef Became* row

    def __dealloc__(self):
        free(self.row)

    def __init__(self, Py_ssize_t width, list columns not None, *, Py_ssize_t public, Py_ssize_t recall, dict flags not None,
                 tuple edges not None, tuple rules not None, tuple looked_at not None, tuple namings not None,
                 tuple foreign not None, tuple references not None, bytes secret not None):
        cdef _UsualColumn made
        cdef _UsualNaming naming
        cdef Py_ssize_t count = len(columns), number
        if self.row is not NULL:
            raise TypeError("a table is made once")
        if len(secret) != 16 or not 0 < count <= USUAL_COLUMNS_MAX or not 0 <= public <= count or not 0 <= recall < count:
            raise ValueError("no table has such columns")
        self.row = <Became*>calloc(count, sizeof(Became))
        if self.row is NULL:
            raise MemoryError
        self.width = width
        self.columns = []
        for place, kind, head, length, learn in tuple(columns):  # which does not grow meanwhile
            made = _UsualColumn.__new__(_UsualColumn)
            made.place, made.kind, made.head, made.length, made.learn = place, kind, head, length, learn
            if made.head is None or not PLACE_OF_PREFIX <= made.place < width or not COLUMN_LEARNED <= made.kind <= COLUMN_TIME:
                raise ValueError("no such column")
            memcpy(&made.secret, <char*>secret, 16)
            self.columns.append(made)
        (<_UsualColumn>self.columns[recall]).flags = flags
        if (<_UsualColumn>self.columns[recall]).kind != COLUMN_LEARNED:
            raise ValueError("the recall flag is learned")
        self.public, self.recall = public, recall
        self.edges = tuple([_within(at, 0, count) for at in edges])
        self.looked_at = tuple([(name, _within(at, 0, count)) for name, at in looked_at])
        self.references = tuple([(_within(at, 0, count), name) for at, name in references])
        self.foreign = tuple([_within(at, 0, width) for at in foreign])
        self.rules = rules
        for number in (*self.edges, *[at for at, _ in self.references]):
            if (<_UsualColumn>self.columns[number]).kind != COLUMN_LEARNED:
                raise ValueError("references are learned")
        for _, number in self.looked_at:
            if (<_UsualColumn>self.columns[number]).kind not in (COLUMN_LEARNED, COLUMN_TEXT):
                raise ValueError("what rules look at is learned, or text")
        made_namings = []
        for scheme, unique, many, number, scopes in namings:
            naming = _UsualNaming.__new__(_UsualNaming)
            naming.scheme, naming.unique, naming.many, naming.number = scheme, unique, many, number
            naming.scopes = tuple([_within(scope, SCOPE_OF_PREFIX, count) for scope in scopes])
            if naming.scheme is None or not 0 <= number < count or (naming.unique and naming.many):
                raise ValueError("no such naming")
            if naming.many and (<_UsualColumn>self.columns[number]).kind != COLUMN_LEARNED:
                raise ValueError("many names are learned")
            made_namings.append(naming)
        self.namings = tuple(made_namings)
