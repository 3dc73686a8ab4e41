# Gate: from where questions are answered, and how many. The rules are those of `resolver/guard/{sources,rates}.py`; the
# tables are direct-mapped, because a table that chains can be made long and one that evicts must keep an order.

cdef enum:
    PLACES = 65536  # of each table
    NETWORKS_MAX = 256

    STANDING_UNPROVEN = 0
    STANDING_PROVEN = 1
    STANDING_TRUSTED = 2

    # Bits of the key an address is limited by, of its network and of its region; IPv4 stands in the last 32 of 128.
    IPV4_HOST = 128
    IPV4_NETWORK = 120
    IPV4_REGION = 116
    IPV6_HOST = 64
    IPV6_NETWORK = 56
    IPV6_REGION = 48

UNPROVEN, PROVEN, TRUSTED = STANDING_UNPROVEN, STANDING_PROVEN, STANDING_TRUSTED

# In the machine's own octet order, so that masks are plain numbers. An IPv4 address is ::ffff:a.b.c.d.
cdef struct Address:
    uint64_t high
    uint64_t low

cdef struct Network:
    Address address
    Address mask
    bint ipv4

cdef struct Bucket:
    Address key
    bint taken  # a place of zeros would else be the empty bucket of `::`
    double tokens
    double counted

cdef struct Proof:
    Address address
    double until


cdef inline bint is_ipv4(Address address) noexcept nogil:
    return address.high == 0 and address.low >> 32 == 0xFFFF


cdef inline Address mask_of(int bits) noexcept nogil:
    cdef Address mask
    mask.high = ~<uint64_t>0 if bits >= 64 else ~(~<uint64_t>0 >> bits) if bits else 0
    mask.low = 0 if bits <= 64 else ~<uint64_t>0 if bits == 128 else ~(~<uint64_t>0 >> (bits - 64))
    return mask


cdef inline Address masked(Address address, int bits) noexcept nogil:
    cdef Address mask = mask_of(bits)
    address.high &= mask.high
    address.low &= mask.low
    return address


cdef inline bint same(Address one, Address other) noexcept nogil:
    return one.high == other.high and one.low == other.low


cdef inline Address read_address(const uint8_t* octets, size_t size) noexcept nogil:
    # 4 octets or 16; an IPv4 address inside IPv6 is the IPv4 address.
    cdef Address address
    if size == 4:
        address.high = 0
        address.low = (<uint64_t>0xFFFF << 32) | get_u32(octets)
    else:
        address.high = (<uint64_t>get_u32(octets) << 32) | get_u32(octets + 4)
        address.low = (<uint64_t>get_u32(octets + 8) << 32) | get_u32(octets + 12)
    return address


cdef class Gate:
    """Which datagrams are answered at all; see the stub."""

    cdef Network networks[NETWORKS_MAX]
    cdef int networks_count
    cdef Secret secret
    cdef Proof* proofs
    cdef Bucket* proven
    cdef Bucket* unproven
    cdef Bucket* unproven_network
    cdef Bucket* unproven_region
    cdef double proven_per_s, proven_burst, unproven_per_s, unproven_burst, network_factor, region_factor

    def __cinit__(self):
        self.proofs = NULL
        self.proven = self.unproven = self.unproven_network = self.unproven_region = NULL

    def __init__(self, trusted, bytes secret not None, *, double unproven_per_s=50, double unproven_burst=125,
                 double proven_per_s=200, double proven_burst=500, double network_factor=32, double region_factor=256):
        if self.proofs is not NULL:
            raise TypeError("a gate is made once")
        if PyBytes_GET_SIZE(secret) != sizeof(Secret):
            raise ValueError("the secret has 16 octets")
        memcpy(&self.secret, PyBytes_AS_STRING(secret), sizeof(Secret))
        for packed, bits in trusted:
            self.trust(packed, bits)
        self.unproven_per_s, self.unproven_burst = unproven_per_s, unproven_burst
        self.proven_per_s, self.proven_burst = proven_per_s, proven_burst
        self.network_factor, self.region_factor = network_factor, region_factor
        self.proofs = <Proof*>calloc(PLACES, sizeof(Proof))
        self.proven = <Bucket*>calloc(PLACES, sizeof(Bucket))
        self.unproven = <Bucket*>calloc(PLACES, sizeof(Bucket))
        self.unproven_network = <Bucket*>calloc(PLACES, sizeof(Bucket))
        self.unproven_region = <Bucket*>calloc(PLACES, sizeof(Bucket))
        if not (self.proofs and self.proven and self.unproven and self.unproven_network and self.unproven_region):
            raise MemoryError

    def __dealloc__(self):
        free(self.proofs)
        free(self.proven)
        free(self.unproven)
        free(self.unproven_network)
        free(self.unproven_region)

    def prove(self, bytes address not None, double until):
        """An exchange over TCP was completed with this packed address."""
        cdef Address known = packed_address(address)
        cdef Proof* proof = &self.proofs[self.place_of(known, 0)]
        if not same(proof.address, known) or proof.until < until:
            proof.address = known
            proof.until = until

    def standing(self, bytes address not None, double monotonic):
        """UNPROVEN, PROVEN or TRUSTED."""
        return self.standing_of(packed_address(address), monotonic)

    def allow(self, bytes address not None, double monotonic):
        """Take one token for a question of this address."""
        cdef Address known = packed_address(address)
        return self.take(known, self.standing_of(known, monotonic), monotonic)

    cdef int trust(self, bytes packed, int bits) except -1:
        if self.networks_count == NETWORKS_MAX:
            raise ValueError(f"more than {NETWORKS_MAX} trusted networks")
        if not 0 <= bits <= 8 * PyBytes_GET_SIZE(packed):
            raise ValueError(f"a network of {bits} bits")
        cdef Network* network = &self.networks[self.networks_count]
        cdef Address address = packed_address(packed)
        network.ipv4 = PyBytes_GET_SIZE(packed) == 4
        network.mask = mask_of(96 + bits if network.ipv4 else bits)
        network.address.high = address.high & network.mask.high
        network.address.low = address.low & network.mask.low
        self.networks_count += 1
        return 0

    cdef inline size_t place_of(self, Address key, int table) noexcept nogil:
        cdef uint64_t words[3]
        words[0] = key.high
        words[1] = key.low
        words[2] = table
        return sip_hash(self.secret, <const uint8_t*>words, sizeof(words)) & (PLACES - 1)

    cdef inline int standing_of(self, Address address, double now) noexcept nogil:
        cdef int number
        cdef const Network* network
        cdef const Proof* proof
        cdef bint ipv4 = is_ipv4(address)
        for number in range(self.networks_count):
            network = &self.networks[number]
            if (
                (address.low & network.mask.low) == network.address.low
                and (address.high & network.mask.high) == network.address.high
                and network.ipv4 == ipv4
            ):
                return STANDING_TRUSTED
        proof = &self.proofs[self.place_of(address, 0)]
        return STANDING_PROVEN if same(proof.address, address) and now < proof.until else STANDING_UNPROVEN

    cdef inline bint take(self, Address address, int standing, double now) noexcept nogil:
        cdef bint ipv4 = is_ipv4(address)
        cdef Address host = masked(address, IPV4_HOST if ipv4 else IPV6_HOST)
        if standing == STANDING_TRUSTED:
            return True
        if standing == STANDING_PROVEN:
            return self.take_from(self.proven, 1, host, self.proven_per_s, self.proven_burst, now)
        if not self.take_from(self.unproven, 2, host, self.unproven_per_s, self.unproven_burst, now):
            return False
        host = masked(address, IPV4_NETWORK if ipv4 else IPV6_NETWORK)
        if not self.take_from(
            self.unproven_network, 3, host, self.unproven_per_s * self.network_factor, self.unproven_burst * self.network_factor, now
        ):
            return False
        host = masked(address, IPV4_REGION if ipv4 else IPV6_REGION)
        return self.take_from(
            self.unproven_region, 4, host, self.unproven_per_s * self.region_factor, self.unproven_burst * self.region_factor, now
        )

    cdef inline bint take_from(self, Bucket* buckets, int table, Address key, double per_s, double burst, double now) noexcept nogil:
        cdef Bucket* bucket = &buckets[self.place_of(key, table)]
        cdef double tokens = burst
        cdef bint allowed
        if bucket.taken and same(bucket.key, key):
            tokens = min(burst, bucket.tokens + (now - bucket.counted) * per_s)
        allowed = tokens >= 1.0
        bucket.key = key
        bucket.taken = True
        bucket.tokens = tokens - 1.0 if allowed else tokens
        bucket.counted = now
        return allowed


cdef Address packed_address(bytes packed) except *:
    if PyBytes_GET_SIZE(packed) not in (4, 16):
        raise ValueError("a packed address has 4 or 16 octets")
    return read_address(<const uint8_t*>PyBytes_AS_STRING(packed), PyBytes_GET_SIZE(packed))
