# Batches: their items read, joined for their digest, and prepared as plain records. `proto/batch.py` and
# `registry/registration/octets.py` say what each is, and are the plain twins.

cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object thing, object name, object value) except -1
    object PyUnicode_DecodeUTF8(const char* octets, Py_ssize_t size, const char* errors)


cdef Py_ssize_t _counted(const uint8_t* at, Py_ssize_t left, uint8_t short_form, Py_ssize_t* size) noexcept nogil:
    # Octets of the head of a msgpack string or binary, of which `short_form` is the code with one octet of length; 0: neither.
    cdef Py_ssize_t head
    if left < 1:
        return 0
    if short_form == 0xd9 and at[0] & 0xe0 == 0xa0:
        size[0] = at[0] & 0x1f
        head = 1
    elif at[0] == short_form and left >= 2:
        size[0] = at[1]
        head = 2
    elif at[0] == short_form + 1 and left >= 3:
        size[0] = (<Py_ssize_t>at[1] << 8) | at[2]
        head = 3
    elif at[0] == short_form + 2 and left >= 5:
        size[0] = <Py_ssize_t>get_u32(at + 1)
        head = 5
    else:
        return 0
    return head if size[0] <= left - head else 0


def read_items(bytes octets not None, Py_ssize_t start, Py_ssize_t count, Py_ssize_t str_bytes_max, Py_ssize_t bin_bytes_max, item_class):
    cdef const uint8_t* at = <const uint8_t*><char*>octets
    cdef Py_ssize_t left = len(octets), head, size = 0, number
    cdef list items = []
    if not 0 <= start <= left:
        return None
    at += start
    left -= start
    for number in range(count):
        if left < 2 or at[0] != 0x93 or at[1] > 0x7f:
            return None
        verb = at[1]
        at += 2
        left -= 2
        head = _counted(at, left, 0xd9, &size)
        if head == 0 or size > str_bytes_max:
            return None
        try:
            name = PyUnicode_DecodeUTF8(<const char*>(at + head), size, NULL)
        except UnicodeDecodeError:
            return None
        at += head + size
        left -= head + size
        head = _counted(at, left, 0xc4, &size)
        if head == 0 or size > bin_bytes_max:
            return None
        payload = PyBytes_FromStringAndSize(<const char*>(at + head), size)
        at += head + size
        left -= head + size
        items.append(tuple.__new__(item_class, (verb, name, payload)))
    return items, len(octets) - left


def prepare_plain_items(
    items not None, Py_ssize_t start, verb, limits, uint32_t now, dict types not None, dict admins not None, judge, forms
):
    cdef Py_ssize_t count = len(items), number, size, name_bytes_max, record_bytes_max
    cdef uint32_t value_bytes_max
    cdef const uint8_t* name
    cdef const void* slash
    cdef list records = []
    cdef str identifier
    cdef tuple split
    name_bytes_max, record_bytes_max, value_bytes_max = limits
    cdef type record_class
    record_class, no_flags, restricted = forms
    if record_class is None or (<PyTypeObject*>record_class).tp_new is NULL:
        raise TypeError("records are made of a class")
    nothing = ()
    for number in range(start, count):
        item = items[number]
        if not PyTuple_Check(item) or PyTuple_GET_SIZE(item) != 3 or <object>PyTuple_GET_ITEM(item, 0) != verb:
            break
        identifier = <object>PyTuple_GET_ITEM(item, 1)
        payload = <object>PyTuple_GET_ITEM(item, 2)
        if identifier is None or not identifier.isascii() or type(payload) is not bytes or len(<bytes>payload) > record_bytes_max:
            break
        name = <const uint8_t*>PyUnicode_AsUTF8AndSize(identifier, &size)
        if size > name_bytes_max or not _is_printable(name, size):
            break
        slash = memchr(name, c'/', size)
        if slash is NULL or <const uint8_t*>slash == name + size - 1:
            break  # no record's name
        split = split_plain(payload, now, value_bytes_max, types, admins, judge)
        if split is None:
            break
        record = (<PyTypeObject*>record_class).tp_new(record_class, <PyObject*>nothing, NULL)
        flags = no_flags if len(<bytes>split[1]) == 4 else restricted
        # It is frozen: set as its own constructor does.
        PyObject_GenericSetAttr(record, "identifier", identifier)
        PyObject_GenericSetAttr(record, "public", split[0])
        PyObject_GenericSetAttr(record, "restricted", split[1])
        PyObject_GenericSetAttr(record, "aliases", ())
        PyObject_GenericSetAttr(record, "flags", flags)
        PyObject_GenericSetAttr(record, "ttl_s", split[2])
        PyObject_GenericSetAttr(record, "not_after", 0)
        records.append(record)
    return records


cdef uint8_t* _write_decimal(uint8_t* at, uint64_t number) noexcept nogil:
    # A number and a blank; where the next octet goes.
    cdef uint8_t digits[20]
    cdef int count = 0
    while True:
        digits[count] = 0x30 + number % 10
        count += 1
        number //= 10
        if number == 0:
            break
    while count:
        count -= 1
        at[0] = digits[count]
        at += 1
    at[0] = 0x20
    return at + 1


def join_items(items not None):
    cdef Py_ssize_t count = len(items), number, size = 0, name_bytes
    cdef list parts = []
    cdef bytes name, payload
    cdef str identifier
    cdef uint8_t* joined
    cdef uint8_t* at
    for number in range(count):
        verb, identifier, payload = items[number]
        name = identifier.encode("utf-8", "surrogatepass")
        parts.append((verb, name, payload))
        size += 63 + len(name) + len(payload)  # three numbers of at most twenty digits
    joined = <uint8_t*>malloc(size + 1)
    if joined is NULL:
        raise MemoryError
    try:
        at = joined
        for verb, name, payload in parts:
            at = _write_decimal(at, verb)
            at = _write_decimal(at, len(name))
            at = _write_decimal(at, len(payload))
            memcpy(at, <char*>name, len(name))
            at += len(name)
            memcpy(at, <char*>payload, len(payload))
            at += len(payload)
        return PyBytes_FromStringAndSize(<char*>joined, at - joined)
    finally:
        free(joined)
