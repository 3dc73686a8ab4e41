# drain_dns: the common DNS question of an item, answered from the values that answer it on the binary port.
#
# A name below the zone is turned into the key of its record, and the public values found under it into NAPTR, URI or TXT
# records: the rules are those of `proto/dns/naming.py` and `registry/dns_records.py`. Whatever is not plain here (another
# name or type, values with other times or of the Handle System, names that do not exist) goes back to Python. Limits,
# cookies and hints are those of `resolver/transports/dns.py`.

cdef enum:
    DNS_HEADER_BYTES = 12
    DNS_NAME_BYTES_MAX = 255
    DNS_LABELS_MAX = 127
    DNS_LABEL_BYTES_MAX = 63
    DNS_PLAIN_BYTES = 512
    DNS_REPLY_BYTES = 1232
    DNS_STREAM_BYTES = 4096  # of an answer over TCP that is written here
    DNS_LENGTH_BYTES = 2  # in front of each message over TCP
    DNS_OPT_BYTES = 11
    DNS_COOKIE_BYTES = 24
    DNS_VALUE_BYTES_MAX = 8192  # of the values of a record; longer ones do not fit into an answer anyway
    DNS_TEXT_BYTES_MAX = 4096
    DNS_STRING_BYTES_MAX = 255
    DNS_RR_BYTES = 12  # in front of the data, the owner a pointer
    DNS_TTL_AT = 6
    DNS_TTL_S_MAX = 172800

    TYPE_TXT = 16
    TYPE_NAPTR = 35
    TYPE_OPT = 41
    TYPE_URI = 256

    FLAGS_UNCOMMON = 0xFA00  # QR, the opcode, TC of a question
    FLAG_RD = 0x0100
    REPLY_FLAGS = 0x8400  # QR, AA
    HINT_FLAGS = 0x8200  # QR, TC
    REFUSAL_FLAGS = 0x8007  # QR, the low bits of BADCOOKIE
    BADCOOKIE_HIGH = 1

    COOKIE_AGE_S_MAX = 3600
    COOKIE_AHEAD_S_MAX = 300

cdef const uint8_t* NAPTR_HEAD = b"\x01U\x08idis+url"
cdef const uint8_t* NAPTR_REGEXP = b"!^.*$!"
cdef enum:
    NAPTR_HEAD_BYTES = 11
    NAPTR_REGEXP_BYTES = 6

# What a question says beside its name.
cdef struct DnsAsked:
    uint32_t type
    size_t question_end
    size_t reply_max
    uint16_t edns_flags
    bint edns
    bint common  # a question that may be answered here
    const uint8_t* cookie  # client's half, NULL without one
    size_t cookie_bytes


@cython.final
cdef class DnsZone:
    """The zone `drain_dns` answers for; see the stub."""

    cdef uint8_t zone[DNS_NAME_BYTES_MAX]
    cdef size_t zone_bytes
    cdef Secret secret
    cdef bint slip
    cdef readonly uint64_t answered
    cdef readonly uint64_t hints
    cdef readonly uint64_t slipped
    cdef readonly uint64_t cookies
    cdef readonly Counters counters

    def __init__(self, bytes zone not None, bytes secret not None):
        if not 0 < len(zone) <= DNS_NAME_BYTES_MAX or len(secret) != sizeof(Secret):
            raise ValueError("a zone has at most 255 octets, the secret of its cookies 16")
        self.zone_bytes = len(zone)
        fold_into(self.zone, <const uint8_t*>PyBytes_AS_STRING(zone), self.zone_bytes)
        memcpy(&self.secret, PyBytes_AS_STRING(secret), sizeof(Secret))
        self.counters = Counters()


cdef DnsAsked _dns_asked[DATAGRAMS]
cdef uint8_t _dns_values[DNS_VALUE_BYTES_MAX]
# Of `resolve_dns`; no Python code runs while it is at work.
cdef Batch _dns_batch
cdef Out _dns_out


cdef inline uint16_t get_u16(const uint8_t* at) noexcept nogil:
    return <uint16_t>((at[0] << 8) | at[1])


# --- cookies: RFC 9018 ---


cdef uint64_t sip_hash_24(Secret secret, const uint8_t* octets, size_t size) noexcept nogil:
    cdef uint64_t v[4]
    cdef uint64_t word
    cdef size_t at = 0
    v[0] = secret.low ^ 0x736F6D6570736575ULL
    v[1] = secret.high ^ 0x646F72616E646F6DULL
    v[2] = secret.low ^ 0x6C7967656E657261ULL
    v[3] = secret.high ^ 0x7465646279746573ULL
    while at <= size:
        word = 0
        if at + 8 <= size:
            word = word_at(octets + at)
        else:
            memcpy(&word, octets + at, size - at)
            word |= <uint64_t>(size & 0xFF) << 56
        v[3] ^= word
        sip_round(v)
        sip_round(v)
        v[0] ^= word
        at += 8
    v[2] ^= 0xFF
    sip_round(v)
    sip_round(v)
    sip_round(v)
    sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


cdef inline uint64_t cookie_hash(DnsZone zone, const uint8_t* head, const sockaddr_storage* name) noexcept nogil:
    # Of client's half, version and time, which stand in `head`, and the address.
    cdef uint8_t octets[32]
    memcpy(octets, head, 16)
    if name.ss_family == AF_INET:
        memcpy(octets + 16, &(<const sockaddr_in*>name).sin_addr, 4)
        return sip_hash_24(zone.secret, octets, 20)
    memcpy(octets + 16, &(<const sockaddr_in6*>name).sin6_addr, 16)
    return sip_hash_24(zone.secret, octets, 32)


cdef inline bint is_good_cookie(DnsZone zone, const DnsAsked* asked, const sockaddr_storage* name, uint32_t now) noexcept nogil:
    cdef int32_t age
    cdef uint64_t hashed
    if asked.cookie_bytes != DNS_COOKIE_BYTES or get_u32(asked.cookie + 8) != 0x01000000:
        return False
    age = <int32_t>(now - get_u32(asked.cookie + 12))
    if age > COOKIE_AGE_S_MAX or age < -COOKIE_AHEAD_S_MAX:
        return False
    hashed = cookie_hash(zone, asked.cookie, name)
    return hashed == word_at(asked.cookie + 16)


cdef inline void write_cookie(DnsZone zone, uint8_t* target, const DnsAsked* asked, const sockaddr_storage* name, uint32_t now) noexcept nogil:
    cdef uint64_t hashed
    memcpy(target, asked.cookie, 8)
    set_u32(target + 8, 0x01000000)
    set_u32(target + 12, now)
    hashed = cookie_hash(zone, target, name)
    memcpy(target + 16, &hashed, 8)


# --- the question ---


cdef inline bint read_options(DnsAsked* asked, const uint8_t* packet, size_t at, size_t size) noexcept nogil:
    # An OPT record that ends the message, without options or with a cookie alone.
    cdef size_t length
    if size - at < DNS_OPT_BYTES or packet[at] != 0 or get_u16(packet + at + 1) != TYPE_OPT or packet[at + 6] != 0:
        return False
    length = get_u16(packet + at + 9)
    if size - at - DNS_OPT_BYTES != length:
        return False
    asked.edns = True
    asked.edns_flags = get_u16(packet + at + 7) & 0x8000
    asked.reply_max = min(max(<size_t>get_u16(packet + at + 3), <size_t>DNS_PLAIN_BYTES), <size_t>DNS_REPLY_BYTES)
    if length == 0:
        return True
    at += DNS_OPT_BYTES
    if length < 12 or get_u16(packet + at) != 10 or get_u16(packet + at + 2) != length - 4:
        return False
    asked.cookie = packet + at + 4
    asked.cookie_bytes = length - 4
    return asked.cookie_bytes == 8 or 16 <= asked.cookie_bytes <= 40


cdef inline size_t unescape(uint8_t* target, const uint8_t* label) noexcept nogil:
    # The octets of a folded label; 0 when it is none.
    cdef size_t at = 1
    cdef size_t end = <size_t>label[0] + 1
    cdef size_t size = 0
    cdef int high, low
    while at < end:
        if label[at] != c'_':
            target[size] = label[at]
            at += 1
        else:
            if end - at < 3:
                return 0
            high, low = hex_digit(label[at + 1]), hex_digit(label[at + 2])
            if high < 0 or low < 0:
                return 0
            target[size] = <uint8_t>(high << 4 | low)
            at += 3
        size += 1
    return size


cdef size_t write_dns_key(uint8_t* key, const uint8_t* name, const uint8_t* starts, int labels) noexcept nogil:
    # The key of the item that folded labels in front of a zone spell; 0 when they spell none, or Python must look.
    cdef int item = 0
    cdef int label
    cdef size_t size = 1
    cdef size_t added, at
    key[0] = 1
    while item < labels and not (name[starts[item]] == 1 and name[starts[item] + 1] == c'_'):
        item += 1
    if item == 0 or item >= labels - 1:
        return 0
    for label in range(labels - 1, item, -1):
        added = unescape(key + size, name + starts[label])
        if added == 0:
            return 0
        for at in range(size, size + added):
            if key[at] <= 0x20 or key[at] >= 0x7F or key[at] == c'.' or key[at] == c'/':
                return 0
        size += added
        key[size] = c'.' if label > item + 1 else c'/'
        size += 1
    if size == 6 and key[1] == c'0' and key[2] == c'.' and (key[3] | 0x20) == c'n' and (key[4] | 0x20) == c'a':
        return 0  # a prefix handle
    at = size
    for label in range(item):
        added = unescape(key + size, name + starts[label])
        if added == 0:
            return 0
        size += added
    while at < size:
        if key[at] < 0x20 or key[at] == 0x7F:
            return 0
        at += 1
    fold_into(key + 1, key + 1, size - 1)  # letters that were spelled out
    return size


cdef bint recognise_dns(Batch* batch, Question* question, DnsAsked* asked, DnsZone zone, const Arena* arena) noexcept nogil:
    # Read a question; True when its name is in the zone. If an item may answer it, its key is made and hashed.
    cdef const uint8_t* packet = question.frame
    cdef size_t size = question.frame_bytes
    cdef uint8_t name[DNS_NAME_BYTES_MAX]
    cdef uint8_t starts[DNS_LABELS_MAX]
    cdef uint8_t* key = batch.keys + batch.keys_bytes
    cdef size_t at = DNS_HEADER_BYTES
    cdef size_t name_bytes, key_bytes
    cdef int labels = 0
    cdef int within = -1
    memset(asked, 0, sizeof(DnsAsked))
    asked.reply_max = DNS_PLAIN_BYTES
    question.common = False
    if size < DNS_HEADER_BYTES + 5 or get_u16(packet + 2) & FLAGS_UNCOMMON or get_u32(packet + 4) != 0x00010000:
        return False
    if get_u32(packet + 8) > 1:
        return False
    while at < size and packet[at] != 0:
        if packet[at] > DNS_LABEL_BYTES_MAX or at - DNS_HEADER_BYTES + packet[at] + 2 > DNS_NAME_BYTES_MAX:
            return False
        starts[labels] = <uint8_t>(at - DNS_HEADER_BYTES)
        labels += 1
        at += <size_t>packet[at] + 1
    if at >= size or size - at < 5:
        return False
    at += 1
    name_bytes = at - DNS_HEADER_BYTES
    fold_into(name, packet + DNS_HEADER_BYTES, name_bytes)
    while labels and name_bytes - starts[labels - 1] <= zone.zone_bytes:
        labels -= 1
        if name_bytes - starts[labels] == zone.zone_bytes:
            within = labels
            break
    if within < 0 or memcmp(name + name_bytes - zone.zone_bytes, zone.zone, zone.zone_bytes) != 0:
        return False
    asked.type = get_u16(packet + at)
    if asked.type != TYPE_NAPTR and asked.type != TYPE_URI and asked.type != TYPE_TXT or get_u16(packet + at + 2) != 1:
        return False
    at += 4
    asked.question_end = at
    if get_u32(packet + 8) == 0:
        if at != size:
            return False
    elif not read_options(asked, packet, at, size):
        return False
    asked.common = True
    if arena is NULL:
        return True
    key_bytes = write_dns_key(key, name, starts, within)
    if key_bytes:
        question.flags = ASKS_PUBLIC_ONLY
        question.kind = 1
        question.common = True
        hash_key(arena, &question.key, key, <uint32_t>key_bytes)
        batch.keys_bytes += key_bytes
    return True


# --- the answer ---


cdef inline size_t write_opt(DnsZone zone, uint8_t* target, const DnsAsked* asked, int high, const sockaddr_storage* name, uint32_t now) noexcept nogil:
    if not asked.edns:
        return 0
    target[0] = 0
    set_u16(target + 1, TYPE_OPT)
    set_u16(target + 3, DNS_REPLY_BYTES)
    target[5] = <uint8_t>high
    target[6] = 0
    set_u16(target + 7, asked.edns_flags)
    set_u16(target + 9, 4 + DNS_COOKIE_BYTES if asked.cookie is not NULL else 0)
    if asked.cookie is NULL:
        return DNS_OPT_BYTES
    set_u16(target + DNS_OPT_BYTES, 10)
    set_u16(target + DNS_OPT_BYTES + 2, DNS_COOKIE_BYTES)
    write_cookie(zone, target + DNS_OPT_BYTES + 4, asked, name, now)
    return DNS_OPT_BYTES + 4 + DNS_COOKIE_BYTES


cdef inline void write_dns_head(uint8_t* target, const Question* question, const DnsAsked* asked, uint32_t flags, uint16_t answers) noexcept nogil:
    memcpy(target, question.frame, asked.question_end)
    set_u16(target + 2, <uint16_t>(flags | (get_u16(question.frame + 2) & FLAG_RD)))
    set_u16(target + 6, answers)
    set_u16(target + 8, 0)
    set_u16(target + 10, asked.edns)


cdef size_t write_hint(DnsZone zone, uint8_t* target, const Question* question, const DnsAsked* asked, const sockaddr_storage* name, uint32_t now) noexcept nogil:
    cdef bint refused = asked.cookie is not NULL
    zone.hints += 1
    write_dns_head(target, question, asked, REFUSAL_FLAGS if refused else HINT_FLAGS, 0)
    return asked.question_end + write_opt(
        zone, target + asked.question_end, asked, BADCOOKIE_HIGH if refused else 0, name, now
    )


cdef inline bint is_clean(const uint8_t* octets, size_t size) noexcept nogil:
    # Whether a URL stands in a substitution as it is.
    cdef size_t at
    for at in range(size):
        if octets[at] <= 0x20 or octets[at] >= 0x7F or octets[at] == c'!' or octets[at] == c'\\':
            return False
    return True


cdef inline bint begins(const uint8_t* octets, size_t size, const char* head, size_t head_bytes) noexcept nogil:
    # Whether a type begins so; the head is in capital letters.
    cdef uint8_t folded[4]
    if size < head_bytes:
        return False
    fold_into(folded, octets, head_bytes)
    return memcmp(folded, head, head_bytes) == 0


cdef inline int write_rr_data(
    uint8_t* target, size_t room, uint32_t kind, uint32_t index, const uint8_t* type, size_t type_bytes, const uint8_t* data, size_t size
) noexcept nogil:
    # The data of a value's record: its size, 0 when it has none, -1 when Python must look.
    cdef size_t at, part, length
    cdef uint16_t rank = <uint16_t>min(index, <uint32_t>65535)
    if kind == TYPE_TXT:
        if begins(type, type_bytes, b"HS_", 3):
            return -1
        if size > DNS_TEXT_BYTES_MAX:
            return 0
        length = type_bytes + 1 + size
        if length + length // DNS_STRING_BYTES_MAX + 1 > room:
            return -1
        return <int>write_strings(target, type, type_bytes, data, size)
    if not begins(type, type_bytes, b"URL", 3) or (type_bytes > 3 and type[3] != c'.') or size == 0:
        return 0
    if not is_clean(data, size):
        return -1
    if kind == TYPE_URI:
        if 4 + size > room:
            return -1
        set_u16(target, rank)
        set_u16(target + 2, 1)
        memcpy(target + 4, data, size)
        return <int>(4 + size)
    length = NAPTR_REGEXP_BYTES + size + 1
    if length > DNS_STRING_BYTES_MAX:
        return 0
    if 4 + NAPTR_HEAD_BYTES + 1 + length + 1 > room:
        return -1
    set_u16(target, 100)
    set_u16(target + 2, rank)
    memcpy(target + 4, NAPTR_HEAD, NAPTR_HEAD_BYTES)
    at = 4 + NAPTR_HEAD_BYTES
    target[at] = <uint8_t>length
    memcpy(target + at + 1, NAPTR_REGEXP, NAPTR_REGEXP_BYTES)
    at += 1 + NAPTR_REGEXP_BYTES
    memcpy(target + at, data, size)
    at += size
    target[at] = c'!'
    target[at + 1] = 0
    return <int>(at + 2)


cdef size_t write_strings(uint8_t* target, const uint8_t* type, size_t type_bytes, const uint8_t* data, size_t size) noexcept nogil:
    # `type=data` in strings of 255 octets. A type may be longer than one of them.
    cdef size_t left = type_bytes + 1 + size
    cdef size_t taken = 0
    cdef size_t to = 0
    cdef size_t length, step
    while left:
        length = min(left, <size_t>DNS_STRING_BYTES_MAX)
        target[to] = <uint8_t>length
        to += 1
        left -= length
        while length:
            if taken < type_bytes:
                step = min(length, type_bytes - taken)
                memcpy(target + to, type + taken, step)
            elif taken == type_bytes:
                step = 1
                target[to] = c'='
            else:
                step = length
                memcpy(target + to, data + (taken - type_bytes - 1), step)
            taken += step
            to += step
            length -= step
    return to


cdef size_t write_dns_answer(
    DnsZone zone, uint8_t* target, const Question* question, const DnsAsked* asked, const uint8_t* values, size_t size,
    const sockaddr_storage* name, uint32_t now
) noexcept nogil:
    # Octets of the whole answer; 0 when Python must make it.
    cdef size_t at = 4
    cdef size_t to = asked.question_end
    cdef size_t opt = 0
    cdef size_t room, type_at, type_bytes, data_at, data_bytes
    cdef uint32_t count, number
    cdef uint32_t ttl
    cdef uint32_t ttl_min = DNS_TTL_S_MAX
    cdef uint16_t answers = 0
    cdef int written
    if asked.edns:
        opt = DNS_OPT_BYTES if asked.cookie is NULL else DNS_OPT_BYTES + 4 + DNS_COOKIE_BYTES
    if size < 4 or to + opt + DNS_RR_BYTES > asked.reply_max:
        return 0
    count = get_u32(values)
    for number in range(count):
        if size - at < VALUE_HEAD_BYTES:
            return 0
        type_at = at + VALUE_HEAD_BYTES
        type_bytes = get_u32(values + at + 14)
        if type_bytes > size - type_at or size - type_at - type_bytes < 8:
            return 0
        data_at = type_at + type_bytes + 4
        data_bytes = get_u32(values + data_at - 4)
        if data_bytes > size - data_at or size - data_at - data_bytes < 4 or get_u32(values + data_at + data_bytes) != 0:
            return 0
        if values[at + 8] != 0 or values[at + 13] & ~<uint8_t>VALUE_PERMISSIONS_MAX:
            return 0
        if asked.reply_max - opt - to < DNS_RR_BYTES:
            return 0
        room = asked.reply_max - opt - to - DNS_RR_BYTES
        written = write_rr_data(
            target + to + DNS_RR_BYTES, room, asked.type, get_u32(values + at), values + type_at, type_bytes, values + data_at, data_bytes
        )
        if written < 0:
            return 0
        if written:
            ttl = get_u32(values + at + 9)
            ttl_min = min(ttl_min, ttl)
            set_u16(target + to, 0xC00C)
            set_u16(target + to + 2, <uint16_t>asked.type)
            set_u16(target + to + 4, 1)
            set_u16(target + to + 10, <uint16_t>written)
            to += DNS_RR_BYTES + <size_t>written
            answers += 1
        at = data_at + data_bytes + 4
    if answers == 0 or at != size:
        return 0
    write_dns_head(target, question, asked, REPLY_FLAGS, answers)
    at = asked.question_end
    while at < to:
        set_u32(target + at + DNS_TTL_AT, ttl_min)
        at += DNS_RR_BYTES + get_u16(target + at + 10)
    return to + write_opt(zone, target + to, asked, 0, name, now)


cdef inline void post_dns(Datagrams* all, size_t place, size_t size) noexcept nogil:
    cdef mmsghdr* message = &all.sent[all.sent_count]
    message.msg_hdr.msg_name = &all.names[place]
    message.msg_hdr.msg_namelen = all.received[place].msg_hdr.msg_namelen
    message.msg_hdr.msg_iov = all.sent_parts[all.sent_count]
    all.sent_parts[all.sent_count][0].iov_base = all.answers + all.answers_bytes
    all.sent_parts[all.sent_count][0].iov_len = size
    message.msg_hdr.msg_iovlen = 1
    all.sent_sizes[all.sent_count] = size
    all.sent_count += 1
    all.answers_bytes += size


cdef inline bint pass_dns(
    Datagrams* all, size_t place, DnsZone zone, Gate gate, Counters counters, uint32_t now, double monotonic
) noexcept nogil:
    # Whether a question goes on; otherwise it got a hint or nothing. Sources nobody has proven get a hint at most.
    cdef Question* question = &all.batch.questions[all.batch.count - 1]
    cdef DnsAsked* asked = &_dns_asked[place]
    cdef Source* source = &all.sources[place]
    if source.standing == STANDING_UNPROVEN and asked.cookie is not NULL and is_good_cookie(zone, asked, &all.names[place], now):
        source.standing = STANDING_PROVEN
        zone.cookies += 1
    if gate.take(source.address, source.standing, monotonic):
        if source.standing != STANDING_UNPROVEN:
            return True
    else:
        counters.counts[SILENT_RATE] += 1
        counters.counts[LIMITED_PROVEN if source.standing == STANDING_PROVEN else LIMITED_UNPROVEN] += 1
        zone.slip = not zone.slip
        if not zone.slip:
            return False
        zone.slipped += 1
    post_dns(all, place, write_hint(zone, all.answers + all.answers_bytes, question, asked, &all.names[place], now))
    return False


cdef void recognise_all_dns(
    Datagrams* all, int count, DnsZone zone, Gate gate, Counters counters, const Arena* arena, uint32_t now, double monotonic
) noexcept nogil:
    cdef int number
    cdef Question* question
    begin_batch(&all.batch, arena)
    all.batch.refers = False  # what is told of other names is Python's
    all.leftovers_count = all.sent_count = all.answers_bytes = 0
    for number in range(count):
        all.sources[number].address = source_address(&all.names[number])
        all.sources[number].standing = gate.standing_of(all.sources[number].address, monotonic)
        question = &all.batch.questions[all.batch.count]
        question.frame = all.packets[number]
        question.frame_bytes = all.received[number].msg_len
        question.common = False
        all.batch.count += 1
        if question.frame_bytes > PACKET_BYTES:
            _dns_asked[number].common = False
        elif recognise_dns(&all.batch, question, &_dns_asked[number], zone, arena):
            if not pass_dns(all, number, zone, gate, counters, now, monotonic):
                question.frame = NULL  # done with
                question.common = False
        else:
            _dns_asked[number].common = False
        if arena is not NULL and all.batch.count % SLOTS_TOGETHER == 0:
            call_slots(&all.batch, arena, all.batch.count - SLOTS_TOGETHER)
    if arena is not NULL:
        end_batch(&all.batch, arena)


cdef inline size_t answer_dns(
    DnsZone zone, uint8_t* target, Question* question, const DnsAsked* asked, const Arena* arena, const sockaddr_storage* name,
    uint32_t now
) noexcept nogil:
    # Octets of the answer to a question whose slot is known; 0 when Python must make it.
    cdef Answer answer
    if (
        question.common
        and find_answer(arena, question, &answer, now)
        and answer.entry.code == CODE_SUCCESS
        and answer.entry.value_bytes <= DNS_VALUE_BYTES_MAX
        and copy_value(arena, &question.key, question.probe, question.slot, &answer.entry, answer.value, _dns_values)
    ):
        return write_dns_answer(zone, target, question, asked, _dns_values, answer.entry.value_bytes, name, now)
    return 0


cdef void answer_all_dns(Datagrams* all, DnsZone zone, const Arena* arena, uint32_t now) noexcept nogil:
    cdef size_t number, size
    cdef Question* question
    for number in range(all.batch.count):
        question = take_question(&all.batch, arena, number) if arena is not NULL else &all.batch.questions[number]
        if question.frame is NULL:
            continue
        size = answer_dns(
            zone, all.answers + all.answers_bytes, question, &_dns_asked[number], arena, &all.names[number], now
        )
        if size:
            post_dns(all, number, size)
            zone.answered += 1
        else:
            all.leftovers[all.leftovers_count] = number
            all.leftovers_count += 1


def drain_dns(AnswerIndex index, Gate gate not None, DnsZone zone not None, int fd, uint32_t now, double monotonic, fresh=None):
    """Receive up to DATAGRAMS_MAX datagrams, answer what is common, send."""
    global _datagrams
    cdef int count
    cdef const Arena* arena = NULL
    if _datagrams is NULL:
        _datagrams = make_datagrams()
        if _datagrams is NULL:
            raise MemoryError
    cdef Datagrams* all = _datagrams
    if all.busy:
        raise RuntimeError("drain was called while it was at work")
    count = receive(all, fd)
    if count < 0:
        PyErr_SetFromErrno(OSError)
    if count == 0:
        return 0, []
    all.busy = True
    try:
        if (fresh is None or fresh()) and index is not None and index.usable() and not index.arena.ring:
            arena = &index.arena
        recognise_all_dns(all, count, zone, gate, zone.counters, arena, now, monotonic)
        answer_all_dns(all, zone, arena, now)
        send(all, fd, zone.counters)
        return count, hand_over(all)
    finally:
        all.busy = False


cdef size_t answer_message(DnsZone zone, const uint8_t* message, size_t size, const Arena* arena, uint32_t now) noexcept nogil:
    # Append the answer to one message of a stream, behind its length; 0 when Python must give it.
    cdef Question* question = &_dns_batch.questions[0]
    cdef DnsAsked asked
    cdef uint8_t* target
    begin_batch(&_dns_batch, arena)
    _dns_batch.refers = False
    question.frame = message
    question.frame_bytes = size
    _dns_batch.count = 1
    if size > PACKET_BYTES or not recognise_dns(&_dns_batch, question, &asked, zone, arena) or asked.cookie is not NULL:
        return 0
    if not reserve(&_dns_out, DNS_LENGTH_BYTES + DNS_STREAM_BYTES):
        return 0
    end_batch(&_dns_batch, arena)
    asked.reply_max = DNS_STREAM_BYTES
    target = _dns_out.octets + _dns_out.bytes
    size = answer_dns(zone, target + DNS_LENGTH_BYTES, question, &asked, arena, NULL, now)
    if size:
        set_u16(target, <uint16_t>size)
        _dns_out.bytes += DNS_LENGTH_BYTES + size
    return size


def resolve_dns(AnswerIndex index not None, DnsZone zone not None, bytes octets not None, size_t at, uint32_t now,
                int64_t allowed=-1, size_t octets_max=1048576):
    """Answer the common questions among the messages of a stream from an offset on."""
    cdef const uint8_t* messages = <const uint8_t*>PyBytes_AS_STRING(octets)
    cdef size_t bytes_there = PyBytes_GET_SIZE(octets)
    cdef size_t count = 0
    cdef size_t size
    _dns_out.bytes = 0
    if index.usable() and not index.arena.ring:
        while at < bytes_there and bytes_there - at >= DNS_LENGTH_BYTES and _dns_out.bytes < octets_max and allowed != 0:
            size = get_u16(messages + at)
            if size > bytes_there - at - DNS_LENGTH_BYTES:
                break
            if not answer_message(zone, messages + at + DNS_LENGTH_BYTES, size, &index.arena, now):
                break
            at += DNS_LENGTH_BYTES + size
            count += 1
            if allowed > 0:
                allowed -= 1
    zone.answered += count
    return PyBytes_FromStringAndSize(<char*>_dns_out.octets, _dns_out.bytes), at, count
