# UsualRows: rows of a CSV in one pass, from their octets to the items of a load; `registry/loading/usual_rows.py` gives the
# columns, and its careful path is the plain twin.
#
# A row is cut into cells where it lies. What the cells of a column became is remembered, running numbers and plain times are
# taken as they stand, and the row's stored form is written once, into its sheaf. Whatever is not usual (a quote out of
# place, a cell with a finding, a name to be looked at closely, a rule that speaks) leaves the row to the careful path, in its
# turn: rows that lie together are handed over together, before the next usual one is kept.

from cpython.unicode cimport PyUnicode_DecodeUTF8

cdef enum:
    USUAL_TABLES_MAX = 1024
    USUAL_PREFIXES_MAX = 1024
    USUAL_NAME_BYTES_MAX = 2048  # of an identifier
    USUAL_FIELD_BYTES_MAX = 131072  # longer ones are the reader's to refuse
    USUAL_ROW_BYTES_MAX = 4194304
    VALUE_TAIL_BYTES = 4  # no references

    CUT_ROW = 1
    CUT_BLANK = 2
    CUT_ODD = 3  # where it ends is known
    CUT_LOST = 4  # it is not

cdef struct Cut:
    const uint8_t* at
    size_t size

# One second name of the row at hand: where its text lies in the names gathered.
cdef struct Claim:
    const uint8_t* scheme
    size_t scheme_bytes
    size_t at
    size_t size


cdef inline uint8_t* _put_text_head(uint8_t* to, size_t size) noexcept nogil:
    if size < 32:
        to[0] = 0xa0 | <uint8_t>size
        return to + 1
    if size < 256:
        to[0] = 0xd9
        to[1] = <uint8_t>size
        return to + 2
    if size < 65536:
        to[0] = 0xda
        set_u16(to + 1, <uint16_t>size)
        return to + 3
    to[0] = 0xdb
    set_u32(to + 1, <uint32_t>size)
    return to + 5


cdef class UsualRows:
    cdef Py_ssize_t width
    cdef Py_ssize_t identifier_at
    cdef Py_ssize_t object_at
    cdef Py_ssize_t visibility_at
    cdef uint8_t separator
    cdef bytes prefix  # with its slash; empty where identifiers are full
    cdef object table_of
    cdef object known
    cdef object refer
    cdef uint8_t form
    cdef uint16_t prepared_by
    cdef uint64_t version
    cdef uint32_t ttl_public_s
    cdef uint32_t ttl_other_s
    cdef uint8_t flag_restricted
    cdef dict tables
    cdef bytes table_key
    cdef UsualTable table
    cdef dict prefixes
    cdef bytes prefix_spelled
    cdef bytes prefix_folded
    cdef bint folds
    cdef uint64_t block
    cdef bint busy
    # The row at hand.
    cdef Cut* cells
    cdef Py_ssize_t cells_found
    cdef uint8_t* scratch  # cells without their doubled quotes
    cdef size_t scratch_used
    cdef size_t scratch_room
    cdef uint8_t name[USUAL_NAME_BYTES_MAX]
    cdef size_t name_bytes
    cdef uint8_t key[ROW_KEY_BYTES_MAX + 8]
    cdef size_t key_bytes
    cdef size_t prefix_bytes  # of the identifier as spelled
    cdef uint8_t* names
    cdef size_t names_used
    cdef size_t names_room
    cdef uint64_t names_count
    cdef Claim* claims
    cdef Py_ssize_t claims_count
    cdef Py_ssize_t claims_room

    def __dealloc__(self):
        free(self.cells)
        free(self.scratch)
        free(self.names)
        free(self.claims)

    def __init__(self, Py_ssize_t width, str separator not None, *, Py_ssize_t identifier_at, Py_ssize_t object_at,
                 Py_ssize_t visibility_at, bytes prefix not None, table_of, known, refer, tuple forms not None):
        octets = separator.encode()
        if self.cells is not NULL:
            raise TypeError("rows are made once")
        if not 0 < width <= USUAL_COLUMNS_MAX or len(octets) != 1 or octets in b"\"\r\n":
            raise ValueError("no file has such rows")
        if not 0 <= identifier_at < width or not -1 <= object_at < width or not 0 <= visibility_at < width:
            raise ValueError("no such column")
        self.cells = <Cut*>calloc(width, sizeof(Cut))
        if self.cells is NULL:
            raise MemoryError
        self.width, self.separator, self.prefix = width, octets[0], prefix
        self.identifier_at, self.object_at, self.visibility_at = identifier_at, object_at, visibility_at
        self.table_of, self.known, self.refer = table_of, known, refer
        self.form, self.prepared_by, self.version, self.ttl_public_s, self.ttl_other_s, self.flag_restricted = forms
        self.tables, self.prefixes = {}, {}

    def take(self, bytes octets not None, uint64_t line, uint64_t place, Sheaf records not None, Sheaf claims not None, careful):
        cdef const uint8_t* start = <const uint8_t*><char*>octets
        cdef const uint8_t* end = start + len(octets)
        cdef const uint8_t* at = start
        cdef const uint8_t* row
        cdef const uint8_t* waiting = NULL  # where rows for the careful path begin
        cdef uint64_t waiting_line = 0, lines
        cdef Py_ssize_t kept = 0
        cdef int cut
        if self.busy:
            raise RuntimeError("rows are being taken")
        self.busy = True
        self.block += 1
        try:
            while at < end:
                row = at
                lines = 0
                cut = self.cut(&at, end, &lines)
                if cut == CUT_LOST:
                    at = end
                if cut == CUT_BLANK:
                    line += lines
                    continue
                if cut != CUT_ROW or not self.is_usual():
                    if waiting is NULL:
                        waiting, waiting_line = row, line
                    line += lines
                    continue
                if waiting is not NULL:
                    careful(waiting_line, waiting - start, row - start)
                    waiting = NULL
                self.keep(place + line, records, claims)
                kept += 1
                line += lines
            if waiting is not NULL:
                careful(waiting_line, waiting - start, end - start)
        finally:
            self.busy = False
        return kept

    cdef int cut(self, const uint8_t** position, const uint8_t* end, uint64_t* lines) except -1:
        # Cut the row at a position into its cells, and move on behind it.
        cdef const uint8_t* at = position[0]
        cdef const uint8_t* begin
        cdef const uint8_t* cell
        cdef size_t size
        cdef bint odd = False, filled = False, last = False
        cdef Py_ssize_t count = 0
        self.scratch_used = 0
        lines[0] = 1
        while not last:
            begin = at
            if at < end and at[0] == c'"':
                cell = self.unquoted(&at, end, lines, &size)
                if cell is NULL or size > USUAL_FIELD_BYTES_MAX:  # behind such a one a reader begins anew in the next line
                    return CUT_LOST
            else:
                while at < end and at[0] != self.separator and at[0] != c'\n' and at[0] != c'\r':
                    at += 1
                cell, size = begin, at - begin
            if size:
                filled = True
                odd |= cell[0] == c'\'' or size > USUAL_FIELD_BYTES_MAX
            if count < self.width:
                self.cells[count].at, self.cells[count].size = cell, size
            count += 1
            if at >= end:
                last = True
            elif at[0] == self.separator:
                at += 1
            elif at[0] == c'\n':
                at += 1
                last = True
            elif at[0] == c'\r' and at + 1 < end and at[1] == c'\n':
                at += 2
                last = True
            else:
                return CUT_LOST
        position[0] = at
        if not filled:
            return CUT_BLANK
        return CUT_ODD if odd or count != self.width else CUT_ROW

    cdef const uint8_t* unquoted(self, const uint8_t** position, const uint8_t* end, uint64_t* lines, size_t* size) except? NULL:
        # The cell in the quotes at a position; NULL where they do not end as they should.
        cdef const uint8_t* at = position[0] + 1
        cdef const uint8_t* begin = at
        cdef bint doubled = False
        cdef const uint8_t* read
        cdef uint8_t* to
        cdef uint8_t* cell
        while True:
            while at < end and at[0] != c'"':
                if at[0] == c'\r':
                    return NULL
                lines[0] += at[0] == c'\n'
                at += 1
            if at >= end:
                return NULL
            if at + 1 < end and at[1] == c'"':
                doubled = True
                at += 2
                continue
            break
        position[0] = at + 1
        size[0] = at - begin
        if not doubled:
            return begin
        if self.scratch_used + size[0] > self.scratch_room:
            if not self.is_roomy(size[0]):
                return NULL
        cell = to = self.scratch + self.scratch_used
        read = begin
        while read < at:
            to[0] = read[0]
            read += 2 if read[0] == c'"' else 1
            to += 1
        size[0] = to - cell
        self.scratch_used += size[0]
        return cell

    cdef bint is_roomy(self, size_t size) except -1:
        # Room for so much more of doubled quotes. Cells of this row that lie there stay where they are: only an empty scratch
        # can move, and one that is used already leaves the row to the careful path.
        cdef void* grown
        if self.scratch_used or size > USUAL_ROW_BYTES_MAX:
            return False
        grown = realloc(self.scratch, USUAL_ROW_BYTES_MAX)
        if grown is NULL:
            raise MemoryError
        self.scratch, self.scratch_room = <uint8_t*>grown, USUAL_ROW_BYTES_MAX
        return True

    cdef bint is_usual(self) except -1:
        # Whether the row at hand needs no closer look; then everything is ready to keep it.
        cdef Py_ssize_t number
        cdef _UsualColumn column
        cdef Cut* cell
        cdef UsualTable table
        if not self.is_named() or not self.is_of_table():
            return False
        table = self.table
        for place in table.foreign:
            if self.cells[<Py_ssize_t>place].size:
                return False
        for number in range(len(table.columns)):
            column = <_UsualColumn>PyList_GET_ITEM(table.columns, number)
            if column.place == PLACE_OF_PREFIX:
                if not column.became(self.name, self.prefix_bytes, &table.row[number]):
                    return False
                continue
            cell = &self.cells[column.place]
            if not column.became(cell.at, cell.size, &table.row[number]):
                return False
        if table.row[table.recall].learned is NULL or (<_Cell>table.row[table.recall].learned).flag < 0:
            return False
        return not self.names_itself() and self.is_in_order() and self.is_findable()

    cdef bint is_named(self) except -1:
        cdef const uint8_t* text = self.cells[self.identifier_at].at
        cdef size_t size = self.cells[self.identifier_at].size, head = 0
        cdef const uint8_t* slash
        cdef uint8_t* to
        if size == 0 or size > USUAL_NAME_BYTES_MAX or text[0] == c' ' or text[size - 1] == c' ' or not _is_printable(text, size):
            return False
        if len(self.prefix) and not self.begins_with_prefix(text, size):
            if memchr(text, c'/', size) is not NULL:
                return False
            head = len(self.prefix)
        if head + size > USUAL_NAME_BYTES_MAX:
            return False
        memcpy(self.name, <char*>self.prefix, head)
        memcpy(self.name + head, text, size)
        size += head
        slash = <const uint8_t*>memchr(self.name, c'/', size)
        if slash is NULL or slash == self.name + size - 1:
            return False
        self.name_bytes, self.prefix_bytes = size, slash - self.name
        if not self.is_known():
            return False
        size -= self.prefix_bytes + 1
        if len(self.prefix_folded) + 1 + size > ROW_KEY_BYTES_MAX:
            return False
        self.key_bytes = len(self.prefix_folded) + 1 + size
        to = self.key
        memcpy(to, <char*>self.prefix_folded, len(self.prefix_folded))
        to += len(self.prefix_folded)
        to[0] = 0
        if self.folds:
            fold_into(to + 1, slash + 1, size)
        else:
            memcpy(to + 1, slash + 1, size)
        return True

    cdef str identifier(self):
        return PyUnicode_DecodeUTF8(<const char*>self.name, self.name_bytes, NULL)

    cdef bint begins_with_prefix(self, const uint8_t* text, size_t size) noexcept:
        cdef const uint8_t* prefix = <const uint8_t*><char*>self.prefix
        cdef size_t at
        if size < <size_t>len(self.prefix):
            return False
        for at in range(len(self.prefix)):
            if text[at] != prefix[at] and (text[at] | 0x20 != prefix[at] | 0x20 or not c'a' <= text[at] | 0x20 <= c'z'):
                return False
        return True

    cdef bint is_known(self) except -1:
        # Whether the prefix of the name is one that rows may be loaded below.
        cdef bytes spelled
        if self.prefix_spelled is not None and <size_t>len(self.prefix_spelled) == self.prefix_bytes:
            if not memcmp(<char*>self.prefix_spelled, self.name, self.prefix_bytes):
                return True
        spelled = PyBytes_FromStringAndSize(<char*>self.name, self.prefix_bytes)
        known = self.prefixes.get(spelled)
        if known is None:
            known = self.known(self.identifier())
            if known is None:
                return False
            if len(self.prefixes) >= USUAL_PREFIXES_MAX:
                self.prefixes.clear()
            self.prefixes[spelled] = known
        folded, folds = known
        if folded is None or len(<bytes?>folded) > ROW_KEY_BYTES_MAX:
            return False
        self.prefix_folded, self.folds, self.prefix_spelled = folded, folds, spelled
        return True

    cdef bint is_of_table(self) except -1:
        cdef Cut* shown = &self.cells[self.visibility_at]
        cdef Cut* described = NULL
        cdef size_t size = shown.size + 1
        cdef bytes key
        cdef uint8_t* to
        if self.object_at >= 0:
            described = &self.cells[self.object_at]
            size += described.size
        if self.table is not None and <size_t>len(self.table_key) == size:
            to = <uint8_t*><char*>self.table_key
            if not memcmp(to, shown.at, shown.size) and to[shown.size] == c'\n':
                if described is NULL or not memcmp(to + shown.size + 1, described.at, described.size):
                    return True
        # With one line feed, no other pair of cells gives these octets.
        if memchr(shown.at, c'\n', shown.size) is not NULL:
            return False
        if described is not NULL and memchr(described.at, c'\n', described.size) is not NULL:
            return False
        key = PyBytes_FromStringAndSize(NULL, size)
        to = <uint8_t*><char*>key
        memcpy(to, shown.at, shown.size)
        to[shown.size] = c'\n'
        if described is not NULL:
            memcpy(to + shown.size + 1, described.at, described.size)
        if key not in self.tables:
            try:
                visibility, _, code = key.decode().partition("\n")
            except UnicodeDecodeError:
                return False
            if len(self.tables) >= USUAL_TABLES_MAX:
                self.tables.clear()
            self.tables[key] = self.table_of(code, visibility)
        table = self.tables[key]
        if table is None:
            return False
        if (<UsualTable?>table).width != self.width:
            raise ValueError("a table of other rows")
        self.table, self.table_key = table, key
        return True

    cdef bint names_itself(self) except -1:
        # Whether an edge leads from the record back to itself.
        cdef _Cell cell
        cdef uint8_t own[USUAL_NAME_BYTES_MAX]
        if not self.table.edges:
            return False
        fold_into(own, self.name, self.name_bytes)
        for number in self.table.edges:
            cell = <_Cell>self.table.row[<Py_ssize_t>number].learned
            for folded in cell.folded:
                if <size_t>len(<bytes>folded) == self.name_bytes and not memcmp(<char*>(<bytes>folded), own, self.name_bytes):
                    return True
        return False

    cdef bint is_in_order(self) except -1:
        # Whether no rule has anything to say.
        cdef Became* became
        cdef dict facts
        if not self.table.rules:
            return True
        facts = {}
        for name, number in self.table.looked_at:
            became = &self.table.row[<Py_ssize_t>number]
            if became.data is not NULL:
                facts[name] = PyUnicode_DecodeUTF8(<const char*>became.data, became.data_bytes, NULL)
            elif (<_Cell>became.learned).fact is not None:
                facts[name] = (<_Cell>became.learned).fact
        for check in self.table.rules:
            if check(facts) is not None:
                return False
        return True

    cdef bint is_findable(self) except -1:
        # Gather its second names as a stored form has them.
        cdef _UsualNaming naming
        cdef Became* became
        cdef _Cell cell
        self.names_used = self.names_count = self.claims_count = 0
        for one in self.table.namings:
            naming = <_UsualNaming>one
            became = &self.table.row[naming.number]
            if became.data is NULL and not len((<_Cell>became.learned).octets):
                continue
            if not naming.many:
                self.name_within(naming, became)
                continue
            cell = <_Cell>became.learned
            for scheme, local in cell.names:
                self.begin_name(scheme, len(<bytes>local))
                self.put_name(<const uint8_t*><char*>(<bytes>local), len(<bytes>local), False)
        return True

    cdef int name_within(self, _UsualNaming naming, Became* own) except -1:
        cdef size_t size = 0
        cdef Py_ssize_t scope
        for scope in naming.scopes:
            size += self.scope_of(scope).size + 1
        size += self.text_of(own).size
        self.begin_name(naming.scheme, size)
        if naming.unique:
            self.claim(naming.scheme, size)
        for scope in naming.scopes:
            self.put_name(self.scope_of(scope).at, self.scope_of(scope).size, True)
            self.names[self.names_used] = c'|'
            self.names_used += 1
        self.put_name(self.text_of(own).at, self.text_of(own).size, False)
        return 0

    cdef Cut text_of(self, Became* became) noexcept:
        cdef Cut text
        if became.data is not NULL:
            text.at, text.size = became.data, became.data_bytes
        else:
            text.at, text.size = <const uint8_t*><char*>(<_Cell>became.learned).text, len((<_Cell>became.learned).text)
        return text

    cdef Cut scope_of(self, Py_ssize_t number) noexcept:
        # What a name is unique in: another field, or the record's prefix. It is folded when it is put.
        cdef Cut text
        cdef Became* became
        cdef _Cell cell
        if number >= 0:
            became = &self.table.row[number]
            if became.data is not NULL:
                text.at, text.size = became.data, became.data_bytes
                return text
            cell = <_Cell>became.learned
            if cell.folded:
                text.at, text.size = <const uint8_t*><char*>(<bytes>cell.folded[0]), len(<bytes>cell.folded[0])
                return text
        text.at, text.size = self.name, self.prefix_bytes
        return text

    cdef int begin_name(self, bytes scheme, size_t size) except -1:
        cdef size_t whole = self.names_used + 1 + 5 + len(scheme) + 5 + size
        cdef void* grown
        cdef uint8_t* to
        if whole > self.names_room:
            grown = realloc(self.names, 2 * whole)
            if grown is NULL:
                raise MemoryError
            self.names, self.names_room = <uint8_t*>grown, 2 * whole
        to = self.names + self.names_used
        to[0] = 0x92
        to = _put_text_head(to + 1, len(scheme))
        memcpy(to, <char*>scheme, len(scheme))
        to = _put_text_head(to + len(scheme), size)
        self.names_used = to - self.names
        self.names_count += 1
        return 0

    cdef inline void put_name(self, const uint8_t* octets, size_t size, bint folded) noexcept:
        if folded:
            fold_into(self.names + self.names_used, octets, size)
        else:
            memcpy(self.names + self.names_used, octets, size)
        self.names_used += size

    cdef int claim(self, bytes scheme, size_t size) except -1:
        cdef void* grown
        cdef Claim* claim
        if self.claims_count == self.claims_room:
            grown = realloc(self.claims, (self.claims_room + 8) * sizeof(Claim))
            if grown is NULL:
                raise MemoryError
            self.claims = <Claim*>grown
            self.claims_room += 8
        claim = &self.claims[self.claims_count]
        claim.scheme, claim.scheme_bytes = <const uint8_t*><char*>scheme, len(scheme)  # the naming keeps it
        claim.at, claim.size = self.names_used, size
        self.claims_count += 1
        return 0

    cdef int keep(self, uint64_t place, Sheaf records, Sheaf claims) except -1:
        cdef UsualTable table = self.table
        cdef size_t public_bytes = 4, restricted_bytes = 4, size, rest_bytes
        cdef uint32_t public = 0, restricted = 0
        cdef Py_ssize_t number
        cdef Became* became
        cdef uint8_t form = self.form
        cdef uint8_t* begin
        cdef uint8_t* to
        for number in range(len(table.columns)):
            became = &table.row[number]
            size = became.size + ((4 + became.data_bytes + VALUE_TAIL_BYTES) if became.data is not NULL else 0)
            if number < table.public:
                public_bytes += size
                public += size > 0
            else:
                restricted_bytes += size
                restricted += size > 0
        rest_bytes = RECORD_HEAD_BYTES + public_bytes
        if restricted:
            form |= FORM_RESTRICTED
            rest_bytes += 4 + restricted_bytes
        if not self.is_spelled():
            form |= FORM_SPELLING
            rest_bytes += 2 + self.name_bytes
        if self.names_count:
            form |= FORM_ALIASES
            rest_bytes += (1 if self.names_count < 16 else 3 if self.names_count < 65536 else 5) + self.names_used
        size = 1 + packed_head_bytes(self.key_bytes) + self.key_bytes + PACKED_NUMBER_BYTES + packed_head_bytes(rest_bytes) + rest_bytes
        begin = to = records.reserve(size)
        to[0] = 0x93
        to = put_packed_octets(to + 1, self.key, self.key_bytes)
        to = put_packed_number(to, place)
        to = put_packed_head(to, 0xc4, 0xc6, rest_bytes)
        memset(to, 0, RECORD_HEAD_BYTES)  # its position among them
        to[0] = form
        to[1] = (<_Cell>table.row[table.recall].learned).flag | (self.flag_restricted if restricted else 0)
        set_u16(to + 2, self.prepared_by)
        set_u64(to + 4, self.version)
        set_u32(to + 32, self.ttl_public_s if public else self.ttl_other_s)
        set_u32(to + 44, <uint32_t>public_bytes)
        to = self.put_values(to + RECORD_HEAD_BYTES, 0, table.public, public)
        if restricted:
            set_u32(to, <uint32_t>restricted_bytes)
            to = self.put_values(to + 4, table.public, len(table.columns), restricted)
        if form & FORM_SPELLING:
            set_u16(to, <uint16_t>self.name_bytes)
            memcpy(to + 2, self.name, self.name_bytes)
            to += 2 + self.name_bytes
        if form & FORM_ALIASES:
            to = self.put_names(to)
        assert to == begin + size, "a row was measured before it was written"
        records.keep(size)
        self.keep_claims(place, claims)
        self.keep_references(place)
        return 0

    cdef uint8_t* put_values(self, uint8_t* to, Py_ssize_t first, Py_ssize_t end, uint32_t count) noexcept:
        cdef Py_ssize_t number
        cdef Became* became
        set_u32(to, count)
        to += 4
        for number in range(first, end):
            became = &self.table.row[number]
            memcpy(to, became.octets, became.size)
            to += became.size
            if became.data is not NULL:
                set_u32(to, <uint32_t>became.data_bytes)
                memcpy(to + 4, became.data, became.data_bytes)
                to += 4 + became.data_bytes
                set_u32(to, 0)
                to += VALUE_TAIL_BYTES
        return to

    cdef uint8_t* put_names(self, uint8_t* to) noexcept:
        if self.names_count < 16:
            to[0] = 0x90 | <uint8_t>self.names_count
            to += 1
        elif self.names_count < 65536:
            to[0] = 0xdc
            set_u16(to + 1, <uint16_t>self.names_count)
            to += 3
        else:
            to[0] = 0xdd
            set_u32(to + 1, <uint32_t>self.names_count)
            to += 5
        memcpy(to, self.names, self.names_used)
        return to + self.names_used

    cdef bint is_spelled(self) noexcept:
        # Whether the key says how the identifier is spelled.
        return (
            self.name_bytes == self.key_bytes
            and not memcmp(self.key, self.name, self.prefix_bytes)
            and not memcmp(self.key + self.prefix_bytes + 1, self.name + self.prefix_bytes + 1, self.name_bytes - self.prefix_bytes - 1)
        )

    cdef int keep_claims(self, uint64_t place, Sheaf claims) except -1:
        cdef Py_ssize_t number
        cdef Claim* claim
        cdef size_t size
        cdef uint8_t* to
        for number in range(self.claims_count):
            claim = &self.claims[number]
            size = 1 + packed_head_bytes(claim.scheme_bytes) + claim.scheme_bytes + packed_head_bytes(claim.size) + claim.size
            size += PACKED_NUMBER_BYTES + packed_head_bytes(self.key_bytes) + self.key_bytes
            to = claims.reserve(size)
            to[0] = 0x94
            to = put_packed_text(to + 1, claim.scheme, claim.scheme_bytes)
            to = put_packed_text(to, self.names + claim.at, claim.size)
            to = put_packed_number(to, place)
            put_packed_octets(to, self.key, self.key_bytes)
            claims.keep(size)
        return 0

    cdef int keep_references(self, uint64_t place) except -1:
        cdef _Cell cell
        for number, field in self.table.references:
            cell = <_Cell>self.table.row[<Py_ssize_t>number].learned
            if len(cell.cell) and cell.told != self.block:
                cell.told = self.block
                self.refer(place, field, cell.cell.decode(), self.identifier())
        return 0
