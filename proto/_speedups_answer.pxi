# The question recognised in place, and its answer written. The conditions are those of `resolver/prepared.py`: whatever
# fails one of them is not common, and goes back to Python. `proto/README.md` draws the octets.

cdef enum:
    ENVELOPE_BYTES = 20
    BODY_AT = 44
    SPELLING_AT = 48
    IDENTIFIER_OCTETS_MAX = 2048
    CREDENTIAL_BYTES = 4  # the length of none

    MAJOR = 2
    OWN_MINOR = 11
    RESOLUTION = 1
    EXPIRATION_S = 43200

    ECHOED_FLAGS = 0x09100000  # CA, PO, DNR
    FLAG_RECURSIVE = 0x10000000
    ASKS_PUBLIC_ONLY = 0x01000000

    QUESTIONS_MAX = 64  # recognised before the first is looked up
    KEYS_BYTES = 34816  # folded keys of one batch: of 64 datagrams, or fewer questions with longer names
    LINE_BYTES = 64
    LINES_MAX = 8  # of an entry, asked for in advance; of longer ones the processor guesses the rest

    # How memory is asked for ahead of its use; measured, see `bench/micro/hot_path.py`. Slots and entries are asked for a few
    # at a time, for a core walks several page tables at once, if it meets several addresses within its three hundred
    # instructions. Eight questions take four times as long as memory does.
    SLOTS_TOGETHER = 8
    ENTRIES_TOGETHER = 4
    ENTRIES_AHEAD = 8

cdef uint32_t FLAG_AUTHORITATIVE = 0x80000000
cdef uint32_t UNCOMMON_FLAGS = 0x608C0004  # CT, ENC, RD, EXPLAIN, FOLLOW_ALIAS, IDIS authBytes present

# What stands behind the identifier, by kind: indexes none, then the types. IDIS clients add empty authBytes.
cdef const uint8_t* ASKS_SITE = b"\0\0\0\0\0\0\0\x01\0\0\0\x07HS_SITE"
cdef const uint8_t* ASKS_SITES = b"\0\0\0\0\0\0\0\x03\0\0\0\x07HS_SITE\0\0\0\x09HS_SITE.6\0\0\0\x07HS_SERV"
cdef const uint8_t* ASKS_SITES_NAMESPACE = (
    b"\0\0\0\0\0\0\0\x04\0\0\0\x07HS_SITE\0\0\0\x09HS_SITE.6\0\0\0\x07HS_SERV\0\0\0\x0cHS_NAMESPACE"
)
cdef enum:
    ASKS_ALL_BYTES = 8
    ASKS_SITE_BYTES = 19
    ASKS_SITES_BYTES = 43
    ASKS_SITES_NAMESPACE_BYTES = 59

cdef struct Question:
    const uint8_t* frame
    size_t frame_bytes
    size_t spelling_bytes
    uint32_t flags
    int kind
    bint common
    int probe
    uint64_t slot
    Key key

# The parts of an entry of KIND_BELOW, each counted: for names of the prefix, for names below it, for prefixes below it.
cdef enum:
    WHOLE_VALUE
    NAMED
    NAMED_BELOW
    PREFIX_BELOW

    KIND_OF_BELOW = 5
    DO_NOT_REFER = 0x00100000
    PREFIX_OCTETS_MAX = 255
    LABELS_MAX = 16

cdef struct Answer:
    const uint8_t* value
    Entry entry
    int part

cdef struct Batch:
    Question questions[QUESTIONS_MAX]
    size_t count
    uint8_t keys[KEYS_BYTES]
    size_t keys_bytes
    int lines  # of an entry
    bint refers


cdef inline bint all_zero(const uint8_t* octets, size_t size) noexcept nogil:
    # `size` is a multiple of four.
    cdef size_t at
    for at in range(0, size, 4):
        if get_u32(octets + at):
            return False
    return True


cdef inline int kind_asked(const uint8_t* tail, size_t size) noexcept nogil:
    # The kind of key whose question has this tail, 0 when it is none of them.
    if size == ASKS_ALL_BYTES or size == ASKS_ALL_BYTES + 4:
        return 1 if all_zero(tail, size) else 0
    if size == ASKS_SITE_BYTES or size == ASKS_SITE_BYTES + 4:
        if memcmp(tail, ASKS_SITE, ASKS_SITE_BYTES) == 0 and all_zero(tail + ASKS_SITE_BYTES, size - ASKS_SITE_BYTES):
            return 2
    elif size == ASKS_SITES_BYTES or size == ASKS_SITES_BYTES + 4:
        if memcmp(tail, ASKS_SITES, ASKS_SITES_BYTES) == 0 and all_zero(tail + ASKS_SITES_BYTES, size - ASKS_SITES_BYTES):
            return 3
    elif size == ASKS_SITES_NAMESPACE_BYTES or size == ASKS_SITES_NAMESPACE_BYTES + 4:
        if memcmp(tail, ASKS_SITES_NAMESPACE, ASKS_SITES_NAMESPACE_BYTES) == 0 and all_zero(
            tail + ASKS_SITES_NAMESPACE_BYTES, size - ASKS_SITES_NAMESPACE_BYTES
        ):
            return 4
    return 0


cdef inline int fold_key(uint8_t* key, int kind, const uint8_t* spelling, size_t size, bint prefix_only) noexcept nogil:
    # Write the key of a spelling; returns its size. A prefix handle is kept under its prefix.
    cdef const uint8_t* slash = NULL
    key[0] = <uint8_t>kind
    if prefix_only and kind == 1:
        slash = <const uint8_t*>memchr(spelling, c'/', size)
    if slash is not NULL:
        fold_into(key + 1, spelling, slash - spelling)
        memcpy(key + 1 + (slash - spelling), slash, size - (slash - spelling))
        return <int>size + 1
    fold_into(key + 1, spelling, size)
    if kind != 1 and size > 5 and memcmp(key + 1, b"0.NA/", 5) == 0:
        size -= 5
        fold_into(key + 1, spelling + 5, size)
    return <int>size + 1


cdef inline bint recognise(Batch* batch, Question* question, const Arena* arena) noexcept nogil:
    # Whether `question.frame` is a common question; if so it is folded and hashed.
    cdef const uint8_t* frame = question.frame
    cdef size_t spelling_bytes, body_bytes, behind
    cdef int kind
    cdef uint8_t* key = batch.keys + batch.keys_bytes
    if question.frame_bytes <= SPELLING_AT or frame[0] != MAJOR or frame[2] != MAJOR:
        return False
    question.flags = get_u32(frame + 28)
    if get_u32(frame + 20) != RESOLUTION or get_u32(frame + 24) != 0 or question.flags & UNCOMMON_FLAGS:
        return False
    body_bytes = get_u32(frame + 40)
    spelling_bytes = get_u32(frame + BODY_AT)
    if body_bytes > question.frame_bytes - BODY_AT or not 0 < spelling_bytes <= IDENTIFIER_OCTETS_MAX:
        return False
    behind = question.frame_bytes - BODY_AT - body_bytes
    if body_bytes < 4 + spelling_bytes or not (behind == 0 or behind == CREDENTIAL_BYTES):
        return False
    if not all_zero(frame + BODY_AT + body_bytes, behind):
        return False
    kind = kind_asked(frame + SPELLING_AT + spelling_bytes, body_bytes - 4 - spelling_bytes)
    if kind == 0:
        return False
    question.spelling_bytes = spelling_bytes
    question.kind = kind
    hash_key(arena, &question.key, key, fold_key(key, kind, frame + SPELLING_AT, spelling_bytes, arena.ring))
    batch.keys_bytes += question.key.size
    return True


cdef inline void call_slots(Batch* batch, const Arena* arena, size_t start) noexcept nogil:
    cdef size_t number
    for number in range(start, batch.count):
        if batch.questions[number].common:
            prefetch(slot_of(arena, &batch.questions[number].key, 0))


cdef inline void call_entries(Batch* batch, const Arena* arena, size_t start, size_t end) noexcept nogil:
    # Read the slots of some questions, which have arrived, and ask for the lines of their entries.
    cdef size_t number
    cdef int line
    cdef Question* question
    cdef const uint8_t* at
    end = min(end, batch.count)
    for number in range(start, end):
        question = &batch.questions[number]
        if question.common:
            question.probe = next_match(arena, &question.key, 0, &question.slot)
            question.common = question.probe >= 0 or batch.refers
    for number in range(start, end):
        question = &batch.questions[number]
        if question.common and question.probe >= 0:
            at = arena.octets + <uint64_t><uint32_t>question.slot * UNIT_BYTES  # past the end nothing is fetched
            for line in range(batch.lines):
                prefetch(at + line * LINE_BYTES)


cdef inline void begin_batch(Batch* batch, const Arena* arena) noexcept nogil:
    # An entry lies across one line more than its size fills.
    batch.count = batch.keys_bytes = 0
    batch.lines = 0
    batch.refers = False
    if arena is not NULL:
        batch.refers = not arena.ring and load_acquire(&arena.header.refers) == 1
        batch.lines = <int>min(
            arena.header.live_bytes // (arena.header.entries | 1) // LINE_BYTES + 2, <uint64_t>LINES_MAX
        )


cdef inline bint has_room(const Batch* batch) noexcept nogil:
    return batch.count < QUESTIONS_MAX and KEYS_BYTES - batch.keys_bytes >= KEY_OCTETS_MAX


cdef inline void add_question(Batch* batch, const Arena* arena, const uint8_t* frame, size_t size, bint whole) noexcept nogil:
    # Take a frame into a batch that has room; whether it is common shows in the question.
    cdef Question* question = &batch.questions[batch.count]
    question.frame = frame
    question.frame_bytes = size
    question.common = whole and arena is not NULL and recognise(batch, question, arena)
    batch.count += 1
    if batch.count % SLOTS_TOGETHER == 0:
        call_slots(batch, arena, batch.count - SLOTS_TOGETHER)


cdef inline void end_batch(Batch* batch, const Arena* arena) noexcept nogil:
    call_slots(batch, arena, batch.count // SLOTS_TOGETHER * SLOTS_TOGETHER)
    call_entries(batch, arena, 0, ENTRIES_AHEAD)


cdef inline Question* take_question(Batch* batch, const Arena* arena, size_t number) noexcept nogil:
    # The next question to answer; those behind it are called meanwhile.
    if number % ENTRIES_TOGETHER == 0:
        call_entries(batch, arena, number + ENTRIES_AHEAD, number + ENTRIES_AHEAD + ENTRIES_TOGETHER)
    return &batch.questions[number]


cdef inline bint find_answer(const Arena* arena, Question* question, Answer* answer, uint32_t now) noexcept nogil:
    # The entry that answers the question, if there is one for this asker.
    answer.part = WHOLE_VALUE
    while question.probe >= 0:
        answer.value = entry_of(arena, question.slot, &question.key, &answer.entry)
        if answer.value is not NULL:
            if answer.entry.expires_s and answer.entry.expires_s <= now:
                return False
            if answer.entry.flags & FLAG_PUBLIC_ONLY and not question.flags & ASKS_PUBLIC_ONLY:
                return False
            return bool(answer.entry.flags & FLAG_OWN) or not question.flags & FLAG_AUTHORITATIVE
        question.probe = next_match(arena, &question.key, question.probe + 1, &question.slot)
    return False


cdef inline bint is_prefix(const uint8_t* octets, size_t size) noexcept nogil:
    # Whether this is certainly a prefix; what is stranger than ASCII is Python's to judge.
    cdef size_t at
    cdef size_t label = 0
    cdef int labels = 1
    if size > PREFIX_OCTETS_MAX:
        return False
    for at in range(size):
        if octets[at] == c'.':
            if label == 0:
                return False
            label = 0
            labels += 1
        elif octets[at] <= 0x20 or octets[at] >= 0x7F or octets[at] == c'/':
            return False
        else:
            label += 1
    return label > 0 and labels <= LABELS_MAX


cdef inline bint is_printable(const uint8_t* octets, size_t size) noexcept nogil:
    # Whether this is text that every asker may see; what is stranger than ASCII is Python's to judge.
    cdef size_t at
    for at in range(size):
        if octets[at] < 0x20 or octets[at] >= 0x7F:
            return False
    return size > 0


cdef inline size_t prefix_of(const Question* question, const uint8_t** prefix, int* part) noexcept nogil:
    # The folded prefix of what is asked, and what is told of it; 0 when Python must look at the question.
    cdef const uint8_t* name = question.key.octets + 1
    cdef size_t size = question.key.size - 1
    cdef const uint8_t* slash = <const uint8_t*>memchr(name, c'/', size)
    prefix[0] = name
    part[0] = PREFIX_BELOW
    if slash is not NULL:
        if question.kind != 1:
            return 0
        if slash - name == 4 and memcmp(name, b"0.NA", 4) == 0:
            prefix[0] = slash + 1
            size -= 5
        else:
            part[0] = NAMED
            if not is_printable(slash + 1, size - (slash - name) - 1):
                return 0
            size = slash - name
    return size if is_prefix(prefix[0], size) else 0


cdef bint find_referral(const Arena* arena, Question* question, Answer* answer) noexcept nogil:
    # What is told of a name or a prefix that has no entry of its own, by the nearest prefix at or above it that tells
    # something. A miss may be due to a slot that moves or is damaged, so a miss proves nothing: what is told of names below a
    # prefix stands in its entry only while nothing at all is registered below it.
    cdef uint8_t octets[PREFIX_OCTETS_MAX + 1]
    cdef const uint8_t* prefix = NULL
    cdef Key key
    cdef size_t size
    cdef bint is_above = False
    if question.flags & DO_NOT_REFER:
        return False
    size = prefix_of(question, &prefix, &answer.part)
    if size == 0:
        return False
    octets[0] = KIND_OF_BELOW
    memcpy(octets + 1, prefix, size)
    while True:
        hash_key(arena, &key, octets, <uint32_t>size + 1)
        question.probe = next_match(arena, &key, 0, &question.slot)
        while question.probe >= 0:
            answer.value = entry_of(arena, question.slot, &key, &answer.entry)
            if answer.value is not NULL:
                question.key.hash = key.hash  # what the entry is checked by
                # A prefix that is registered itself has answers of its own, or none that are common.
                return is_above or answer.part == NAMED
            question.probe = next_match(arena, &key, question.probe + 1, &question.slot)
        while size and octets[size] != c'.':
            size -= 1
        if size == 0:
            return False
        size -= 1
        is_above = True
        if answer.part == NAMED:
            answer.part = NAMED_BELOW


cdef inline bint find_any(const Arena* arena, Question* question, Answer* answer, uint32_t now, bint refers) noexcept nogil:
    # The answer of an entry, or the referral of a prefix above.
    cdef bint is_there = question.probe >= 0
    if find_answer(arena, question, answer, now):
        return True
    # An entry that is there and not for this asker is Python's.
    return refers and (not is_there or question.probe < 0) and find_referral(arena, question, answer)


cdef inline size_t answer_bytes(const Question* question, const Answer* answer) noexcept nogil:
    cdef size_t echoed = 4 + question.spelling_bytes if answer.entry.code == CODE_SUCCESS else 0
    return BODY_AT + echoed + answer.entry.value_bytes + CREDENTIAL_BYTES


cdef inline uint16_t code_of(const Answer* answer) noexcept nogil:
    return <uint16_t>CODE_PREFIX_REFERRAL if answer.part == PREFIX_BELOW else answer.entry.code


cdef inline size_t take_part(uint8_t* octets, size_t size, int part) noexcept nogil:
    # Move a counted part to the front; its size, 0 when it is empty or would end outside.
    cdef size_t at = 0
    cdef size_t length
    while size - at >= 4:
        length = get_u32(octets + at)
        at += 4
        if length > size - at:
            return 0
        if part == NAMED:
            memmove(octets, octets + at, length)
            return length
        at += length
        part -= 1
    return 0


cdef inline size_t write_answer(uint8_t* target, const Arena* arena, const Question* question, const Answer* answer,
                                uint32_t now, uint16_t site_serial) noexcept nogil:
    # Write `answer_bytes` octets; 0 when the entry turns out to be damaged or to have changed meanwhile.
    cdef const uint8_t* frame = question.frame
    cdef size_t size = answer_bytes(question, answer)
    cdef size_t body_bytes = size - BODY_AT - CREDENTIAL_BYTES
    cdef size_t echoed = body_bytes - answer.entry.value_bytes
    cdef uint32_t expiration = get_u32(frame + 36)
    cdef uint32_t code = answer.entry.code
    if not copy_value(arena, &question.key, question.probe, question.slot, &answer.entry, answer.value, target + BODY_AT + echoed):
        return 0
    if answer.part != WHOLE_VALUE:
        body_bytes = take_part(target + BODY_AT, body_bytes, answer.part)
        if body_bytes == 0:
            return 0
        size = BODY_AT + body_bytes + CREDENTIAL_BYTES
        code = code_of(answer)
    memcpy(target + BODY_AT, frame + BODY_AT, echoed)
    memset(target + size - CREDENTIAL_BYTES, 0, CREDENTIAL_BYTES)
    target[0] = target[2] = MAJOR
    target[1] = min(frame[3], <uint8_t>OWN_MINOR)
    target[3] = OWN_MINOR
    memcpy(target + 4, frame + 4, 8)  # session, request id
    set_u32(target + 12, 0)
    set_u32(target + 16, <uint32_t>(size - ENVELOPE_BYTES))
    set_u32(target + 20, RESOLUTION)
    set_u32(target + 24, code)
    set_u32(
        target + 28,
        (question.flags & <uint32_t>ECHOED_FLAGS)
        | FLAG_RECURSIVE
        | (FLAG_AUTHORITATIVE if answer.entry.flags & FLAG_OWN else 0),
    )
    set_u16(target + 32, site_serial)
    target[34] = frame[34]  # recursion count
    target[35] = 0
    if expiration <= now:
        expiration = now + <uint32_t>EXPIRATION_S
        if expiration < now:  # past the end of the field
            expiration = <uint32_t>0xFFFFFFFF
    set_u32(target + 36, expiration)
    set_u32(target + 40, <uint32_t>body_bytes)
    return size


# --- what was counted ---

cdef enum:
    COUNTED_SUCCESS
    COUNTED_NOT_FOUND
    COUNTED_NO_VALUES
    COUNTED_SERVICE_REFERRAL
    COUNTED_PREFIX_REFERRAL
    SILENT_MALFORMED
    SILENT_FRAGMENTS
    SILENT_RATE
    SILENT_AMPLIFICATION
    SILENT_SEND_BUFFER
    SILENT_UNREACHABLE
    LIMITED_PROVEN
    LIMITED_UNPROVEN
    DAMAGED
    COUNTS


@cython.final
cdef class Counters:
    """What `process` or `drain` counted since it was made."""

    cdef uint64_t counts[COUNTS]
    cdef bint no_trains  # the kernel has refused them to this caller; see `drain`

    cdef inline void count_answer(self, uint16_t code) noexcept nogil:
        if code == CODE_SUCCESS:
            self.counts[COUNTED_SUCCESS] += 1
        elif code == CODE_NOT_FOUND:
            self.counts[COUNTED_NOT_FOUND] += 1
        elif code == CODE_NO_VALUES:
            self.counts[COUNTED_NO_VALUES] += 1
        elif code == CODE_SERVICE_REFERRAL:
            self.counts[COUNTED_SERVICE_REFERRAL] += 1
        else:
            self.counts[COUNTED_PREFIX_REFERRAL] += 1

    cdef void count_damage(self, const Arena* arena, const Question* question, const Answer* answer) noexcept nogil:
        # Nothing was written of an entry that had been found. Where its slot has moved, a writer was at work.
        if entry_check(&answer.entry, question.key.hash, answer.value) != answer.entry.check:
            fence_acquire()
            if load_acquire(slot_of(arena, &question.key, question.probe)) == question.slot:
                self.counts[DAMAGED] += 1

    @property
    def damaged(self):
        """How often an entry that was asked for failed its checksum."""
        return self.counts[DAMAGED]

    @property
    def answered(self):
        """Response code → answers that left."""
        return {
            CODE_SUCCESS: self.counts[COUNTED_SUCCESS],
            CODE_NOT_FOUND: self.counts[COUNTED_NOT_FOUND],
            CODE_NO_VALUES: self.counts[COUNTED_NO_VALUES],
            CODE_SERVICE_REFERRAL: self.counts[COUNTED_SERVICE_REFERRAL],
            CODE_PREFIX_REFERRAL: self.counts[COUNTED_PREFIX_REFERRAL],
        }

    @property
    def silent(self):
        """Reason → datagrams that got no answer."""
        return {
            "malformed": self.counts[SILENT_MALFORMED],
            "fragments": self.counts[SILENT_FRAGMENTS],
            "rate": self.counts[SILENT_RATE],
            "amplification": self.counts[SILENT_AMPLIFICATION],
            "send_buffer": self.counts[SILENT_SEND_BUFFER],
            "unreachable": self.counts[SILENT_UNREACHABLE],
        }

    @property
    def limited(self):
        """Limit → how often it was hit."""
        return {"rate_proven": self.counts[LIMITED_PROVEN], "rate_unproven": self.counts[LIMITED_UNPROVEN]}
