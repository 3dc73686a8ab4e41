# Numbers in network order, ASCII folding, the keyed hash of a key and the checksum of an entry.

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    #define idis_load(at) __atomic_load_n((at), __ATOMIC_ACQUIRE)
    #define idis_store(at, value) __atomic_store_n((at), (value), __ATOMIC_RELEASE)
    #define idis_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
    #define idis_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

    /* Into the second cache: the nearest waits for a few dozen lines at once, and who asks it for more waits himself. The
       empty instruction keeps compilers from dropping loops and functions that do nothing else. */
    static inline void idis_prefetch(const void *at) {
        __builtin_prefetch(at, 0, 2);
        __asm__ volatile("" : : "r"(at));
    }

    /* Digits of pi, made odd: what checksums are mixed with. */
    #define IDIS_MIX_0 0x243F6A8885A308D3ULL
    #define IDIS_MIX_1 0x13198A2E03707345ULL
    #define IDIS_MIX_2 0xA4093822299F31D1ULL
    #define IDIS_MIX_3 0x082EFA98EC4E6C89ULL
    #define IDIS_MIX_4 0x452821E638D01377ULL
    #define IDIS_MIX_5 0xBE5466CF34E90C6DULL

    /* Both halves of a product, folded: the fastest mixing a plain 64-bit machine offers. */
    static inline uint64_t idis_mix(uint64_t one, uint64_t other) {
        unsigned __int128 product = (unsigned __int128)one * other;
        return (uint64_t)product ^ (uint64_t)(product >> 64);
    }

    /* Fewer than eight octets as the first ones of a word, the others zero. A call for so few costs more than their hash. */
    static inline uint64_t idis_short_word(const uint8_t *octets, size_t size) {
        uint64_t word = 0;
    #if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        uint32_t head, end;
        if (size >= 4) {
            memcpy(&head, octets, 4);
            memcpy(&end, octets + size - 4, 4);
            return head | (uint64_t)end << 8 * (size - 4);
        }
        if (size)
            word = octets[0] | (uint64_t)octets[size / 2] << 8 * (size / 2) | (uint64_t)octets[size - 1] << 8 * (size - 1);
    #else
        memcpy(&word, octets, size);
    #endif
        return word;
    }
    """
    uint64_t load_acquire "idis_load"(const uint64_t* at) noexcept nogil
    void store_release "idis_store"(uint64_t* at, uint64_t value) noexcept nogil
    void fence_acquire "idis_fence_acquire"() noexcept nogil
    void fence_release "idis_fence_release"() noexcept nogil
    void prefetch "idis_prefetch"(const void* at) noexcept nogil
    const uint64_t MIX_0 "IDIS_MIX_0"
    const uint64_t MIX_1 "IDIS_MIX_1"
    const uint64_t MIX_2 "IDIS_MIX_2"
    const uint64_t MIX_3 "IDIS_MIX_3"
    const uint64_t MIX_4 "IDIS_MIX_4"
    const uint64_t MIX_5 "IDIS_MIX_5"
    uint64_t mix "idis_mix"(uint64_t one, uint64_t other) noexcept nogil
    uint64_t short_word "idis_short_word"(const uint8_t* octets, size_t size) noexcept nogil

cdef extern from "<arpa/inet.h>" nogil:
    uint32_t htonl(uint32_t number)
    uint32_t ntohl(uint32_t number)
    uint16_t htons(uint16_t number)
    uint16_t ntohs(uint16_t number)

cdef struct Secret:
    uint64_t low
    uint64_t high


cdef inline uint32_t get_u32(const uint8_t* at) noexcept nogil:
    cdef uint32_t number
    memcpy(&number, at, 4)
    return ntohl(number)


cdef inline void set_u32(uint8_t* at, uint32_t number) noexcept nogil:
    number = htonl(number)
    memcpy(at, &number, 4)


cdef inline void set_u16(uint8_t* at, uint16_t number) noexcept nogil:
    number = htons(number)
    memcpy(at, &number, 2)


cdef inline uint64_t word_at(const uint8_t* at) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, at, 8)
    return word


cdef inline uint64_t fold_word(uint64_t word) noexcept nogil:
    # Eight octets at once. The high bit of each octet says "a letter from a to z": its low seven bits reach 61 and do not
    # reach 7b, and it is ASCII. That bit, moved to 20, is the difference between the cases.
    cdef uint64_t low = word & 0x7F7F7F7F7F7F7F7FULL
    cdef uint64_t letters = (low + 0x1F1F1F1F1F1F1F1FULL) & ~(low + 0x0505050505050505ULL) & ~word & 0x8080808080808080ULL
    return word ^ (letters >> 2)


cdef inline void fold_into(uint8_t* target, const uint8_t* octets, size_t size) noexcept nogil:
    # ASCII letters to upper case, everything else as it is; writes exactly `size` octets.
    cdef size_t at = 0
    cdef uint64_t word
    while at + 8 <= size:
        word = fold_word(word_at(octets + at))
        memcpy(target + at, &word, 8)
        at += 8
    if at == size:
        return
    if at:  # the last eight, some of them once more
        word = fold_word(word_at(octets + size - 8))
        memcpy(target + size - 8, &word, 8)
    else:
        word = fold_word(short_word(octets, size))
        memcpy(target, &word, size)


cdef inline uint64_t rotate(uint64_t word, int bits) noexcept nogil:
    return (word << bits) | (word >> (64 - bits))


cdef inline void sip_round(uint64_t* v) noexcept nogil:
    v[0] += v[1]
    v[1] = rotate(v[1], 13) ^ v[0]
    v[0] = rotate(v[0], 32)
    v[2] += v[3]
    v[3] = rotate(v[3], 16) ^ v[2]
    v[0] += v[3]
    v[3] = rotate(v[3], 21) ^ v[0]
    v[2] += v[1]
    v[1] = rotate(v[1], 17) ^ v[2]
    v[2] = rotate(v[2], 32)


cdef inline uint64_t sip_hash(Secret secret, const uint8_t* octets, size_t size) noexcept nogil:
    # SipHash-1-3: keyed, because whoever registers names must not be able to make them collide.
    cdef uint64_t v[4]
    cdef uint64_t word
    cdef size_t at = 0
    v[0] = secret.low ^ 0x736F6D6570736575ULL
    v[1] = secret.high ^ 0x646F72616E646F6DULL
    v[2] = secret.low ^ 0x6C7967656E657261ULL
    v[3] = secret.high ^ 0x7465646279746573ULL
    while at + 8 <= size:
        word = word_at(octets + at)
        v[3] ^= word
        sip_round(v)
        v[0] ^= word
        at += 8
    word = short_word(octets + at, size - at) | <uint64_t>(size & 0xFF) << 56
    v[3] ^= word
    sip_round(v)
    v[0] ^= word
    v[2] ^= 0xFF
    sip_round(v)
    sip_round(v)
    sip_round(v)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


cdef inline uint64_t checksum(uint64_t seed, const uint8_t* octets, size_t size) noexcept nogil:
    # Against rot and torn pages, not against forgers. Three lanes, because one would wait for its own multiplications; of what
    # the last of them leave, the last sixteen octets are read at the end of all, some of them once more.
    cdef uint64_t one = seed ^ MIX_0
    cdef uint64_t two = seed ^ MIX_1
    cdef uint64_t three = seed ^ MIX_2
    cdef uint64_t end[2]
    cdef size_t left = size
    while left >= 48:
        one = mix(word_at(octets) ^ MIX_3, word_at(octets + 8) ^ one)
        two = mix(word_at(octets + 16) ^ MIX_4, word_at(octets + 24) ^ two)
        three = mix(word_at(octets + 32) ^ MIX_5, word_at(octets + 40) ^ three)
        octets += 48
        left -= 48
    if left > 16:
        one = mix(word_at(octets) ^ MIX_3, word_at(octets + 8) ^ one)
    if left > 32:
        two = mix(word_at(octets + 16) ^ MIX_4, word_at(octets + 24) ^ two)
    if size >= 16:
        end[0] = word_at(octets + left - 16)
        end[1] = word_at(octets + left - 8)
    else:
        end[0] = end[1] = 0
        memcpy(end, octets, size)
    return mix(end[0] ^ MIX_0 ^ size, end[1] ^ one ^ two ^ three)
