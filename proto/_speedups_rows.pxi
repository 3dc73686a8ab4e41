# New records on their way to the disk: each sealed in its stored form, with the journal entry that tells of it.
# `registry/store/new_records.py` says what is stored, and is the plain twin.
#
# Everything is laid out first; then the digests are computed without the interpreter's lock, which is two thirds of the work.

from cpython.object cimport PyObject, PyTypeObject
from cpython.tuple cimport PyTuple_Check, PyTuple_GET_ITEM, PyTuple_GET_SIZE
from cpython.unicode cimport PyUnicode_AsUTF8AndSize

cdef enum:
    RECORD_HEAD_BYTES = 48  # of its stored form, behind the digest
    ENTRY_HEAD_BYTES = 22  # of a journal entry, likewise
    POSITION_BYTES = 20
    ROW_KEY_BYTES_MAX = 480
    ROW_BYTES_MAX = 16777216  # far above what a record may have; below what the stored form can count
    ACTOR_BYTES_MAX = 65535
    FORM_RESTRICTED = 0x10
    FORM_SPELLING = 0x20
    FORM_ALIASES = 0x40

# One new record: where its parts lie in the objects that will hold them.
cdef struct NewRow:
    const uint8_t* key
    uint8_t* value
    uint8_t* place
    uint8_t* row
    size_t key_bytes
    size_t value_bytes
    size_t head_bytes  # of the row, before the value that is its end


cdef inline void set_u64(uint8_t* at, uint64_t number) noexcept nogil:
    set_u32(at, <uint32_t>(number >> 32))
    set_u32(at + 4, <uint32_t>number)


cdef inline bint _is_printable(const uint8_t* octets, Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t at
    for at in range(size):
        if octets[at] < 0x20 or octets[at] > 0x7e:
            return False
    return True


cdef uint64_t _seal_row(NewRow* new) noexcept nogil:
    # Fill in both digests and the value's copy in the journal; the first digest as a number.
    cdef Blake state
    cdef uint64_t seal, entry_seal
    blake_begin(&state)
    blake_take(&state, b"record\0", 7)
    blake_take(&state, new.key, new.key_bytes)
    blake_take(&state, new.value + SEAL_BYTES, new.value_bytes - SEAL_BYTES)
    seal = blake_end(&state)
    memcpy(new.value, &seal, SEAL_BYTES)
    memcpy(new.row + new.head_bytes, new.value, new.value_bytes)
    blake_begin(&state)
    blake_take(&state, b"journal\0", 8)
    blake_take(&state, new.place, POSITION_BYTES)
    blake_take(&state, new.row + SEAL_BYTES, new.head_bytes + new.value_bytes - SEAL_BYTES)
    entry_seal = blake_end(&state)
    memcpy(new.row, &entry_seal, SEAL_BYTES)
    return be64toh(seal)


cdef class _NewRecords:
    # What is the same for all records of one call.
    cdef bytes spelled  # the prefix with its slash
    cdef bytes prefix
    cdef bint folds
    cdef bytes actor
    cdef uint32_t epoch
    cdef uint64_t hi
    cdef uint64_t lo
    cdef uint64_t time_ms
    cdef uint8_t form
    cdef uint8_t kind
    cdef uint16_t prepared_by
    cdef bytes template

    cdef bytes key_of(self, const uint8_t* name, Py_ssize_t size):
        # None: not below this prefix, or for a parser to judge.
        cdef Py_ssize_t head = len(self.spelled), prefix_bytes = len(self.prefix)
        cdef Py_ssize_t suffix_bytes = size - head
        if not 0 < suffix_bytes <= 256 or prefix_bytes + 1 + suffix_bytes > ROW_KEY_BYTES_MAX:
            return None
        if memcmp(name, <char*>self.spelled, head) or not _is_printable(name + head, suffix_bytes):
            return None
        cdef bytes key = PyBytes_FromStringAndSize(NULL, prefix_bytes + 1 + suffix_bytes)
        cdef uint8_t* at = <uint8_t*><char*>key
        memcpy(at, <char*>self.prefix, prefix_bytes)
        at[prefix_bytes] = 0
        if self.folds:
            fold_into(at + prefix_bytes + 1, name + head, suffix_bytes)
        else:
            memcpy(at + prefix_bytes + 1, name + head, suffix_bytes)
        return key

    cdef bint is_spelled(self, bytes key, const uint8_t* name, Py_ssize_t size):
        # Whether a key says how its identifier is spelled.
        cdef Py_ssize_t prefix_bytes = len(self.prefix)
        cdef const uint8_t* at = <const uint8_t*><char*>key
        return (
            size == len(key)
            and not memcmp(at, name, prefix_bytes)
            and not memcmp(at + prefix_bytes + 1, name + prefix_bytes + 1, size - prefix_bytes - 1)
        )

    cdef tuple lay_out(self, record, uint64_t lo, NewRow* new):
        # The key, value, place and row of a record, without their digests; None when it is not for this way.
        cdef bytes public, restricted, key, value, place, row
        cdef Py_ssize_t size, tail = 0
        cdef uint8_t form = self.form
        cdef str identifier = record.identifier
        public, restricted = record.public, record.restricted
        cdef unsigned int flags = record.flags
        if (flags & ~4u) or record.aliases or self.template in public or self.template in restricted:
            return None
        if not identifier.isascii() or len(public) + len(restricted) > ROW_BYTES_MAX:
            return None
        cdef const uint8_t* name = <const uint8_t*>PyUnicode_AsUTF8AndSize(identifier, &size)
        key = self.key_of(name, size)
        if key is None:
            return None
        if len(restricted) != 4 or get_u32(<const uint8_t*><char*>restricted):
            form |= FORM_RESTRICTED
            tail += 4 + len(restricted)
        if not self.is_spelled(key, name, size):
            form |= FORM_SPELLING
            tail += 2 + size
        new.key_bytes = len(key)
        new.value_bytes = SEAL_BYTES + RECORD_HEAD_BYTES + len(public) + tail
        new.head_bytes = SEAL_BYTES + ENTRY_HEAD_BYTES + len(key) + len(self.actor)
        value = PyBytes_FromStringAndSize(NULL, new.value_bytes)
        place = PyBytes_FromStringAndSize(NULL, POSITION_BYTES)
        row = PyBytes_FromStringAndSize(NULL, new.head_bytes + new.value_bytes)
        new.key = <const uint8_t*><char*>key
        new.value = <uint8_t*><char*>value
        new.place = <uint8_t*><char*>place
        new.row = <uint8_t*><char*>row

        cdef uint8_t* at = new.place
        set_u32(at, self.epoch)
        set_u64(at + 4, self.hi)
        set_u64(at + 12, lo)
        at = new.value + SEAL_BYTES
        at[0] = form
        at[1] = flags
        set_u16(at + 2, self.prepared_by)
        set_u64(at + 4, 1)  # its version
        memcpy(at + 12, new.place, POSITION_BYTES)
        set_u32(at + 32, record.ttl_s)
        set_u64(at + 36, record.not_after)
        set_u32(at + 44, len(public))
        at += RECORD_HEAD_BYTES
        memcpy(at, <char*>public, len(public))
        at += len(public)
        if form & FORM_RESTRICTED:
            set_u32(at, len(restricted))
            memcpy(at + 4, <char*>restricted, len(restricted))
            at += 4 + len(restricted)
        if form & FORM_SPELLING:
            set_u16(at, size)
            memcpy(at + 2, name, size)
        at = new.row + SEAL_BYTES
        at[0] = self.form
        at[1] = self.kind
        set_u64(at + 2, 1)
        set_u64(at + 10, self.time_ms)
        set_u16(at + 18, len(key))
        set_u16(at + 20, len(self.actor))
        at += ENTRY_HEAD_BYTES
        memcpy(at, <char*>key, len(key))
        memcpy(at + len(key), <char*>self.actor, len(self.actor))
        return key, value, place, row


def seal_new_records(list records not None, Py_ssize_t start, home, where, forms, entry_class, position_class):
    cdef _NewRecords made = _NewRecords.__new__(_NewRecords)
    cdef Py_ssize_t count = 0, number, most
    cdef uint64_t digest_sum = 0, octets = 0
    cdef NewRow* new
    cdef tuple laid
    cdef list laid_out = [], rows = [], journal = [], entries = []
    position, time_ms, actor = where
    epoch, hi, lo = position
    spelled, prefix, made.folds = home
    made.form, kind, made.prepared_by, made.template = forms
    made.kind = kind
    made.spelled, made.prefix, made.actor = f"{spelled}/".encode(), prefix.encode(), actor.encode()
    made.epoch, made.hi, made.lo, made.time_ms = epoch, hi, lo, time_ms
    if not 0 <= start < len(records) or len(made.actor) > ACTOR_BYTES_MAX:
        return rows, journal, entries, 0, 0
    most = len(records) - start
    if <uint64_t>most - 1 > ~made.lo:
        raise OverflowError("a transaction has no more positions")
    new = <NewRow*>malloc(most * sizeof(NewRow))
    if new is NULL:
        raise MemoryError
    try:
        while count < most:
            laid = made.lay_out(records[start + count], made.lo + count, new + count)
            if laid is None:
                break
            laid_out.append(laid)
            count += 1
        with nogil:
            for number in range(count):
                digest_sum += _seal_row(new + number)
                octets += new[number].key_bytes + new[number].value_bytes
    finally:
        free(new)
    for number in range(count):
        laid = laid_out[number]
        key, value, place, row = laid
        rows.append((key, value))
        journal.append((place, row))
        position = tuple.__new__(position_class, (epoch, hi, made.lo + number))
        entries.append(tuple.__new__(entry_class, (position, kind, key, 1, value, actor, time_ms)))
    return rows, journal, entries, digest_sum, octets
