# The answer index in memory: its layout, and how entries are found, placed, replaced and removed. No Python objects.
#
#   header   4,096 octets: what the file is, and the writer's words to its readers
#   slots    8 octets each: 32 bits of the key's hash ‖ offset of the entry in units of 16 octets
#   arena    entries: header of 24 octets, key, value; aligned to 16
#
# A slot of all zeros is empty; the arena's first unit stays unused, so that no other slot is. A key is looked for from the
# slot its hash names, slot by slot, until it is found or an empty slot is met. Where an entry is removed, those behind it
# move up, so there are no tombstones to gather.
#
# The writer completes an entry before it publishes it by one store of its slot, so a reader meets the old entry or the new
# one. An entry that is out of use is struck out, so that a damaged slot cannot bring it back. In a ring the writer empties
# the slots of the entries it is about to overwrite; a reader that has copied one meanwhile finds its slot changed. A reader
# whose slot moves while it looks may miss, and a miss is always safe: the store is asked.
#
# Readers trust nothing in the file: every number is checked against the bounds read and verified when it was opened.

cdef enum:
    LAYOUT = 2  # 1: another checksum
    HEADER_BYTES = 4096
    MARK_BYTES = 40
    UNIT_BYTES = 16
    ENTRY_BYTES = 24
    KEY_OCTETS_MAX = 2049  # kind and the longest identifier
    VALUE_OCTETS_MAX = 262144  # the longest message
    PROBES_MAX = 512  # at three quarters of the slots a search takes a dozen; a damaged table must not be walked for ever

    DISABLED = 0
    ENABLED = 1
    RETIRED = 2

    FLAG_OWN = 1
    FLAG_PUBLIC_ONLY = 2
    FLAGS_ALL = 3

    CODE_SUCCESS = 1
    CODE_NOT_FOUND = 100
    CODE_NO_VALUES = 200
    CODE_SERVICE_REFERRAL = 302
    CODE_PREFIX_REFERRAL = 303

cdef uint64_t MAGIC = 0x3158444953494449  # "IDISIDX1" in the octet order of this machine, which is part of the layout
cdef uint64_t ARENA_BYTES_MAX = <uint64_t>1 << 36  # 32 bits of units
cdef uint64_t SLOTS_MIN = 64
cdef uint64_t SLOTS_MAX = <uint64_t>1 << 32

cdef struct Header:
    # Fixed when the file is made; `check` covers these.
    uint64_t magic
    uint32_t layout
    uint32_t ring
    uint64_t slots
    uint64_t arena_bytes
    Secret secret
    uint8_t boot[MARK_BYTES]
    uint64_t check
    uint64_t spare[3]
    # Stored by the writer, read by readers before each batch: a cache line of their own.
    uint64_t state
    uint64_t position
    uint64_t refers  # whether there are entries that say what is told of names without one
    uint64_t spare_line[5]
    # The writer's own.
    uint64_t tail  # where the next entry goes
    uint64_t entries
    uint64_t live_bytes
    uint64_t mark_turn  # the lower bit says which mark counts
    uint8_t mark_bytes[2][8]
    uint8_t mark[2][MARK_BYTES]

cdef struct Entry:
    uint64_t check
    uint32_t value_bytes
    uint16_t key_bytes  # 0: nothing from here to the end of the ring
    uint16_t code
    uint32_t expires_s
    uint32_t flags

# One mapped index. Sizes and secret are copies taken when the file was verified; the file may rot, they do not.
cdef struct Arena:
    Header* header
    uint64_t* slots
    uint8_t* octets
    uint64_t mask  # slots - 1
    uint64_t arena_bytes
    uint64_t units
    Secret secret
    uint64_t mapped_bytes
    # The ring's writer: offset of the oldest entry, octets in use. A ring is never taken up again by another writer.
    uint64_t oldest
    uint64_t ring_bytes
    bint ring

cdef struct Key:
    const uint8_t* octets
    uint64_t hash
    uint32_t size


# --- reading ---


cdef inline void hash_key(const Arena* arena, Key* key, const uint8_t* octets, uint32_t size) noexcept nogil:
    key.octets = octets
    key.size = size
    key.hash = sip_hash(arena.secret, octets, size)


cdef inline uint64_t* slot_of(const Arena* arena, const Key* key, int probe) noexcept nogil:
    return arena.slots + ((key.hash + <uint64_t>probe) & arena.mask)


cdef inline int next_match(const Arena* arena, const Key* key, int probe, uint64_t* slot) noexcept nogil:
    # The first probe, from `probe` on, whose slot bears the key's fingerprint; -1 when there is none.
    cdef uint64_t found
    while probe < PROBES_MAX:
        found = load_acquire(slot_of(arena, key, probe))
        if found == 0:
            return -1
        if found >> 32 == key.hash >> 32:
            slot[0] = found
            return probe
        probe += 1
    return -1


cdef inline uint64_t entry_check(const Entry* entry, uint64_t key_hash, const uint8_t* value) noexcept nogil:
    cdef uint64_t meta = (<uint64_t>entry.expires_s << 32) | entry.value_bytes
    meta ^= (<uint64_t>entry.flags << 48) ^ (<uint64_t>entry.code << 16)
    return checksum(mix(key_hash ^ MIX_3, meta ^ MIX_4), value, entry.value_bytes)


cdef inline const uint8_t* entry_at(const Arena* arena, uint64_t slot, Entry* entry) noexcept nogil:
    # Where the key of a slot's entry stands, and a copy of its header; NULL when it would not lie in the arena.
    cdef uint64_t unit = <uint32_t>slot
    cdef uint64_t room
    if unit == 0 or unit >= arena.units:
        return NULL
    room = arena.arena_bytes - unit * UNIT_BYTES
    if room < ENTRY_BYTES:
        return NULL
    memcpy(entry, arena.octets + unit * UNIT_BYTES, ENTRY_BYTES)
    if entry.value_bytes > VALUE_OCTETS_MAX or room - ENTRY_BYTES < <uint64_t>entry.key_bytes + entry.value_bytes:
        return NULL
    return arena.octets + unit * UNIT_BYTES + ENTRY_BYTES


cdef inline const uint8_t* entry_of(const Arena* arena, uint64_t slot, const Key* key, Entry* entry) noexcept nogil:
    # Where the value of a slot's entry stands, if its key is this one; NULL otherwise.
    cdef const uint8_t* octets = entry_at(arena, slot, entry)
    if octets is NULL or entry.key_bytes != key.size or memcmp(octets, key.octets, key.size) != 0:
        return NULL
    return octets + key.size


cdef inline bint copy_value(const Arena* arena, const Key* key, int probe, uint64_t slot, const Entry* entry,
                            const uint8_t* value, uint8_t* target) noexcept nogil:
    # Copy first, then judge the copy: what leaves is what was checked.
    memcpy(target, value, entry.value_bytes)
    if entry_check(entry, key.hash, target) != entry.check:
        return False
    fence_acquire()
    return load_acquire(slot_of(arena, key, probe)) == slot


# --- writing: one process, one thread ---


cdef inline uint64_t stored_bytes(uint64_t key_bytes, uint64_t value_bytes) noexcept nogil:
    return (ENTRY_BYTES + key_bytes + value_bytes + UNIT_BYTES - 1) & ~<uint64_t>(UNIT_BYTES - 1)


cdef inline uint64_t entries_max(const Arena* arena) noexcept nogil:
    return (arena.mask + 1) // 4 * 3


cdef int find(const Arena* arena, const Key* key, uint64_t* slot, Entry* entry) noexcept nogil:
    cdef int probe = next_match(arena, key, 0, slot)
    while probe >= 0 and entry_of(arena, slot[0], key, entry) is NULL:
        probe = next_match(arena, key, probe + 1, slot)
    return probe


cdef void strike_out(Arena* arena, uint64_t slot, const Entry* entry) noexcept nogil:
    # Its slot points elsewhere by now, and whoever sees this sees that as well. Readers that still copy it find its checksum
    # wrong and miss.
    cdef uint64_t spoilt = ~entry.check
    fence_release()
    memcpy(arena.octets + <uint64_t><uint32_t>slot * UNIT_BYTES, &spoilt, 8)
    arena.header.live_bytes -= stored_bytes(entry.key_bytes, entry.value_bytes)


cdef void clear_slot(Arena* arena, uint64_t hole) noexcept nogil:
    # Move up what would no longer be found past an empty slot: whatever its hash names a slot at or before the hole.
    cdef uint64_t at = hole
    cdef uint64_t step, slot
    cdef Entry entry
    cdef Key key
    cdef const uint8_t* octets
    arena.header.entries -= 1
    for step in range(arena.mask):
        at = (at + 1) & arena.mask
        slot = arena.slots[at]
        if slot == 0:
            break
        octets = entry_at(arena, slot, &entry)
        if octets is NULL:
            continue  # rotten, and found by nobody wherever it stands
        hash_key(arena, &key, octets, entry.key_bytes)
        if ((at - key.hash) & arena.mask) >= ((at - hole) & arena.mask):
            store_release(arena.slots + hole, slot)
            hole = at
    store_release(arena.slots + hole, 0)


cdef bint remove(Arena* arena, const Key* key) noexcept nogil:
    cdef uint64_t slot
    cdef Entry entry
    cdef int probe = find(arena, key, &slot, &entry)
    if probe < 0:
        return False
    clear_slot(arena, (key.hash + <uint64_t>probe) & arena.mask)
    strike_out(arena, slot, &entry)
    return True


cdef void forget_ring(Arena* arena) noexcept nogil:
    cdef uint64_t at
    for at in range(arena.mask + 1):
        store_release(arena.slots + at, 0)
    fence_release()
    arena.header.entries = arena.header.live_bytes = arena.ring_bytes = 0
    arena.oldest = arena.header.tail = UNIT_BYTES


cdef void forget_oldest(Arena* arena) noexcept nogil:
    # Empty the slot of the oldest entry, so that its octets may be overwritten.
    cdef Entry entry
    cdef Key key
    cdef uint64_t slot, size
    cdef uint64_t unit = arena.oldest // UNIT_BYTES
    cdef const uint8_t* octets
    cdef int probe
    memcpy(&entry, arena.octets + arena.oldest, UNIT_BYTES)
    if entry.key_bytes == 0:
        size = arena.arena_bytes - arena.oldest
        octets = arena.octets
    else:
        octets = entry_at(arena, unit, &entry)
        size = stored_bytes(entry.key_bytes, entry.value_bytes)
    if octets is NULL or size > arena.ring_bytes:
        forget_ring(arena)  # rotten: where the next entry begins is unknown
        return
    arena.ring_bytes -= size
    arena.oldest += size
    if arena.oldest >= arena.arena_bytes:
        arena.oldest = UNIT_BYTES
    if entry.key_bytes == 0:
        return
    hash_key(arena, &key, octets, entry.key_bytes)
    probe = next_match(arena, &key, 0, &slot)
    while probe >= 0 and <uint32_t>slot != unit:
        probe = next_match(arena, &key, probe + 1, &slot)
    if probe >= 0:
        clear_slot(arena, (key.hash + <uint64_t>probe) & arena.mask)
        arena.header.live_bytes -= size


cdef bint make_room(Arena* arena, uint64_t size) noexcept nogil:
    # Room for `size` octets in one piece at the ring's tail; the oldest entries go, as many as it takes.
    cdef Entry nothing
    cdef uint64_t skipped = 0
    cdef uint64_t tail = arena.header.tail
    cdef uint64_t whole = arena.arena_bytes - UNIT_BYTES
    if size > whole // 2:
        return False
    if arena.arena_bytes - tail < size:
        skipped = arena.arena_bytes - tail
    while arena.ring_bytes + skipped + size > whole or arena.header.entries >= entries_max(arena):
        forget_oldest(arena)
        if arena.ring_bytes == 0:
            forget_ring(arena)
            return True
    fence_release()
    if skipped:
        memset(&nothing, 0, sizeof(nothing))
        memcpy(arena.octets + tail, &nothing, UNIT_BYTES)
        arena.ring_bytes += skipped
        arena.header.tail = UNIT_BYTES
    return True


cdef bint append(Arena* arena, const Key* key, Entry* entry, const uint8_t* value, uint64_t* unit) noexcept nogil:
    # Write an entry behind the last one; nobody sees it yet.
    cdef uint64_t size = stored_bytes(entry.key_bytes, entry.value_bytes)
    cdef uint64_t tail = arena.header.tail
    cdef uint8_t* at
    if tail < UNIT_BYTES or tail % UNIT_BYTES or tail > arena.arena_bytes or arena.arena_bytes - tail < size:
        return False
    entry.check = entry_check(entry, key.hash, value)
    at = arena.octets + tail
    memcpy(at, entry, ENTRY_BYTES)
    memcpy(at + ENTRY_BYTES, key.octets, key.size)
    memcpy(at + ENTRY_BYTES + key.size, value, entry.value_bytes)
    unit[0] = tail // UNIT_BYTES
    tail += size
    if arena.ring:
        arena.ring_bytes += size
        if tail == arena.arena_bytes:
            tail = UNIT_BYTES
    store_release(&arena.header.tail, tail)
    arena.header.live_bytes += size
    return True


cdef int place(Arena* arena, const Key* key, Entry* entry, const uint8_t* value, bint replace) noexcept nogil:
    # Add or replace one entry: 1 done, 0 left as it was because it is there and not to be replaced, -1 no room.
    cdef uint64_t slot = 0
    cdef uint64_t unit = 0
    cdef Entry old
    cdef int probe = 0
    if arena.ring and not make_room(arena, stored_bytes(entry.key_bytes, entry.value_bytes)):
        return -1
    while probe < PROBES_MAX:
        slot = slot_of(arena, key, probe)[0]
        if slot == 0 or (slot >> 32 == key.hash >> 32 and entry_of(arena, slot, key, &old) is not NULL):
            break
        probe += 1
    if slot and not replace and probe < PROBES_MAX:
        return 0
    if probe == PROBES_MAX or (slot == 0 and arena.header.entries >= entries_max(arena)):
        return -1
    if not append(arena, key, entry, value, &unit):
        return -1
    store_release(slot_of(arena, key, probe), (key.hash >> 32 << 32) | unit)
    if slot:
        strike_out(arena, slot, &old)
    else:
        arena.header.entries += 1
    return 1


cdef int copy_slot(const Arena* arena, Arena* target, uint64_t at, uint32_t now) noexcept nogil:
    # Place the entry of one slot in another index, unless its key is there already; as `place`, 0 when there is none.
    cdef Entry entry
    cdef Key key
    cdef uint64_t slot = arena.slots[at]
    cdef const uint8_t* octets
    octets = entry_at(arena, slot, &entry)
    if octets is NULL or entry.key_bytes == 0 or entry.key_bytes > KEY_OCTETS_MAX:
        return 0
    hash_key(arena, &key, octets, entry.key_bytes)
    if key.hash >> 32 != slot >> 32 or entry_check(&entry, key.hash, octets + key.size) != entry.check:
        return 0
    if entry.expires_s and entry.expires_s <= now:
        return 0
    hash_key(target, &key, octets, entry.key_bytes)
    return place(target, &key, &entry, octets + key.size, False)


cdef void count_entries(Arena* arena) noexcept nogil:
    cdef uint64_t at
    arena.header.entries = 0
    for at in range(arena.mask + 1):
        if arena.slots[at]:
            arena.header.entries += 1
