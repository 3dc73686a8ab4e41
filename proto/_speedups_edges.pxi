# The edges that records of pilots declare, derived where every field of one is plain: ASCII, one reference and no list, times
# in full. `registry/trace/records.py` and `fields.py` say what is derived, `rows.py` how it lies, and all else is left to them.

cdef extern from "<string.h>" nogil:
    void* memmem(const void* octets, size_t size, const void* sought, size_t sought_bytes)

cdef enum:
    EDGE_FIELDS_MAX = 64
    EDGE_RULES_MAX = 16
    EDGE_PARTS_MAX = 4
    EDGE_NAME_BYTES_MAX = 190  # longer ones are hashed
    EDGE_PLANS_MAX = 1024
    EDGE_PREFIXES_MAX = 65536
    EDGE_TAIL_BYTES = 16
    EDGE_KEY_BYTES_MAX = 512
    EDGE_ROW_BYTES_MAX = 512
    EDGE_LABELS_MAX = 16
    NO_FIELD = -1
    ITSELF = -2  # the child is the thing that the record describes
    EDGE_TEMPLATE_TYPE_BYTES = 15
    INDEX_TEMPLATE_ID = 1000
    SLOT_BEARER = 15
    SLOT_FACTOR = 16
    VALUE_MARK_OFF = 0x20
    IS_ODD = -1

cdef uint64_t TIME_BIAS = 0x8000000000000000ULL
cdef int64_t BEGINNING_MS = -(<int64_t>1 << 62)
cdef const char* _TEMPLATE_TYPE = b"\0\0\0\x0bTEMPLATE_ID"

cdef struct EdgeText:
    const uint8_t* at
    size_t size
    bint held

cdef struct EdgeName:
    size_t size
    uint8_t octets[EDGE_NAME_BYTES_MAX + 2]

# What one field declares; numbers are places in the fields of the plan.
cdef struct EdgeRule:
    const uint8_t* name
    size_t name_bytes
    const uint8_t* scheme
    size_t scheme_bytes
    uint8_t up
    uint8_t down
    bint namesake  # what bears only the number of this thing belongs to it
    bint always  # holds from the beginning where nothing says since when
    int text
    int start
    int end
    int child
    int when[EDGE_PARTS_MAX]
    int when_count
    int within[EDGE_PARTS_MAX]
    int within_count


cdef int _places(tuple given, int* places, int fields) except -1:
    cdef int number = 0
    if given is None or len(given) > EDGE_PARTS_MAX:
        raise ValueError("a rule of edges has too many parts")
    for place in given:
        places[number] = _place(place, fields)
        number += 1
    return number


cdef int _place(place, int fields) except? -9:
    cdef int number = place
    if not ITSELF <= number < fields:
        raise ValueError("a rule of edges names no field of its plan")
    return number


cdef class _EdgePlan:
    cdef list held  # what the pointers point to
    cdef uint32_t last_index
    cdef int fields
    cdef int rules
    cdef int alternatives
    cdef int vehicle
    cdef int part
    cdef int factor[EDGE_PARTS_MAX]
    cdef int factors
    cdef const uint8_t* kinds[EDGE_PARTS_MAX]
    cdef size_t kind_bytes[EDGE_PARTS_MAX]
    cdef int times[2 * EDGE_PARTS_MAX]
    cdef int time_count
    cdef uint32_t indexes[EDGE_FIELDS_MAX]
    cdef const uint8_t* names[EDGE_FIELDS_MAX]
    cdef size_t name_bytes[EDGE_FIELDS_MAX]
    cdef EdgeRule rule[EDGE_RULES_MAX]

    def __cinit__(self, tuple given not None):
        cdef bytes name, scheme
        cdef EdgeRule* rule
        cdef tuple fields, rules, factors, times
        self.last_index, fields, rules, factors, times, alternatives, vehicle, part = given
        if fields is None or rules is None or factors is None or times is None:
            raise TypeError("a plan of edges lacks a part")
        if (
            len(fields) > EDGE_FIELDS_MAX or len(rules) > EDGE_RULES_MAX
            or len(factors) > EDGE_PARTS_MAX or len(times) > 2 * EDGE_PARTS_MAX
        ):
            raise ValueError("a plan of edges has too many parts")
        self.held = []
        for index, name in fields:
            if name is None:
                raise TypeError("a field has no name")
            self.held.append(name)
            self.indexes[self.fields] = index
            self.names[self.fields] = <const uint8_t*><char*>name
            self.name_bytes[self.fields] = len(name)
            self.fields += 1
        self.alternatives = _place(alternatives, self.fields)
        self.vehicle, self.part = _place(vehicle, self.fields), _place(part, self.fields)
        for name, place in factors:
            if name is None:
                raise TypeError("a factor has no name")
            self.held.append(name)
            self.kinds[self.factors], self.kind_bytes[self.factors] = <const uint8_t*><char*>name, len(name)
            self.factor[self.factors] = _place(place, self.fields)
            self.factors += 1
        for place in times:
            self.times[self.time_count] = _place(place, self.fields)
            self.time_count += 1
        for name, scheme, up, down, namesake, always, text, start, end, child, when, within in rules:
            if name is None or scheme is None:
                raise TypeError("a rule of edges has no name")
            self.held += name, scheme
            rule = self.rule + self.rules
            rule.name, rule.name_bytes = <const uint8_t*><char*>name, len(name)
            rule.scheme, rule.scheme_bytes = <const uint8_t*><char*>scheme, len(scheme)
            rule.up, rule.down, rule.namesake, rule.always = up, down, namesake, always
            rule.text, rule.start = _place(text, self.fields), _place(start, self.fields)
            rule.end, rule.child = _place(end, self.fields), _place(child, self.fields)
            rule.when_count = _places(when, rule.when, self.fields)
            rule.within_count = _places(within, rule.within, self.fields)
            self.rules += 1


cdef bint _is_ascii(const uint8_t* at, size_t size) noexcept nogil:
    # And without the octet that ends a name.
    cdef size_t number
    for number in range(size):
        if at[number] >= 0x80 or at[number] == 0:
            return False
    return True


cdef bint _is_plain_prefix(const uint8_t* at, size_t size) noexcept nogil:
    # Begins with a digit, so that it is no scheme of a URI; only letters, digits and dots; not that of prefixes themselves.
    cdef size_t number, label = 0, labels = 1
    if size == 0 or not 0x30 <= at[0] <= 0x39:
        return False
    for number in range(size):
        if at[number] == 0x2e:
            if label == 0:
                return False
            label = 0
            labels += 1
        elif 0x30 <= at[number] <= 0x39 or 0x41 <= at[number] & 0xdf <= 0x5a:
            label += 1
        else:
            return False
    if size == 4 and at[0] == 0x30 and at[1] == 0x2e and at[2] & 0xdf == 0x4e and at[3] & 0xdf == 0x41:
        return False
    return label > 0 and labels <= EDGE_LABELS_MAX


cdef int _digits(const uint8_t* at, int count) noexcept nogil:
    cdef int number, value = 0
    for number in range(count):
        if not 0x30 <= at[number] <= 0x39:
            return -1
        value = 10 * value + at[number] - 0x30
    return value


cdef int64_t _days(int year, int month, int day) noexcept nogil:
    # Since 1970, or the largest number where there is no such day. Counted from March, so that a leap day is the last of its year.
    cdef int leap, length
    if year < 1 or not 1 <= month <= 12 or day < 1:
        return 0x7fffffffffffffffLL
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    length = 28 + leap if month == 2 else 30 if month in (4, 6, 9, 11) else 31
    if day > length:
        return 0x7fffffffffffffffLL
    if month <= 2:
        year -= 1
        month += 12
    return 365 * <int64_t>year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 1 - 719468


cdef int _moment(const EdgeText* text, int64_t* ms) noexcept nogil:
    # Unix time in milliseconds of `2026-03-01`, `2026-03-01T08:00:00Z` or `…+08:00`: 1; 0 where nothing stands, IS_ODD for others.
    cdef const uint8_t* at = text.at
    cdef int hour, minute, second, away = 0
    cdef int64_t days
    if text.size == 0:
        return 0
    if text.size < 10 or at[4] != 0x2d or at[7] != 0x2d:
        return IS_ODD
    days = _days(_digits(at, 4), _digits(at + 5, 2), _digits(at + 8, 2))
    if days == 0x7fffffffffffffffLL:
        return IS_ODD
    ms[0] = 86400000 * days
    if text.size == 10:
        return 1
    if text.size < 20 or at[10] != 0x54 or at[13] != 0x3a or at[16] != 0x3a:
        return IS_ODD
    hour, minute, second = _digits(at + 11, 2), _digits(at + 14, 2), _digits(at + 17, 2)
    if not 0 <= hour < 24 or not 0 <= minute < 60 or not 0 <= second < 60:
        return IS_ODD
    ms[0] += 1000 * (3600 * hour + 60 * minute + second)
    if text.size == 20 and at[19] == 0x5a:
        return 1
    if text.size != 25 or at[22] != 0x3a or (at[19] != 0x2b and at[19] != 0x2d):
        return IS_ODD
    hour, minute = _digits(at + 20, 2), _digits(at + 23, 2)
    if not 0 <= hour < 24 or not 0 <= minute < 60:
        return IS_ODD
    away = 60000 * (60 * hour + minute)
    ms[0] += away if at[19] == 0x2d else -away
    return 1


cdef int _template_in(const uint8_t* at, size_t size, const uint8_t** template, size_t* template_bytes) noexcept nogil:
    # 1: what follows the first type that looks like a template's; 0: there is none; IS_ODD.
    cdef const uint8_t* found = NULL
    if at is not NULL:
        found = <const uint8_t*>memmem(at, size, _TEMPLATE_TYPE, EDGE_TEMPLATE_TYPE_BYTES)
    if found is NULL:
        return 0
    found += EDGE_TEMPLATE_TYPE_BYTES
    size -= found - at
    if size < 4 or get_u32(found) == 0 or get_u32(found) > size - 4:
        return IS_ODD
    template[0] = found + 4
    template_bytes[0] = get_u32(found)
    return 1


cdef inline void _set_time(uint8_t* to, int64_t ms) noexcept nogil:
    set_u64(to, <uint64_t>ms + TIME_BIAS)


cdef inline uint8_t* _name_key(uint8_t* to, const EdgeName* name) noexcept nogil:
    memcpy(to, name.octets, name.size)
    to[name.size] = 0
    return to + name.size + 1


cdef bint _append(EdgeName* name, const uint8_t* at, size_t size, bint folded) noexcept nogil:
    # Whether it fits, and is ASCII.
    if size > EDGE_NAME_BYTES_MAX - name.size or not _is_ascii(at, size):
        return False
    if folded:
        fold_into(name.octets + name.size, at, size)
    else:
        memcpy(name.octets + name.size, at, size)
    name.size += size
    return True


cdef inline size_t _holder_bytes(const EdgeName* thing) noexcept nogil:
    return <const uint8_t*>memchr(thing.octets, 0x2f, thing.size) - thing.octets


cdef class EdgeMaker:
    cdef object plan_of
    cdef object folds
    cdef int64_t now_ms
    cdef dict plans
    cdef dict folding
    cdef bytes template
    cdef _EdgePlan plan
    cdef EdgeName last  # the prefix that was asked for last
    cdef bint last_folds
    cdef EdgeText texts[EDGE_FIELDS_MAX]
    cdef bint named  # the template was among the values
    cdef readonly SealedRows rows
    cdef readonly SealedRows loose

    def __cinit__(self, plan_of, folds, int64_t now_ms):
        self.plan_of = plan_of
        self.folds = folds
        self.now_ms = now_ms
        self.plans = {}
        self.folding = {}
        self.rows = SealedRows(b"edge\0")
        self.loose = SealedRows(b"")

    cdef bint take(self, bytes key, const uint8_t* rest, size_t size, StoredParts* parts) except -1:
        # Put the edges of a record; False where it is for the careful way, and nothing was put.
        if memmem(rest, size, _TEMPLATE_TYPE + 4, EDGE_TEMPLATE_TYPE_BYTES - 4) is NULL:
            return True
        cdef size_t rows = self.rows.count, end = self.rows.end, loose = self.loose.count, loose_end = self.loose.end
        cdef const uint8_t* template
        cdef size_t template_bytes
        cdef int found = _template_in(parts.public, parts.public_bytes, &template, &template_bytes)
        cdef EdgeName thing
        if found == 0:
            found = _template_in(parts.restricted, parts.restricted_bytes, &template, &template_bytes)
        if found != 1:
            return False
        self.look_up(template, template_bytes)
        if self.plan is None:
            return False
        memset(self.texts, 0, sizeof(self.texts))
        if not self.read_fields(parts) or self.says(self.plan.alternatives) or self.name_thing(key, parts, &thing) != 1:
            return False
        cdef int number
        cdef bint plain = self.put_factors(&thing)
        for number in range(self.plan.rules):
            plain = plain and self.follow(self.plan.rule + number, &thing)
        if not plain:
            self.rows.count, self.rows.end, self.loose.count, self.loose.end = rows, end, loose, loose_end
        return plain

    cdef int look_up(self, const uint8_t* template, size_t size) except -1:
        # Make the plan of a template the one at hand.
        if self.template is not None and <size_t>len(self.template) == size and not memcmp(<char*>self.template, template, size):
            return 0
        cdef bytes name = PyBytes_FromStringAndSize(<const char*>template, size)
        if name not in self.plans:
            if len(self.plans) >= EDGE_PLANS_MAX:
                self.plans.clear()
            given = self.plan_of(name)
            self.plans[name] = None if given is None else _EdgePlan(given)
        self.plan = self.plans[name]
        self.template = name
        return 0

    cdef bint read_fields(self, StoredParts* parts) noexcept:
        # Find the texts of the plan's fields; whether each lies under its name, below the template that was seen first.
        self.named = False
        return (
            self.read_array(parts.public, parts.public_bytes)
            and (parts.restricted is NULL or self.read_array(parts.restricted, parts.restricted_bytes))
            and self.named
        )

    cdef bint read_array(self, const uint8_t* at, size_t size) noexcept:
        cdef const uint8_t* end = at + size
        cdef const uint8_t* kind
        cdef const uint8_t* data
        cdef uint64_t kind_bytes, data_bytes
        cdef uint32_t count, number, index
        cdef int field = 0
        if size < 4:
            return False
        count = get_u32(at)
        at += 4
        for number in range(count):
            if end - at < VALUE_HEAD_BYTES:
                return False
            index = get_u32(at)
            if index > self.plan.last_index:
                break
            kind = at + VALUE_HEAD_BYTES
            kind_bytes = get_u32(kind - 4)
            if <uint64_t>(end - kind) < kind_bytes + 8:
                return False
            data = kind + kind_bytes + 4
            data_bytes = get_u32(data - 4)
            if <uint64_t>(end - data) < data_bytes + 4 or get_u32(data + data_bytes):
                return False
            if index >= INDEX_TEMPLATE_ID and not at[13] & VALUE_MARK_OFF:
                if index == INDEX_TEMPLATE_ID:
                    if data_bytes != <uint64_t>len(self.template) or memcmp(data, <char*>self.template, data_bytes):
                        return False
                    self.named = True
                if field and self.plan.indexes[field - 1] >= index:
                    field = 0
                while field < self.plan.fields and self.plan.indexes[field] < index:
                    field += 1
                if field < self.plan.fields and self.plan.indexes[field] == index:
                    if kind_bytes != self.plan.name_bytes[field] or memcmp(kind, self.plan.names[field], kind_bytes):
                        return False
                    self.texts[field].at = data
                    self.texts[field].size = data_bytes
                    self.texts[field].held = True
            at = data + data_bytes + 4
        return True

    cdef inline bint says(self, int field) noexcept:
        return field >= 0 and self.texts[field].size == 4 and not memcmp(self.texts[field].at, b"true", 4)

    cdef bint folds_below(self, const uint8_t* prefix, size_t size) except -1:
        cdef bytes name
        if self.last.size == size and not memcmp(self.last.octets, prefix, size):
            return self.last_folds
        name = PyBytes_FromStringAndSize(<const char*>prefix, size)
        if name not in self.folding:
            if len(self.folding) >= EDGE_PREFIXES_MAX:
                self.folding.clear()
            self.folding[name] = bool(self.folds(name.decode()))
        self.last_folds = self.folding[name]
        self.last.size = size
        memcpy(self.last.octets, prefix, size)
        return self.last_folds

    cdef int spell(self, const uint8_t* at, size_t size, EdgeName* name) except -2:
        # A reference in the one spelling: 1; 0 for a bare number, IS_ODD for what needs a parser.
        cdef const uint8_t* slash = NULL
        cdef size_t prefix_bytes, number
        if size:
            slash = <const uint8_t*>memchr(at, 0x2f, size)
        if slash is NULL:
            return IS_ODD if size and memchr(at, 0x3a, size) is not NULL else 0
        prefix_bytes = slash - at
        if size > EDGE_NAME_BYTES_MAX or size == prefix_bytes + 1 or not _is_plain_prefix(at, prefix_bytes):
            return IS_ODD
        for number in range(prefix_bytes + 1, size):
            if not 0x21 <= at[number] <= 0x7e:
                return IS_ODD
        fold_into(name.octets, at, prefix_bytes)
        if self.folds_below(name.octets, prefix_bytes):
            fold_into(name.octets + prefix_bytes, slash, size - prefix_bytes)
        else:
            memcpy(name.octets + prefix_bytes, slash, size - prefix_bytes)
        name.size = size
        return 1

    cdef int name_thing(self, bytes key, StoredParts* parts, EdgeName* thing) except -2:
        cdef uint8_t identifier[EDGE_NAME_BYTES_MAX]
        cdef size_t size = len(key)
        cdef void* zero
        if parts.spelling is not NULL:
            return self.spell(parts.spelling, parts.spelling_bytes, thing)
        if size > EDGE_NAME_BYTES_MAX:
            return IS_ODD
        memcpy(identifier, <char*>key, size)
        zero = memchr(identifier, 0, size)
        if zero is NULL or memchr(identifier, 0x2f, <uint8_t*>zero - identifier) is not NULL:
            return IS_ODD
        (<uint8_t*>zero)[0] = 0x2f
        return self.spell(identifier, size, thing)

    cdef bint name_number(self, EdgeRule* rule, const EdgeName* thing, EdgeName* name) noexcept:
        # What a bare number stands for: `heatNo:88.118.21/ORG.MILL|24H0315`; whether it is plain.
        cdef int at
        cdef EdgeText* text
        cdef bint plain
        name.size = 0
        plain = _append(name, rule.scheme, rule.scheme_bytes, False) and _append(name, b":", 1, False)
        for at in range(rule.within_count):
            text = self.texts + rule.within[at] if rule.within[at] >= 0 else NULL
            plain = plain and (at == 0 or _append(name, b"|", 1, False))
            if text is not NULL and text.held:
                plain = plain and _append(name, text.at, text.size, True)
            else:
                plain = plain and _append(name, thing.octets, _holder_bytes(thing), True)
        text = self.texts + rule.text
        return plain and _append(name, b"|", 1, False) and _append(name, text.at, text.size, True)

    cdef int moment_of(self, int field, int64_t* ms) noexcept:
        return _moment(self.texts + field, ms) if field >= 0 else 0

    cdef bint follow(self, EdgeRule* rule, const EdgeName* thing) except -1:
        # Put the edge that a field declares, if it does; False where that is for the careful way.
        cdef EdgeName child, parent
        cdef int64_t begun = 0, ended = 0
        cdef int at, since, until, found
        if rule.text < 0 or self.texts[rule.text].size == 0:
            return True
        cdef EdgeText* text = self.texts + rule.text
        if rule.namesake:
            return self.name_number(rule, thing, &child) and self.put_edge(rule, thing, &child, thing, BEGINNING_MS, 0)
        for at in range(rule.when_count):
            if not self.says(rule.when[at]):
                return True
        if rule.child == ITSELF:
            child = thing[0]
        else:
            found = 0 if rule.child < 0 else self.spell(self.texts[rule.child].at, self.texts[rule.child].size, &child)
            if found != 1:
                return found == 0
        since, until = self.moment_of(rule.start, &begun), self.moment_of(rule.end, &ended)
        found = self.spell(text.at, text.size, &parent)
        if since == IS_ODD or until == IS_ODD or found == IS_ODD or text.at[0] == 0x5b or (until and ended <= 0):
            return False  # of what ended in 1970 or before too: 0 says below that it still holds
        if since == 0:
            begun = BEGINNING_MS if rule.always else self.now_ms
        if found == 0:
            if rule.scheme_bytes == 0:
                return True
            if not self.name_number(rule, thing, &parent):
                return False
        if child.size == parent.size and not memcmp(child.octets, parent.octets, child.size):
            return True
        return self.put_edge(rule, thing, &child, &parent, begun, ended if until and ended > begun else 0)

    cdef bint put_edge(
        self, EdgeRule* rule, const EdgeName* thing, const EdgeName* child, const EdgeName* parent, int64_t begun, int64_t ended
    ) except -1:
        # Both rows of an edge; `ended` 0: it still holds.
        cdef uint8_t key[EDGE_KEY_BYTES_MAX]
        cdef uint8_t row[EDGE_ROW_BYTES_MAX]
        cdef uint8_t tail[EDGE_TAIL_BYTES]
        cdef uint8_t* at
        cdef Blake state
        cdef uint64_t tag
        cdef int way
        cdef const EdgeName* one
        cdef const EdgeName* other
        blake_begin(&state)
        blake_take(&state, thing.octets, thing.size)
        blake_take(&state, b" ", 1)
        blake_take(&state, rule.name, rule.name_bytes)
        tag = blake_end(&state)
        _set_time(tail, self.now_ms)
        memcpy(tail + 8, &tag, 8)
        row[0] = 0x94 if ended else 0x93
        row[1] = 0
        at = _pack_text(_pack_text(row + 2, thing.octets, thing.size), thing.octets, _holder_bytes(thing))
        if ended:
            at = _pack_number(at, ended)
        cdef size_t row_bytes = at - row
        for way in range(2):
            one, other = (parent, child) if way else (child, parent)
            at = _name_key(key, one)
            at[0] = rule.down if way else rule.up
            _set_time(at + 1, begun)
            at = _name_key(at + 9, other)
            memcpy(at, tail, EDGE_TAIL_BYTES)
            self.rows.put(key, at + EDGE_TAIL_BYTES - key, row, row_bytes)
        return True

    cdef bint put_factors(self, const EdgeName* thing) except -1:
        # Put what a record says it shares with others; False where that is for the careful way.
        cdef EdgeName part, name
        cdef int64_t since = BEGINNING_MS
        cdef int at, found = 0
        cdef bint shared = False
        cdef EdgeText* text
        for at in range(self.plan.factors):
            shared = shared or (self.plan.factor[at] >= 0 and self.texts[self.plan.factor[at]].size > 0)
        if not shared:
            return True
        for at in range(self.plan.time_count):
            if found == 0:
                found = self.moment_of(self.plan.times[at], &since)
        if found == IS_ODD:
            return False
        part.size = 0
        if self.plan.vehicle >= 0 and self.texts[self.plan.vehicle].held and self.plan.part >= 0:
            found = self.spell(self.texts[self.plan.part].at, self.texts[self.plan.part].size, &part)
            if found == IS_ODD:
                return False
        for at in range(self.plan.factors):
            text = self.texts + self.plan.factor[at]
            if self.plan.factor[at] < 0 or text.size == 0:
                continue
            found = self.spell(text.at, text.size, &name)
            if found == IS_ODD or text.at[0] == 0x5b:
                return False
            if found == 0:
                name.size = 0
                if not (
                    _append(&name, thing.octets, _holder_bytes(thing), False)
                    and _append(&name, b"|", 1, False)
                    and _append(&name, text.at, text.size, False)
                ):
                    return False
            if self.plan.kind_bytes[at] + 1 + name.size > EDGE_NAME_BYTES_MAX:
                return False
            self.put_factor(thing, at, &name, since)
            if part.size:
                self.put_factor(&part, at, &name, since)
        return True

    cdef int put_factor(self, const EdgeName* bearer, int at, const EdgeName* name, int64_t since) except -1:
        # Both rows of a factor: under it, and under what has it.
        cdef uint8_t key[EDGE_KEY_BYTES_MAX]
        cdef uint8_t row[EDGE_ROW_BYTES_MAX]
        cdef uint8_t* to
        cdef Blake state
        cdef uint64_t tag
        cdef EdgeName factor
        factor.size = 0
        _append(&factor, self.plan.kinds[at], self.plan.kind_bytes[at], False)
        _append(&factor, b" ", 1, False)
        _append(&factor, name.octets, name.size, False)
        blake_begin(&state)
        blake_take(&state, bearer.octets, bearer.size)
        tag = blake_end(&state)
        to = _name_key(key, &factor)
        to[0] = SLOT_BEARER
        _set_time(to + 1, since)
        memcpy(to + 9, &tag, 8)
        set_u32(to + 17, 0)
        row[0] = 0x91
        self.loose.put(key, to + 21 - key, row, _pack_text(row + 1, bearer.octets, bearer.size) - row)
        to = _name_key(key, bearer)
        to[0] = SLOT_FACTOR
        to = _name_key(to + 1, &factor)
        _set_time(to, since)
        row[0] = 0x92
        self.loose.put(
            key, to + 8 - key, row,
            _pack_text(_pack_text(row + 1, self.plan.kinds[at], self.plan.kind_bytes[at]), name.octets, name.size) - row,
        )
        return 0
