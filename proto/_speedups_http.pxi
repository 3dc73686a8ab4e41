# resolve_http: plain requests of HTTP recognised in place, and their answers written as JSON from the values of the index.
# The conditions are those of `resolver/transports/http_requests.py`, the JSON is that of `resolver/web/answer_json.py`:
# whatever fails a condition goes back to Python. Values are copied and checked before the first octet of them is read.

cdef enum:
    HTTP_BLOCKS_MAX = 16  # different header blocks that are known
    HTTP_BLOCK_BYTES_MAX = 1024
    HTTP_LINE_BYTES_MAX = 4096
    HTTP_VALUES_BYTES_MAX = 16384  # of a record that is written here
    HTTP_LENGTH_BYTES = 20  # the digits of a number
    JSON_OCTET_BYTES = 6  # the longest escape
    JSON_VALUE_BYTES = 256  # what stands around the type and the data of a value
    JSON_FRAME_BYTES = 128  # what stands around the identifier and the values
    VALUE_HEAD_BYTES = 18  # index, timestamp, TTL type, TTL, permissions, length of the type
    VALUE_INDEX_MAX = 0x7FFFFFFF
    PERMISSIONS_DEFAULT = 0x0E
    TTL_IS_ABSOLUTE = 1

cdef const uint8_t* HTTP_GET = b"GET /api/handles/"
cdef const uint8_t* HTTP_VERSION = b" HTTP/1.1"
cdef const uint8_t* BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
cdef const uint8_t* HEX = b"0123456789abcdef"
cdef enum:
    HTTP_GET_BYTES = 17
    HTTP_VERSION_BYTES = 9

cdef struct Span:
    const uint8_t* octets
    size_t bytes

# Used by one call at a time: no Python code runs while one is at work.
cdef Out _http_out
cdef Out _http_body
cdef uint8_t _http_spelling[HTTP_LINE_BYTES_MAX]
cdef uint8_t _http_key[KEY_OCTETS_MAX]
cdef uint8_t _http_values[HTTP_VALUES_BYTES_MAX]


# --- the request ---


cdef inline int hex_digit(uint8_t octet) noexcept nogil:
    if c'0' <= octet <= c'9':
        return octet - c'0'
    if c'a' <= octet | 0x20 <= c'f':
        return (octet | 0x20) - c'a' + 10
    return -1


cdef inline bint in_path(uint8_t octet) noexcept nogil:
    # Octets of a path that stand for themselves.
    if c'a' <= octet | 0x20 <= c'z' or c'-' <= octet <= c'9':  # with dot and slash
        return True
    if c'&' <= octet <= c',':
        return True
    return octet in (c'_', c'~', c':', c'@', c'!', c'$', c';', c'=')


cdef size_t spelling_of(const uint8_t* path, size_t size, uint8_t* target) noexcept nogil:
    # Undo the percent-encoding of a path, at most HTTP_LINE_BYTES_MAX octets; 0 when it is not plain.
    cdef size_t at = 0
    cdef size_t written = 0
    cdef uint8_t octet
    cdef int high, low
    while at < size:
        octet = path[at]
        if octet == c'%':
            if size - at < 3:
                return 0
            high = hex_digit(path[at + 1])
            low = hex_digit(path[at + 2])
            if high < 0 or low < 0:
                return 0
            octet = <uint8_t>(high * 16 + low)
            if octet < 0x20 or octet == 0x7F or (written and target[written - 1] == 0xC2 and 0x80 <= octet <= 0x9F):
                return 0  # a control character, which no identifier holds
            at += 3
        elif in_path(octet) and not (octet == c'.' and (at == 0 or path[at - 1] == c'/')):
            at += 1
        else:
            return 0
        target[written] = octet
        written += 1
    return written


# --- text ---


cdef inline size_t character_bytes(const uint8_t* at, size_t left) noexcept nogil:
    # How long a character beyond ASCII is; 0 when it is not UTF-8 (RFC 3629 §4).
    cdef uint8_t first = at[0]
    cdef uint8_t second
    if left < 2 or at[1] & 0xC0 != 0x80:
        return 0
    second = at[1]
    if 0xC2 <= first <= 0xDF:
        return 2
    if left < 3 or at[2] & 0xC0 != 0x80:
        return 0
    if 0xE0 <= first <= 0xEF:
        return 0 if (first == 0xE0 and second < 0xA0) or (first == 0xED and second > 0x9F) else 3
    if left < 4 or at[3] & 0xC0 != 0x80:
        return 0
    if 0xF0 <= first <= 0xF4:
        return 0 if (first == 0xF0 and second < 0x90) or (first == 0xF4 and second > 0x8F) else 4
    return 0


cdef inline bint plain_word(uint64_t word) noexcept nogil:
    # Eight octets of printable ASCII that JSON shows as they are: none below 20, none of " and \, none beyond 7f.
    cdef uint64_t quotes = word ^ 0x2222222222222222ULL
    cdef uint64_t slashes = word ^ 0x5C5C5C5C5C5C5C5CULL
    cdef uint64_t odd = (word - 0x2020202020202020ULL) | (quotes - 0x0101010101010101ULL) | (slashes - 0x0101010101010101ULL)
    return (odd | word) & 0x8080808080808080ULL == 0


cdef bint is_text(const uint8_t* octets, size_t size, bint controls) noexcept nogil:
    # Whether these octets are UTF-8, and without controls other than tab and line ends unless those are allowed.
    cdef size_t at = 0
    cdef size_t length
    while at < size:
        if size - at >= 8 and plain_word(word_at(octets + at)):
            at += 8
        elif octets[at] < 0x20:
            if not controls and octets[at] not in (9, 10, 13):
                return False
            at += 1
        elif octets[at] < 0x80:
            at += 1
        else:
            length = character_bytes(octets + at, size - at)
            if length == 0:
                return False
            at += length
    return True


cdef inline uint8_t* put_octets(uint8_t* target, const uint8_t* octets, size_t size) noexcept nogil:
    memcpy(target, octets, size)
    return target + size


cdef uint8_t* put_string(uint8_t* target, const uint8_t* octets, size_t size) noexcept nogil:
    # A JSON string of UTF-8 octets, at most JSON_OCTET_BYTES for each and two.
    cdef size_t at = 0
    cdef uint64_t word
    cdef uint8_t octet, short
    target[0] = c'"'
    target += 1
    while at < size:
        if size - at >= 8:
            word = word_at(octets + at)
            if plain_word(word):
                memcpy(target, &word, 8)
                target += 8
                at += 8
                continue
        octet = octets[at]
        at += 1
        if octet >= 0x20 and octet != c'"' and octet != c'\\':
            target[0] = octet
            target += 1
            continue
        target[0] = c'\\'
        short = octet
        if octet == 8:
            short = c'b'
        elif octet == 9:
            short = c't'
        elif octet == 10:
            short = c'n'
        elif octet == 12:
            short = c'f'
        elif octet == 13:
            short = c'r'
        if short >= 0x20:
            target[1] = short
            target += 2
        else:
            target = put_octets(target + 1, b"u00", 3)
            target[0] = HEX[octet >> 4]
            target[1] = HEX[octet & 15]
            target += 2
    target[0] = c'"'
    return target + 1


cdef uint8_t* put_base64(uint8_t* target, const uint8_t* octets, size_t size) noexcept nogil:
    # RFC 4648 §4, in quotes.
    cdef size_t at = 0
    cdef uint32_t three
    target[0] = c'"'
    target += 1
    while at < size:
        three = <uint32_t>octets[at] << 16
        if at + 1 < size:
            three |= <uint32_t>octets[at + 1] << 8
        if at + 2 < size:
            three |= octets[at + 2]
        target[0] = BASE64[three >> 18]
        target[1] = BASE64[(three >> 12) & 63]
        target[2] = BASE64[(three >> 6) & 63] if at + 1 < size else c'='
        target[3] = BASE64[three & 63] if at + 2 < size else c'='
        target += 4
        at += 3
    target[0] = c'"'
    return target + 1


cdef uint8_t* put_number(uint8_t* target, uint64_t number) noexcept nogil:
    cdef uint8_t digits[HTTP_LENGTH_BYTES]
    cdef size_t at = HTTP_LENGTH_BYTES
    while True:
        at -= 1
        digits[at] = <uint8_t>(c'0' + number % 10)
        number //= 10
        if number == 0:
            break
    return put_octets(target, digits + at, HTTP_LENGTH_BYTES - at)


cdef inline uint8_t* put_two(uint8_t* target, uint32_t number, uint8_t behind) noexcept nogil:
    target[0] = <uint8_t>(c'0' + number // 10)
    target[1] = <uint8_t>(c'0' + number % 10)
    target[2] = behind
    return target + 3


cdef uint8_t* put_time(uint8_t* target, uint32_t seconds) noexcept nogil:
    # Unix time as "2026-11-20T12:53:07Z". The year is reckoned from March, so that a leap day is its last.
    cdef uint32_t days = seconds // 86400
    cdef uint32_t rest = seconds % 86400
    cdef uint32_t since = days + 719468 - 4 * 146097  # days from 1 March 1600 on, where a cycle of 400 years begins
    cdef uint32_t cycle = since // 146097
    cdef uint32_t day = since % 146097
    cdef uint32_t year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    cdef uint32_t month
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += 1600 + 400 * cycle + (1 if month >= 10 else 0)
    month = month + 3 if month < 10 else month - 9
    target[0] = c'"'
    target = put_number(target + 1, year)
    target[0] = c'-'
    target = put_two(target + 1, month, c'-')
    target = put_two(target, day + 1, c'T')
    target = put_two(target, rest // 3600, c':')
    target = put_two(target, rest // 60 % 60, c':')
    target = put_two(target, rest % 60, c'Z')
    target[0] = c'"'
    return target + 1


# --- the answer ---


cdef inline bint has_structure(const uint8_t* type_name, size_t size) noexcept nogil:
    # Types whose data is shown in its parts all begin so (`proto/types/table.py`).
    cdef uint8_t folded[4]
    if size < 3:
        return False
    fold_into(folded, type_name, 3)
    return memcmp(folded, b"HS_", 3) == 0


cdef uint8_t* put_value(uint8_t* target, const uint8_t* octets, size_t* at, size_t size) noexcept nogil:
    # The JSON object of the value at an offset, which moves behind it; NULL when Python must show it.
    cdef size_t start = at[0]
    cdef size_t type_bytes, data_bytes
    cdef const uint8_t* type_name
    cdef const uint8_t* data
    cdef uint32_t index, ttl
    if size - start < VALUE_HEAD_BYTES:
        return NULL
    index = get_u32(octets + start)
    ttl = get_u32(octets + start + 9)
    type_bytes = get_u32(octets + start + 14)
    type_name = octets + start + VALUE_HEAD_BYTES
    if index == 0 or index > VALUE_INDEX_MAX or type_bytes > size - start - VALUE_HEAD_BYTES:
        return NULL
    at[0] = start + VALUE_HEAD_BYTES + type_bytes
    if size - at[0] < 4:
        return NULL
    data_bytes = get_u32(octets + at[0])
    data = octets + at[0] + 4
    if data_bytes > size - at[0] - 4:
        return NULL
    at[0] += 4 + data_bytes
    if size - at[0] < 4 or get_u32(octets + at[0]) != 0:  # it refers to others
        return NULL
    at[0] += 4
    if has_structure(type_name, type_bytes) or not is_text(type_name, type_bytes, True):
        return NULL
    target = put_number(put_octets(target, b'{"index": ', 10), index)
    target = put_string(put_octets(target, b', "type": ', 10), type_name, type_bytes)
    if is_text(data, data_bytes, False):
        target = put_octets(target, b', "data": {"format": "string", "value": ', 40)
        target = put_string(target, data, data_bytes)
    else:
        target = put_octets(target, b', "data": {"format": "base64", "value": ', 40)
        target = put_base64(target, data, data_bytes)
    target = put_octets(target, b'}, "ttl": ', 10)
    target = put_time(target, ttl) if octets[start + 8] == TTL_IS_ABSOLUTE else put_number(target, ttl)
    target = put_time(put_octets(target, b', "timestamp": ', 15), get_u32(octets + start + 4))
    if octets[start + 13] != PERMISSIONS_DEFAULT:
        target = put_octets(target, b', "permissions": "', 18)
        target[0] = c'0' + (octets[start + 13] >> 3 & 1)
        target[1] = c'0' + (octets[start + 13] >> 2 & 1)
        target[2] = c'0' + (octets[start + 13] >> 1 & 1)
        target[3] = c'0' + (octets[start + 13] & 1)
        target[4] = c'"'
        target += 5
    target[0] = c'}'
    return target + 1


cdef bint put_document(Out* body, const uint8_t* spelling, size_t spelling_bytes, const uint8_t* values, size_t size) noexcept nogil:
    # The JSON document of an answer; False when Python must write it.
    cdef size_t at = 4
    cdef uint32_t count, number
    cdef uint8_t* target
    body.bytes = 0
    if size < 4:
        return False
    count = get_u32(values)
    if count == 0 or count > size // VALUE_HEAD_BYTES:
        return False
    if not reserve(body, JSON_FRAME_BYTES + (spelling_bytes + size) * JSON_OCTET_BYTES + count * JSON_VALUE_BYTES):
        return False
    target = put_string(put_octets(body.octets, b'{"responseCode": 1, "handle": ', 30), spelling, spelling_bytes)
    target = put_octets(target, b', "values": [', 13)
    for number in range(count):
        if number:
            target = put_octets(target, b", ", 2)
        target = put_value(target, values, &at, size)
        if target is NULL:
            return False
    if at != size:
        return False
    target = put_octets(target, b"]}", 2)
    body.bytes = target - body.octets
    return True


cdef bint answer_path(const Arena* arena, const uint8_t* path, size_t size, Span head, Span behind) noexcept nogil:
    # Append the answer to a request for an identifier; False when Python must give it.
    cdef Question question
    cdef Answer answer
    cdef uint8_t* target
    cdef size_t spelling_bytes = spelling_of(path, size, _http_spelling)
    if spelling_bytes == 0 or spelling_bytes > IDENTIFIER_OCTETS_MAX or not is_text(_http_spelling, spelling_bytes, False):
        return False
    hash_key(arena, &question.key, _http_key, fold_key(_http_key, 1, _http_spelling, spelling_bytes, arena.ring))
    question.flags = ASKS_PUBLIC_ONLY
    question.probe = next_match(arena, &question.key, 0, &question.slot)
    if not find_answer(arena, &question, &answer, 0xFFFFFFFF) or not answer.entry.flags & FLAG_OWN:
        return False
    if answer.entry.code != CODE_SUCCESS or answer.entry.value_bytes > HTTP_VALUES_BYTES_MAX:
        return False
    if not copy_value(arena, &question.key, question.probe, question.slot, &answer.entry, answer.value, _http_values):
        return False
    if not put_document(&_http_body, _http_spelling, spelling_bytes, _http_values, answer.entry.value_bytes):
        return False
    if not reserve(&_http_out, head.bytes + HTTP_LENGTH_BYTES + behind.bytes + _http_body.bytes):
        return False
    target = put_octets(_http_out.octets + _http_out.bytes, head.octets, head.bytes)
    target = put_octets(put_number(target, _http_body.bytes), behind.octets, behind.bytes)
    target = put_octets(target, _http_body.octets, _http_body.bytes)
    _http_out.bytes = target - _http_out.octets
    return True


@cython.final
cdef class HttpBlocks:
    """Header blocks of plain requests; see the stub."""

    cdef uint8_t octets[HTTP_BLOCKS_MAX][HTTP_BLOCK_BYTES_MAX]
    cdef size_t sizes[HTTP_BLOCKS_MAX]
    cdef size_t next

    def add(self, bytes block not None):
        """Know one more, in place of the oldest when there are too many."""
        cdef size_t size = PyBytes_GET_SIZE(block)
        if not 4 <= size <= HTTP_BLOCK_BYTES_MAX or block[-4:] != b"\r\n\r\n" or block.find(b"\r\n\r\n") != len(block) - 4:
            raise ValueError(f"a header block of {size} octets: it ends with its first empty line, within {HTTP_BLOCK_BYTES_MAX}")
        memcpy(self.octets[self.next], PyBytes_AS_STRING(block), size)
        self.sizes[self.next] = size
        self.next = (self.next + 1) % HTTP_BLOCKS_MAX

    cdef size_t match(self, const uint8_t* octets, size_t left) noexcept nogil:
        # The size of the known block that begins here; 0 when there is none.
        cdef size_t number
        for number in range(HTTP_BLOCKS_MAX):
            if 0 < self.sizes[number] <= left and memcmp(octets, self.octets[number], self.sizes[number]) == 0:
                return self.sizes[number]
        return 0


cdef size_t answer_request(const Arena* arena, HttpBlocks blocks, const uint8_t* octets, size_t left, Span head,
                           Span behind) noexcept nogil:
    # Answer the request that begins here; how long it is, 0 when Python must answer it.
    cdef size_t line_bytes = HTTP_GET_BYTES
    cdef size_t block_bytes
    if left <= HTTP_GET_BYTES + HTTP_VERSION_BYTES or memcmp(octets, HTTP_GET, HTTP_GET_BYTES) != 0:
        return 0
    while octets[line_bytes] != c' ':
        line_bytes += 1
        if line_bytes == left or line_bytes == HTTP_LINE_BYTES_MAX:
            return 0
    if left - line_bytes < HTTP_VERSION_BYTES or memcmp(octets + line_bytes, HTTP_VERSION, HTTP_VERSION_BYTES) != 0:
        return 0
    block_bytes = blocks.match(octets + line_bytes + HTTP_VERSION_BYTES, left - line_bytes - HTTP_VERSION_BYTES)
    if block_bytes == 0:
        return 0
    if not answer_path(arena, octets + HTTP_GET_BYTES, line_bytes - HTTP_GET_BYTES, head, behind):
        return 0
    return line_bytes + HTTP_VERSION_BYTES + block_bytes


def resolve_http(AnswerIndex index not None, HttpBlocks blocks not None, bytes octets not None, size_t at, bytes head not None,
                 bytes behind not None, int64_t allowed=-1, size_t octets_max=1048576):
    """Answer the plain requests of a chunk from an offset on."""
    cdef const uint8_t* request = <const uint8_t*>PyBytes_AS_STRING(octets)
    cdef size_t size = PyBytes_GET_SIZE(octets)
    cdef size_t count = 0
    cdef size_t taken
    cdef Span head_span, behind_span
    head_span.octets = <const uint8_t*>PyBytes_AS_STRING(head)
    head_span.bytes = PyBytes_GET_SIZE(head)
    behind_span.octets = <const uint8_t*>PyBytes_AS_STRING(behind)
    behind_span.bytes = PyBytes_GET_SIZE(behind)
    _http_out.bytes = 0
    if index.usable():
        while at < size and _http_out.bytes < octets_max and allowed != 0:
            taken = answer_request(&index.arena, blocks, request + at, size - at, head_span, behind_span)
            if taken == 0:
                break
            at += taken
            count += 1
            if allowed > 0:
                allowed -= 1
    return PyBytes_FromStringAndSize(<char*>_http_out.octets, _http_out.bytes), at, count
