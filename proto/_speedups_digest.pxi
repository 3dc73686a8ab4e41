# Sealed values: BLAKE2b of eight octets (RFC 7693) in front of what a store keeps; `proto/sealing.py` is the plain twin.

cdef extern from *:
    """
    #include <endian.h>

    /* RFC 7693 §2.6: the fraction bits of the square roots of the first primes. */
    static const uint64_t idis_blake_iv[8] = {
        0x6A09E667F3BCC908ULL, 0xBB67AE8584CAA73BULL, 0x3C6EF372FE94F82BULL, 0xA54FF53A5F1D36F1ULL,
        0x510E527FADE682D1ULL, 0x9B05688C2B3E6C1FULL, 0x1F83D9ABFB41BD6BULL, 0x5BE0CD19137E2179ULL,
    };

    #define IDIS_BLAKE_TURN(word, bits) (((word) >> (bits)) | ((word) << (64 - (bits))))
    #define IDIS_BLAKE_MIX(a, b, c, d, x, y) \
        a += b + m[x]; d = IDIS_BLAKE_TURN(d ^ a, 32); c += d; b = IDIS_BLAKE_TURN(b ^ c, 24); \
        a += b + m[y]; d = IDIS_BLAKE_TURN(d ^ a, 16); c += d; b = IDIS_BLAKE_TURN(b ^ c, 63);
    #define IDIS_BLAKE_ROUND(s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, sa, sb, sc, sd, se, sf) \
        IDIS_BLAKE_MIX(v0, v4, v8, vc, s0, s1) IDIS_BLAKE_MIX(v1, v5, v9, vd, s2, s3) \
        IDIS_BLAKE_MIX(v2, v6, va, ve, s4, s5) IDIS_BLAKE_MIX(v3, v7, vb, vf, s6, s7) \
        IDIS_BLAKE_MIX(v0, v5, va, vf, s8, s9) IDIS_BLAKE_MIX(v1, v6, vb, vc, sa, sb) \
        IDIS_BLAKE_MIX(v2, v7, v8, vd, sc, sd) IDIS_BLAKE_MIX(v3, v4, v9, ve, se, sf)

    /* RFC 7693 §3.2; `octets` have been hashed once this block of 128 has. */
    static void idis_blake_block(uint64_t *h, const uint8_t *block, uint64_t octets, uint64_t last) {
        uint64_t m[16];
        uint64_t v0 = h[0], v1 = h[1], v2 = h[2], v3 = h[3], v4 = h[4], v5 = h[5], v6 = h[6], v7 = h[7];
        uint64_t v8 = idis_blake_iv[0], v9 = idis_blake_iv[1], va = idis_blake_iv[2], vb = idis_blake_iv[3];
        uint64_t vc = idis_blake_iv[4] ^ octets, vd = idis_blake_iv[5], ve = idis_blake_iv[6] ^ last, vf = idis_blake_iv[7];
        for (int at = 0; at < 16; at++) {
            uint64_t word;
            memcpy(&word, block + 8 * at, 8);
            m[at] = le64toh(word);
        }
        IDIS_BLAKE_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        IDIS_BLAKE_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
        IDIS_BLAKE_ROUND(11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4)
        IDIS_BLAKE_ROUND(7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8)
        IDIS_BLAKE_ROUND(9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13)
        IDIS_BLAKE_ROUND(2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9)
        IDIS_BLAKE_ROUND(12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11)
        IDIS_BLAKE_ROUND(13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10)
        IDIS_BLAKE_ROUND(6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5)
        IDIS_BLAKE_ROUND(10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0)
        IDIS_BLAKE_ROUND(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        IDIS_BLAKE_ROUND(14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3)
        h[0] ^= v0 ^ v8; h[1] ^= v1 ^ v9; h[2] ^= v2 ^ va; h[3] ^= v3 ^ vb;
        h[4] ^= v4 ^ vc; h[5] ^= v5 ^ vd; h[6] ^= v6 ^ ve; h[7] ^= v7 ^ vf;
    }

    typedef struct {
        uint64_t h[8];
        uint64_t octets;
        size_t held;
        uint8_t block[128];
    } idis_blake;

    /* Without a key, eight octets long (RFC 7693 §2.5). */
    static void idis_blake_begin(idis_blake *state) {
        memcpy(state->h, idis_blake_iv, sizeof idis_blake_iv);
        state->h[0] ^= 0x01010008ULL;
        state->octets = 0;
        state->held = 0;
    }

    static void idis_blake_take(idis_blake *state, const uint8_t *octets, size_t size) {
        while (size) {
            size_t part = sizeof state->block - state->held;
            if (!part) { /* only the block that turns out to be the last is hashed as such */
                state->octets += sizeof state->block;
                idis_blake_block(state->h, state->block, state->octets, 0);
                state->held = 0;
                continue;
            }
            if (part > size)
                part = size;
            memcpy(state->block + state->held, octets, part);
            state->held += part;
            octets += part;
            size -= part;
        }
    }

    static uint64_t idis_blake_end(idis_blake *state) {
        memset(state->block + state->held, 0, sizeof state->block - state->held);
        idis_blake_block(state->h, state->block, state->octets + state->held, ~0ULL);
        return htole64(state->h[0]); /* as it lies in memory */
    }
    """
    ctypedef struct Blake "idis_blake":
        pass
    void blake_begin "idis_blake_begin"(Blake* state) noexcept nogil
    void blake_take "idis_blake_take"(Blake* state, const uint8_t* octets, size_t size) noexcept nogil
    uint64_t blake_end "idis_blake_end"(Blake* state) noexcept nogil
    uint64_t be64toh(uint64_t number) noexcept nogil

cdef enum:
    SEAL_BYTES = 8


cdef inline uint64_t _seal_of(bytes head, bytes key, const uint8_t* rest, Py_ssize_t size) noexcept:
    cdef Blake state
    blake_begin(&state)
    blake_take(&state, <const uint8_t*><char*>head, len(head))
    blake_take(&state, <const uint8_t*><char*>key, len(key))
    blake_take(&state, rest, size)
    return blake_end(&state)


cdef inline bytes _sealed(bytes head, bytes key, bytes rest, uint64_t* seal):
    cdef Py_ssize_t size = len(rest)
    cdef bytes value = PyBytes_FromStringAndSize(NULL, SEAL_BYTES + size)
    cdef uint8_t* to = <uint8_t*><char*>value
    seal[0] = _seal_of(head, key, <const uint8_t*><char*>rest, size)
    memcpy(to, seal, SEAL_BYTES)
    memcpy(to + SEAL_BYTES, <char*>rest, size)
    return value


def seal_value(bytes head not None, bytes key not None, bytes rest not None):
    cdef uint64_t seal
    return _sealed(head, key, rest, &seal)


def unseal_value(bytes head not None, bytes key not None, bytes value not None):
    cdef Py_ssize_t size = len(value) - SEAL_BYTES
    cdef const uint8_t* at = <const uint8_t*><char*>value
    cdef uint64_t seal
    if size < 0:
        return None
    memcpy(&seal, at, SEAL_BYTES)
    if seal != _seal_of(head, key, at + SEAL_BYTES, size):
        return None
    return PyBytes_FromStringAndSize(<const char*>at + SEAL_BYTES, size)


def seal_rows(bytes head not None, dict rows not None):
    cdef list places = list(rows)
    cdef list values = []
    cdef bytes key, row
    cdef uint64_t seal, seal_sum = 0
    cdef Py_ssize_t octets = 0
    places.sort()
    for key in places:
        row = rows[key]
        if key is None or row is None:
            raise TypeError("a key or row is None")
        values.append((key, _sealed(head, key, row, &seal)))
        seal_sum += be64toh(seal)
        octets += len(key) + SEAL_BYTES + len(row)
    return places, values, seal_sum, octets
