# cython: language_level=3, boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""The compiled generator: asks as planned, checks every answer, counts. Plain twin: `generator_plain.py`.

A generator that is slower than the server measures itself. So nothing is computed here that could be computed ahead
(questions, keys, schedule), nothing is allocated in the loop, and times are read once a batch: one epoll for all
sockets, sendmmsg and recvmmsg for datagrams, one write and one read for as much of a stream as there is.

A question under way has a slot; its request id is the slot's number behind a generation, so an answer finds its slot at
once and a late answer to a former question of the slot is told from a good one. The slots of a connection form a list
in order of sending: its head is the first to time out, and what a dialect without request ids answers next.

Bounds: request ids and lengths from the peer are compared with what is there before anything is read by them; slot
numbers are masked to the table, keys and ends come from our own plan and are checked in `__cinit__`.
"""

cimport cython
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EAGAIN, ECONNREFUSED, EINPROGRESS, EINTR, ENOBUFS, errno
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memmove, memset

cdef extern from *:
    """
    #include <arpa/inet.h>
    #include <netinet/in.h>
    #include <netinet/tcp.h>
    #include <netinet/udp.h>
    #include <poll.h>
    #include <string.h>
    #include <strings.h>
    #include <sys/epoll.h>
    #include <sys/prctl.h>
    #include <sys/socket.h>
    #include <time.h>
    #include <unistd.h>

    #define BATCH 64
    #define PACKET 2048
    #ifndef UDP_SEGMENT
    #define UDP_SEGMENT 103
    #endif
    #ifndef SOL_UDP
    #define SOL_UDP 17
    #endif

    /* The arrays that recvmmsg and sendmmsg want, linked to their buffers once. */
    typedef struct {
        struct mmsghdr messages[BATCH];
        struct iovec vectors[BATCH];
        unsigned char octets[BATCH][PACKET];
    } Batch;

    static void batch_link(Batch *batch) {
        memset(batch->messages, 0, sizeof batch->messages);
        for (int i = 0; i < BATCH; i++) {
            batch->vectors[i].iov_base = batch->octets[i];
            batch->vectors[i].iov_len = PACKET;
            batch->messages[i].msg_hdr.msg_iov = &batch->vectors[i];
            batch->messages[i].msg_hdr.msg_iovlen = 1;
        }
    }

    /* Datagrams of one size to one peer, one behind the other, in a single pass through the kernel, which cuts them apart
       again at its far end. */
    static ssize_t send_alike(int fd, const unsigned char *octets, uint16_t size, int count) {
        union { char octets[CMSG_SPACE(sizeof(uint16_t))]; struct cmsghdr align; } control;
        struct iovec whole = {(void *)octets, (size_t)size * count};
        struct msghdr message;
        memset(&message, 0, sizeof message);
        memset(&control, 0, sizeof control);
        message.msg_iov = &whole;
        message.msg_iovlen = 1;
        message.msg_control = control.octets;
        message.msg_controllen = sizeof control.octets;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_UDP;
        head->cmsg_type = UDP_SEGMENT;
        head->cmsg_len = CMSG_LEN(sizeof(uint16_t));
        memcpy(CMSG_DATA(head), &size, sizeof size);
        return sendmsg(fd, &message, MSG_DONTWAIT);
    }

    static uint64_t clock_ns(void) {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    }

    static void prefetch(const void *at) {
        __builtin_prefetch(at);
        __builtin_prefetch((const char *)at + 64);
    }

    static int open_socket(int datagrams, int v6, const unsigned char *address, int port) {
        struct sockaddr_in to4;
        struct sockaddr_in6 to6;
        int size = 4 << 20, one = 1;
        int fd = socket(v6 ? AF_INET6 : AF_INET, (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            return -1;
        if (datagrams)
            setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
        else
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        memset(&to4, 0, sizeof to4);
        memset(&to6, 0, sizeof to6);
        to4.sin_family = AF_INET;
        to4.sin_port = htons(port);
        memcpy(&to4.sin_addr, address, 4);
        to6.sin6_family = AF_INET6;
        to6.sin6_port = htons(port);
        if (v6)
            memcpy(&to6.sin6_addr, address, 16);
        if (connect(fd, v6 ? (struct sockaddr *)&to6 : (struct sockaddr *)&to4, v6 ? sizeof to6 : sizeof to4) < 0
            && errno != EINPROGRESS) {
            close(fd);
            return -1;
        }
        return fd;
    }

    static int socket_error(int fd) {
        int error = 0;
        socklen_t size = sizeof error;
        return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
    }

    /* Closed by reset: a new connection for each question would otherwise use up the ports in seconds. */
    static void close_at_once(int fd) {
        struct linger none = {1, 0};
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
        close(fd);
    }

    static int watch(int epoll, int fd, uint32_t number, int for_writing, int add) {
        struct epoll_event event;
        event.events = EPOLLIN | (for_writing ? EPOLLOUT : 0);
        event.data.u64 = number;
        return epoll_ctl(epoll, add ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    }

    /* epoll_wait counts in milliseconds; ppoll on the epoll descriptor in nanoseconds. */
    static void sleep_ns(int epoll, uint64_t ns) {
        struct pollfd one = {epoll, POLLIN, 0};
        struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
        ppoll(&one, 1, &time, NULL);
    }

    static int bit_length(uint64_t value) {
        return value ? 64 - __builtin_clzll(value) : 0;
    }

    static inline uint64_t mixed_word(uint64_t hash, const unsigned char *octets) {
        uint64_t word;
        memcpy(&word, octets, 8);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        return hash ^ (hash >> 32);
    }

    /* Four lanes, because one would wait for its own multiplications. */
    static uint64_t mixed(const unsigned char *octets, size_t size, uint64_t seed) {
        uint64_t hash = seed ^ (size * 0x9e3779b97f4a7c15u), word, lanes[3] = {1, 2, 3};
        for (; size >= 32; octets += 32, size -= 32) {
            hash = mixed_word(hash, octets);
            lanes[0] = mixed_word(lanes[0], octets + 8);
            lanes[1] = mixed_word(lanes[1], octets + 16);
            lanes[2] = mixed_word(lanes[2], octets + 24);
        }
        for (int lane = 0; lane < 3; lane++)
            hash = mixed_word(hash, (const unsigned char *)&lanes[lane]);
        for (; size >= 8; octets += 8, size -= 8)
            hash = mixed_word(hash, octets);
        word = 0;
        memcpy(&word, octets, size);
        hash = (hash ^ word) * 0xc4ceb9fe1a85ec53u;
        return hash ^ (hash >> 29);
    }
    """
    ctypedef struct IoVector "struct iovec":
        void *iov_base
        size_t iov_len
    ctypedef struct MessageHeader "struct mmsghdr":
        unsigned int msg_len
    ctypedef struct Batch:
        MessageHeader messages[64]
        IoVector vectors[64]
        uint8_t octets[64][2048]
    ctypedef union EventData "epoll_data_t":
        uint64_t u64
    ctypedef struct Event "struct epoll_event":
        uint32_t events
        EventData data
    int EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, MSG_DONTWAIT, MSG_NOSIGNAL, PR_SET_TIMERSLACK, EPOLL_CLOEXEC
    void batch_link(Batch *batch) nogil
    ssize_t send_alike(int fd, const uint8_t *octets, uint16_t size, int count) nogil
    uint64_t clock_ns() nogil
    void prefetch(const void *at) nogil
    int open_socket(int datagrams, int v6, const uint8_t *address, int port) nogil
    int socket_error(int fd) nogil
    void close_at_once(int fd) nogil
    int watch(int epoll, int fd, uint32_t number, int for_writing, int add) nogil
    void sleep_ns(int epoll, uint64_t ns) nogil
    int bit_length(uint64_t value) nogil
    uint64_t mixed(const uint8_t *octets, size_t size, uint64_t seed) nogil
    int epoll_create1(int flags) nogil
    int epoll_wait(int epoll, Event *events, int events_max, int timeout_ms) nogil
    int recvmmsg(int fd, MessageHeader *messages, unsigned int count, int flags, void *timeout) nogil
    int sendmmsg(int fd, MessageHeader *messages, unsigned int count, int flags) nogil
    ssize_t recv(int fd, void *octets, size_t size, int flags) nogil
    ssize_t send(int fd, const void *octets, size_t size, int flags) nogil
    int close(int fd) nogil
    int prctl(int option, unsigned long value) nogil
    void *memmem(const void *hay, size_t hay_size, const void *needle, size_t needle_size) nogil
    int strncasecmp(const char *one, const char *other, size_t size) nogil

cdef enum:
    HANDLE = 0
    DNS = 1
    RESP = 2
    HTTP = 3

# Positions in `Tally.counts`, see `tally.Count`.
cdef enum:
    OFFERED, SENT, ANSWERED, TIMED_OUT, LATE, UNSENT, WRONG_ECHO, WRONG_DIGEST, BROKEN, HELD
    MALFORMED, STRAY, CONNECT_FAILED, SEND_FAILED, SENT_OCTETS, RECEIVED_OCTETS, CONNECTS, IDLE_NS, LOOP_NS, CPU_NS

cdef enum:
    CLOSED = 0
    CONNECTING = 1
    OPEN = 2

cdef enum:
    BATCH = 64
    OPEN_BATCH = 16  # datagrams of an open loop a system call: all leave at the time read before the first
    PACKET_BYTES = 2_048
    REQUEST_BYTES_MAX = 512
    ENVELOPE = 20
    BODY_AT = 44  # behind envelope and header
    UDP_DATA = 492
    FRAME_BYTES_MAX = 262_164
    BUFFER_BYTES = 1_048_576  # of one read, and of one write
    CODES = 4_096
    DNS_TRUNCATED = 4_001  # see `plan`
    DNS_NO_DATA = 4_002
    DNS_OPT_BYTES = 11  # of a question, if it has an OPT record
    SERVICE_BITS = 11
    SERIES_BITS = 8
    EVENTS = 256
    HEAD_BYTES_MAX = 16_384  # of an HTTP answer

cdef uint64_t VALUE_MAX = (<uint64_t>1 << 36) - 1
cdef uint64_t TICK_NS = 1_000_000  # time-outs and lost connections are looked after this often
cdef uint64_t SIGNAL_NS = 50_000_000
cdef uint64_t REOPEN_NS = 10_000_000  # a server that refuses connections is not asked in a tight loop
cdef uint64_t SPIN_NS = 2_000  # shorter waits than this are not worth the sleep
# Between two sends of an open loop: the kernel takes a few questions for little more than one. What waits meanwhile is late
# by no more than this, as its slip and its response time say, and spares the core being late by more.
cdef uint64_t REST_NS = 10_000
cdef int BROKEN_STREAM = -1

ctypedef struct Slot:
    uint64_t due
    uint64_t sent
    uint64_t digest
    uint32_t key
    uint32_t id  # 0: free
    uint32_t lost_id  # of the last question of this slot that timed out
    uint32_t generation
    uint32_t earlier
    uint32_t later
    uint32_t connection
    uint16_t packets_left  # 0: none has come
    uint16_t code

ctypedef struct Connection:
    int fd
    int state
    uint32_t first
    uint32_t last
    uint32_t under_way
    int watches_writing
    uint64_t reopen_ns
    uint8_t *unread
    size_t unread_size
    size_t unread_room
    uint8_t *unwritten
    size_t unwritten_size
    size_t unwritten_room


def digest(const uint8_t[::1] octets, int sequence=0):
    """The digest of the body of an answer, or of the part in one of its packets; never 0."""
    cdef uint64_t value = mixed(&octets[0], octets.shape[0], sequence) if octets.shape[0] else mixed(NULL, 0, sequence)
    return value | 1


def generate(plan, tally):
    """Do what `plan` says and count in `tally`; the arrays of both are checked first.

    Raises:
        ValueError: the plan contradicts itself.
        OSError: no descriptors left.
    """
    engine = Engine(plan, tally)
    engine.run()


cdef inline uint32_t u32(const uint8_t *at) noexcept nogil:
    return (<uint32_t>at[0] << 24) | (<uint32_t>at[1] << 16) | (<uint32_t>at[2] << 8) | at[3]


cdef inline uint32_t u16(const uint8_t *at) noexcept nogil:
    return (<uint32_t>at[0] << 8) | at[1]


cdef inline void put_u32(uint8_t *at, uint32_t value) noexcept nogil:
    at[0] = <uint8_t>(value >> 24)
    at[1] = <uint8_t>(value >> 16)
    at[2] = <uint8_t>(value >> 8)
    at[3] = <uint8_t>value


cdef inline size_t bucket_of(uint64_t value, int bits) noexcept nogil:
    """`histogram.index_of`."""
    if value > VALUE_MAX:
        value = VALUE_MAX
    cdef int shift = bit_length(value) - bits
    if shift <= 0:
        return value
    return (<size_t>shift << (bits - 1)) + (value >> shift)


cdef int64_t number_in(const uint8_t *at, const uint8_t *end, int base) noexcept nogil:
    """The number at the begin of some text, blanks before it passed over; -1 when there is none or it is absurd."""
    cdef int64_t value = -1
    cdef int digit
    while at < end and at[0] == 32:
        at += 1
    while at < end:
        if 48 <= at[0] <= 57:
            digit = at[0] - 48
        elif base == 16 and 97 <= (at[0] | 32) <= 102:
            digit = (at[0] | 32) - 87
        else:
            break
        value = (0 if value < 0 else value) * base + digit
        if value > FRAME_BYTES_MAX * 16:
            return -1
        at += 1
    return value


@cython.final
cdef class Engine:
    """One run: the plan's arrays, the sockets, the slots, the counts."""

    cdef object _plan
    cdef const uint8_t[::1] _frames
    cdef const uint64_t[::1] _ends
    cdef const uint8_t[::1] _echoes
    cdef const uint64_t[::1] _echo_ends
    cdef const uint32_t[::1] _keys
    cdef const uint64_t[::1] _due
    cdef uint64_t[::1] _expected
    cdef uint64_t[::1] _counts, _codes, _service, _response, _slip, _series
    cdef uint8_t _address[16]
    cdef int _v6, _port, _datagrams, _dialect, _spin, _reconnect, _learn, _in_order, _batch_max
    cdef uint64_t _start, _duration, _warm_up, _timeout, _interval, _questions_max
    cdef size_t _keys_count, _due_count, _intervals
    cdef size_t _next_key, _next_due, _offered_upto
    cdef uint64_t _asked
    cdef uint32_t _pipeline, _connection_count, _rotor
    cdef uint32_t _slot_mask, _id_mask, _free_count, _under_way
    cdef int _slot_bits
    cdef Connection *_connections
    cdef Slot *_slots
    cdef uint32_t *_free
    cdef Batch *_in
    cdef Batch *_out
    cdef uint8_t *_read_buffer
    cdef uint8_t *_write_buffer
    cdef int _epoll, _held, _sending, _closes, _no_segments
    cdef uint64_t _held_upto, _idle, _rest_upto

    def __cinit__(self, plan, tally):
        import ipaddress

        self._epoll = -1
        self._plan = plan
        self._frames, self._ends = memoryview(plan.frames.octets or b"\0"), plan.frames.ends
        self._echoes, self._echo_ends = memoryview(plan.frames.echoes or b"\0"), plan.frames.echo_ends
        self._keys, self._due, self._expected = plan.keys, plan.due, plan.expected
        self._counts, self._codes, self._series = tally.counts, tally.codes, tally.series
        self._service, self._response, self._slip = tally.service.counts, tally.response.counts, tally.slip.counts
        packed = ipaddress.ip_address(plan.address).packed
        self._v6, self._port = len(packed) == 16, plan.port
        for place, octet in enumerate(packed):
            self._address[place] = octet
        self._datagrams, self._dialect = plan.datagrams, int(plan.dialect)
        self._spin, self._reconnect, self._learn = plan.spin, plan.reconnect and not plan.datagrams, plan.learn
        self._in_order = self._dialect == RESP or self._dialect == HTTP
        self._start, self._duration, self._warm_up = plan.start_ns, plan.duration_ns, plan.warm_up_ns
        self._timeout, self._interval = plan.timeout_ns, plan.interval_ns
        self._questions_max = plan.questions_max
        self._keys_count, self._due_count = len(plan.keys), len(plan.due)
        self._intervals = tally.intervals
        self._batch_max = OPEN_BATCH if self._due_count else BATCH
        self._pipeline = 1 if self._reconnect else plan.pipeline
        self._check(plan, tally)
        self._allocate(plan)

    def _check(self, plan, tally):
        from idis.bench.asking.histogram import bucket_count
        from idis.bench.asking.tally import CODES as CODES_THERE
        from idis.bench.asking.tally import COUNTS, SERIES_BUCKETS

        fair = (
            0 < self._ends.shape[0] < 2**31 and self._keys_count and self._are_keys_there() and self._are_frames_there(plan)
            and self._expected.shape[0] in (0, self._ends.shape[0]) and (self._expected.shape[0] or not plan.learn)
            and len(tally.counts) == COUNTS == CPU_NS + 1 and len(tally.codes) == CODES_THERE == CODES
            and len(tally.series) == tally.intervals * SERIES_BUCKETS and SERIES_BUCKETS == bucket_count(SERIES_BITS)
            and len(tally.service.counts) == len(tally.response.counts) == len(tally.slip.counts) == bucket_count(SERVICE_BITS)
            and plan.connections > 0 and plan.pipeline > 0 and plan.interval_ns > 0 and tally.intervals > 0
            and not (plan.datagrams and self._in_order)
        )
        if not fair:
            raise ValueError("the plan contradicts itself")

    cdef bint _are_keys_there(self):
        cdef size_t number
        for number in range(self._keys_count):
            if self._keys[number] >= self._ends.shape[0]:
                return False
        return True

    cdef bint _are_frames_there(self, plan):
        cdef uint64_t least = BODY_AT + 4 if self._dialect == HANDLE else 16
        cdef uint64_t most = REQUEST_BYTES_MAX if self._datagrams else BUFFER_BYTES // 2
        cdef uint64_t begin = 0
        cdef size_t number, keys = self._ends.shape[0]
        for number in range(keys):
            if not begin + least <= self._ends[number] <= begin + most:
                return False
            begin = self._ends[number]
        if begin != <uint64_t>len(plan.frames.octets) or self._echo_ends.shape[0] not in (0, keys):
            return False
        begin = 0
        for number in range(self._echo_ends.shape[0]):
            if not begin <= self._echo_ends[number] <= <uint64_t>self._echoes.shape[0]:
                return False
            begin = self._echo_ends[number]
        return True

    def _allocate(self, plan):
        cdef uint32_t number
        cdef uint32_t slots = plan.slots
        self._connection_count = plan.connections
        self._slot_mask, self._slot_bits = slots - 1, slots.bit_length() - 1
        self._id_mask = 0xFFFF if self._dialect == DNS else 0x7FFFFFFF
        self._connections = <Connection *>calloc(self._connection_count, sizeof(Connection))
        self._slots = <Slot *>calloc(slots, sizeof(Slot))
        self._free = <uint32_t *>calloc(slots, sizeof(uint32_t))
        self._in, self._out = <Batch *>calloc(1, sizeof(Batch)), <Batch *>calloc(1, sizeof(Batch))
        self._read_buffer, self._write_buffer = <uint8_t *>calloc(1, BUFFER_BYTES), <uint8_t *>calloc(1, BUFFER_BYTES)
        if not (self._connections and self._slots and self._free and self._in and self._out and self._read_buffer and self._write_buffer):
            raise MemoryError
        batch_link(self._in)
        batch_link(self._out)
        for number in range(self._connection_count):
            self._connections[number].fd = -1
        # Slot 0 stays unused: it ends the lists, and no id is 0.
        for number in range(1, slots):
            self._free[slots - 1 - number] = number
        self._free_count = slots - 1
        self._epoll = epoll_create1(EPOLL_CLOEXEC)
        if self._epoll < 0:
            raise OSError(errno, "epoll")

    def __dealloc__(self):
        cdef uint32_t number
        if self._connections:
            for number in range(self._connection_count):
                if self._connections[number].fd >= 0:
                    close(self._connections[number].fd)
                free(self._connections[number].unread)
                free(self._connections[number].unwritten)
        free(self._connections)
        free(self._slots)
        free(self._free)
        free(self._in)
        free(self._out)
        free(self._read_buffer)
        free(self._write_buffer)
        if self._epoll >= 0:
            close(self._epoll)

    # The loop

    def run(self):
        """Until everything planned is sent and answered, or timed out."""
        prctl(PR_SET_TIMERSLACK, 1)
        with nogil:
            self._open_all()
            while clock_ns() + 2 * TICK_NS < self._start:
                self._turn(TICK_NS, 0)
            while clock_ns() < self._start:
                pass
            self._sending = 1
            self._start_all()
            self._loop()
        self._count_offered()

    cdef int _loop(self) except -1 nogil:
        cdef uint64_t now, tick = 0, signal = 0
        cdef int worked
        while True:
            now = self._now()
            worked = self._ask_due(now)
            if now >= tick:
                tick = now + TICK_NS * (1 + self._connection_count / 1_000)
                self._look_after(now)
            if now >= signal:
                signal = now + SIGNAL_NS
                with gil:
                    PyErr_CheckSignals()
            if self._sending and self._has_sent_all(now):
                self._sending = 0
                self._counts[IDLE_NS] += self._idle
                self._counts[LOOP_NS] += now
            if not self._sending and not self._under_way:
                return 0
            self._turn(0 if worked or self._spin else self._wait(now), worked)

    cdef inline uint64_t _now(self) noexcept nogil:
        """Since the start; 0 before."""
        cdef uint64_t clock = clock_ns()
        return clock - self._start if clock > self._start else 0

    cdef bint _has_sent_all(self, uint64_t now) noexcept nogil:
        if self._due_count:
            return self._next_due >= self._due_count or (now >= self._duration and self._held)
        return now >= self._duration or (self._questions_max and self._asked >= self._questions_max)

    cdef uint64_t _wait(self, uint64_t now) noexcept nogil:
        """How long nothing needs to be done unless something arrives; 0 when a sleep is not worth it."""
        cdef uint64_t until = now + TICK_NS
        if self._due_count and self._sending and not self._held and self._due[self._next_due] < until:
            until = self._due[self._next_due]
        return until - now if until > now + SPIN_NS else 0

    cdef int _turn(self, uint64_t wait, int worked) noexcept nogil:
        """Wait at most so long, and do whatever the sockets are ready for."""
        cdef Event events[EVENTS]
        cdef uint64_t before = self._now() if wait or not worked else 0
        cdef int count, number
        cdef Connection *connection
        if wait and wait < TICK_NS:
            sleep_ns(self._epoll, wait)
        count = epoll_wait(self._epoll, events, EVENTS, 1 if wait >= TICK_NS else 0)
        if wait or (count <= 0 and not worked):
            self._idle += self._now() - before
        for number in range(count):
            connection = &self._connections[<uint32_t>events[number].data.u64]
            if connection.state == CONNECTING:
                self._finish_connecting(connection, self._now())
                continue
            if events[number].events & <uint32_t>EPOLLOUT and connection.state == OPEN:
                self._write_rest(connection, self._now())
            if events[number].events & <uint32_t>(EPOLLIN | EPOLLERR | EPOLLHUP) and connection.state == OPEN:
                if self._datagrams:
                    self._receive_datagrams(connection)
                else:
                    self._receive_stream(connection)
            self._fill(connection)
        return count

    def _count_offered(self):
        cdef uint64_t now = self._now()
        cdef size_t number
        if not self._due_count:
            self._counts[OFFERED] += self._counts[SENT]
            return
        for number in range(self._due_count):
            if self._due[number] < self._warm_up:
                continue
            self._counts[OFFERED] += 1
            if number >= self._next_due:
                self._counts[UNSENT] += 1
                self._record_response(self._due[number], max(self._timeout, now - self._due[number]))

    # Asking

    cdef int _ask_due(self, uint64_t now) noexcept nogil:
        """Send what is due by now (open loop); whether anything was sent."""
        cdef int count, worked = 0
        cdef Connection *connection
        if not self._due_count or not self._sending or now < self._rest_upto:
            return 0
        while self._next_due < self._due_count and self._due[self._next_due] <= now:
            connection = self._free_connection()
            if not connection:
                self._hold(now)
                break
            count = 1
            while (count < self._batch_max and self._next_due + count < self._due_count
                   and self._due[self._next_due + count] <= now):
                count += 1
            worked = 1
            self._rest_upto = now + REST_NS
            if not self._ask(connection, count, now):
                break
            self._held = 0
            now = self._now()
        return worked

    cdef void _hold(self, uint64_t now) noexcept nogil:
        """The server, not we, delays what is due by now."""
        self._held = 1
        self._held_upto = now

    cdef Connection *_free_connection(self) noexcept nogil:
        """The next connection in turn that may carry another question; NULL when there is none."""
        cdef uint32_t number
        cdef Connection *connection
        for number in range(self._connection_count):
            connection = &self._connections[self._rotor]
            self._rotor = self._rotor + 1 if self._rotor + 1 < self._connection_count else 0
            if connection.state == OPEN and not connection.watches_writing and connection.under_way < self._pipeline:
                return connection
        return NULL

    cdef void _fill(self, Connection *connection) noexcept nogil:
        """Use the free places of a connection at once (closed loop)."""
        cdef uint64_t now
        cdef int count, room
        if self._due_count or not self._sending:
            return
        while connection.state == OPEN and not connection.watches_writing and connection.under_way < self._pipeline:
            now = self._now()
            if self._has_sent_all(now):
                return
            room = self._pipeline - connection.under_way
            count = min(room, self._batch_max) if self._datagrams else room
            if self._questions_max and <uint64_t>count > self._questions_max - self._asked:
                count = <int>(self._questions_max - self._asked)
            if not self._ask(connection, count, now):
                return

    cdef int _ask(self, Connection *connection, int count, uint64_t now) noexcept nogil:
        """Send up to so many questions on one connection; how many were sent."""
        if <uint32_t>count > self._free_count:
            count = self._free_count
        if <uint32_t>count > self._pipeline - connection.under_way:
            count = self._pipeline - connection.under_way
        if count <= 0:
            self._hold(now)
            return 0
        if self._datagrams:
            return self._ask_by_datagrams(connection, count, now)
        return self._ask_by_stream(connection, count, now)

    cdef int _ask_by_datagrams(self, Connection *connection, int count, uint64_t now) noexcept nogil:
        cdef int number, sent, error, alike = not self._no_segments
        cdef uint8_t *to = self._write_buffer
        for number in range(count):
            self._out.vectors[number].iov_base = to
            self._out.vectors[number].iov_len = self._compose(connection, to, now)
            to += self._out.vectors[number].iov_len
            alike &= self._out.vectors[number].iov_len == self._out.vectors[0].iov_len
        sent = self._send_batch(connection, count, alike)
        if sent < 0 and errno == ECONNREFUSED:
            # The error belongs to a former datagram; reading it here has cleared it.
            self._counts[CONNECT_FAILED] += 1
            sent = self._send_batch(connection, count, alike)
        error = errno
        for number in range(count - max(sent, 0)):
            self._take_back(connection)
        if sent >= count:
            return sent
        self._hold(now)
        if sent >= 0 or error == EAGAIN or error == ENOBUFS or error == EINTR:
            self._watch_writing(connection, 1)
        else:
            self._counts[SEND_FAILED] += 1
            self._lose(connection, now)
        return max(sent, 0)

    cdef int _send_batch(self, Connection *connection, int count, int alike) noexcept nogil:
        """How many of the composed datagrams the kernel took; below 0 for an error."""
        if count == 1:
            return 1 if send(connection.fd, self._write_buffer, self._out.vectors[0].iov_len, MSG_DONTWAIT) >= 0 else -1
        if alike:
            if send_alike(connection.fd, self._write_buffer, <uint16_t>self._out.vectors[0].iov_len, count) >= 0:
                return count
            if errno == EAGAIN or errno == ECONNREFUSED or errno == ENOBUFS or errno == EINTR:
                return -1
            self._no_segments = 1  # an old kernel, or a way that cannot
        return sendmmsg(connection.fd, self._out.messages, count, MSG_DONTWAIT)

    cdef int _ask_by_stream(self, Connection *connection, int count, uint64_t now) noexcept nogil:
        cdef int number = 0
        cdef size_t size = 0
        cdef ssize_t sent
        while number < count and size < BUFFER_BYTES // 2:
            size += self._compose(connection, self._write_buffer + size, now)
            number += 1
        sent = send(connection.fd, self._write_buffer, size, MSG_NOSIGNAL | MSG_DONTWAIT)
        if sent < 0 and errno != EAGAIN and errno != EINTR:
            self._counts[SEND_FAILED] += 1
            self._lose(connection, now)
        elif sent < <ssize_t>size:
            self._keep_unwritten(connection, self._write_buffer + max(sent, 0), size - max(sent, 0))
        return number

    cdef size_t _compose(self, Connection *connection, uint8_t *to, uint64_t now) noexcept nogil:
        """Write the next question to `to` and give it a slot; its octets."""
        cdef uint32_t key = self._keys[self._next_key]
        cdef uint64_t begin = self._ends[key - 1] if key else 0
        cdef size_t size = self._ends[key] - begin
        cdef size_t ahead = self._next_key + 6
        cdef uint32_t number, key_ahead
        cdef Slot *slot
        if ahead < self._keys_count:
            key_ahead = self._keys[ahead]
            prefetch(&self._ends[key_ahead])
        if ahead - 3 < self._keys_count:
            key_ahead = self._keys[ahead - 3]
            prefetch(&self._frames[self._ends[key_ahead - 1] if key_ahead else 0])
        self._next_key = self._next_key + 1 if self._next_key + 1 < self._keys_count else 0
        self._free_count -= 1
        number = self._free[self._free_count]
        slot = &self._slots[number]
        slot.generation += 1
        slot.id = ((slot.generation << self._slot_bits) | number) & self._id_mask
        slot.key, slot.sent, slot.due = key, now, now
        slot.digest, slot.packets_left = 0, 0
        slot.connection = <uint32_t>(connection - self._connections)
        slot.earlier, slot.later = connection.last, 0
        if connection.last:
            self._slots[connection.last].later = number
        else:
            connection.first = number
        connection.last = number
        connection.under_way += 1
        self._under_way += 1
        self._asked += 1
        if self._due_count:
            slot.due = self._due[self._next_due]
            self._next_due += 1
        if slot.due >= self._warm_up:
            self._counts[SENT] += 1
            self._counts[SENT_OCTETS] += size
            if self._held_upto and slot.due <= self._held_upto:
                self._counts[HELD] += 1
            elif self._due_count:
                self._slip[bucket_of(now - slot.due, SERVICE_BITS)] += 1
        memcpy(to, &self._frames[begin], size)
        if self._dialect == HANDLE:
            put_u32(to + 8, slot.id)
        elif self._dialect == DNS:
            to += 0 if self._datagrams else 2
            to[0], to[1] = slot.id >> 8, slot.id & 0xFF
        return size

    cdef void _take_back(self, Connection *connection) noexcept nogil:
        """Undo the last `_compose`: the kernel did not take the question."""
        cdef Slot *slot = &self._slots[connection.last]
        cdef uint64_t size = self._ends[slot.key] - (self._ends[slot.key - 1] if slot.key else 0)
        if slot.due >= self._warm_up:
            self._counts[SENT] -= 1
            self._counts[SENT_OCTETS] -= size
            if self._held_upto and slot.due <= self._held_upto:
                self._counts[HELD] -= 1
            elif self._due_count:
                self._slip[bucket_of(slot.sent - slot.due, SERVICE_BITS)] -= 1
        self._next_due -= 1 if self._due_count else 0
        self._next_key = self._next_key - 1 if self._next_key else self._keys_count - 1
        self._asked -= 1
        self._release(connection, connection.last)

    cdef void _release(self, Connection *connection, uint32_t number) noexcept nogil:
        """A slot becomes free."""
        cdef Slot *slot = &self._slots[number]
        if slot.earlier:
            self._slots[slot.earlier].later = slot.later
        else:
            connection.first = slot.later
        if slot.later:
            self._slots[slot.later].earlier = slot.earlier
        else:
            connection.last = slot.earlier
        slot.id = 0
        self._free[self._free_count] = number
        self._free_count += 1
        connection.under_way -= 1
        self._under_way -= 1

    # Answers

    cdef void _receive_datagrams(self, Connection *connection) noexcept nogil:
        cdef int number
        cdef int count = recvmmsg(connection.fd, self._in.messages, BATCH, MSG_DONTWAIT, NULL)
        cdef uint64_t now = self._now()
        cdef size_t size
        if count < 0:
            if errno == ECONNREFUSED:
                self._counts[CONNECT_FAILED] += 1
            return
        for number in range(count):
            if number + 3 < count and self._dialect == HANDLE:
                self._call(self._in.octets[number], PACKET_BYTES)
            size = self._in.messages[number].msg_len
            if self._dialect == DNS:
                self._read_dns(connection, self._in.octets[number], size, size, now)
            else:
                self._read_packet(connection, self._in.octets[number], size, now)

    cdef void _receive_stream(self, Connection *connection) noexcept nogil:
        cdef size_t size = connection.unread_size, at = 0
        cdef ssize_t arrived
        cdef int64_t used = 0
        cdef uint64_t now
        if size:
            memcpy(self._read_buffer, connection.unread, size)
        arrived = recv(connection.fd, self._read_buffer + size, BUFFER_BYTES - size, MSG_DONTWAIT)
        now = self._now()
        if arrived <= 0:
            if arrived == 0 or (errno != EAGAIN and errno != EINTR):
                self._lose(connection, now)
            return
        size += arrived
        while at < size:
            if used > 0 and self._dialect == HANDLE and size - at >= 3 * <size_t>used + ENVELOPE:
                self._call(self._read_buffer + at, used)
            used = self._read_answer(connection, self._read_buffer + at, size - at, now)
            if used <= 0:
                break
            at += used
        if used == BROKEN_STREAM or size - at == BUFFER_BYTES:
            self._counts[MALFORMED] += 1
            self._lose(connection, now)
            return
        if self._closes or (self._reconnect and at):
            self._closes = 0
            self._lose(connection, now)
            return
        connection.unread_size = 0
        if size > at:
            if not self._make_room(&connection.unread, &connection.unread_room, size - at):
                self._lose(connection, now)
                return
            memcpy(connection.unread, self._read_buffer + at, size - at)
            connection.unread_size = size - at

    cdef int64_t _read_answer(self, Connection *connection, const uint8_t *at, size_t size, uint64_t now) noexcept nogil:
        """The octets of the answer at the begin of a stream; 0 when it is not whole, BROKEN_STREAM when it cannot be."""
        cdef size_t length
        if self._dialect == HANDLE:
            if size < ENVELOPE:
                return 0
            length = u32(at + 16) + <size_t>ENVELOPE
            if length > FRAME_BYTES_MAX or length < BODY_AT:
                return BROKEN_STREAM
            if size < length:
                return 0
            self._read_message(connection, at, length, now)
            return length
        if self._dialect == DNS:
            if size < 2 or size < 2 + u16(at):
                return 0
            self._read_dns(connection, at + 2, u16(at), 2 + u16(at), now)
            return 2 + u16(at)
        if self._dialect == RESP:
            return self._read_resp(connection, at, size, now)
        return self._read_http(connection, at, size, now)

    cdef inline void _call(self, const uint8_t *at, size_t stride) noexcept nogil:
        """Ask memory for what the next three answers will be compared with; answers are alike, so where they are is guessed."""
        cdef Slot *slot = &self._slots[u32(at + 3 * stride + 8) & self._slot_mask]
        prefetch(slot)
        slot = &self._slots[u32(at + 2 * stride + 8) & self._slot_mask]
        prefetch(&self._ends[slot.key])
        if self._expected.shape[0]:
            prefetch(&self._expected[slot.key])
        slot = &self._slots[u32(at + stride + 8) & self._slot_mask]
        prefetch(&self._frames[self._ends[slot.key - 1] if slot.key else 0])

    cdef Slot *_slot_of(self, Connection *connection, uint32_t id) noexcept nogil:
        """The question an id belongs to; NULL, and counted, when there is none."""
        cdef Slot *slot = &self._slots[id & self._slot_mask]
        if id and slot.id == id and &self._connections[slot.connection] == connection:
            return slot
        if id and slot.lost_id == id:
            slot.lost_id = 0
            self._counts[LATE] += 1
        else:
            self._counts[STRAY] += 1
        return NULL

    cdef void _read_packet(self, Connection *connection, const uint8_t *packet, size_t size, uint64_t now) noexcept nogil:
        """One datagram of the Handle protocol; an answer may come in several, in any order."""
        cdef Slot *slot
        cdef uint32_t length, sequence
        cdef uint64_t value
        if size <= ENVELOPE or size > PACKET_BYTES:
            self._counts[MALFORMED] += 1
            return
        length, sequence = u32(packet + 16), u32(packet + 12)
        if length <= UDP_DATA:
            if size != ENVELOPE + length or length < BODY_AT - ENVELOPE:
                self._counts[MALFORMED] += 1
                return
            self._read_message(connection, packet, size, now)
            return
        slot = self._slot_of(connection, u32(packet + 8))
        if not slot:
            return
        if length > FRAME_BYTES_MAX or <uint64_t>sequence * UDP_DATA >= length or (sequence == 0 and size < BODY_AT):
            self._counts[MALFORMED] += 1
            return
        if slot.packets_left == 0:
            slot.packets_left = (length + UDP_DATA - 1) / UDP_DATA
        if sequence == 0:
            slot.code = <uint16_t>min(u32(packet + 24), <uint32_t>CODES - 1)
            if u32(packet + 20) != 1 or not self._echoes_request(slot, packet, size, slot.code):
                slot.code = 0
            slot.digest ^= mixed(packet + BODY_AT, size - BODY_AT, 0) | 1
        else:
            slot.digest ^= mixed(packet + ENVELOPE, size - ENVELOPE, sequence) | 1
        slot.packets_left -= 1
        if slot.packets_left == 0:
            value = slot.digest
            self._settle(connection, slot, slot.code, value, slot.code != 0, length + ENVELOPE, now)

    cdef void _read_message(self, Connection *connection, const uint8_t *at, size_t size, uint64_t now) noexcept nogil:
        """One whole message of the Handle protocol, of at least envelope and header."""
        cdef Slot *slot = self._slot_of(connection, u32(at + 8))
        cdef uint32_t code
        cdef uint64_t value = 0
        if not slot:
            return
        code = u32(at + 24)
        if self._expected.shape[0] and size > BODY_AT:
            value = mixed(at + BODY_AT, size - BODY_AT, 0) | 1
        self._settle(connection, slot, code, value, u32(at + 20) == 1 and self._echoes_request(slot, at, size, code), size, now)

    cdef bint _echoes_request(self, Slot *slot, const uint8_t *at, size_t size, uint32_t code) noexcept nogil:
        """Whether a success names the identifier as it was asked; refusals do not name it."""
        cdef const uint8_t *asked = &self._frames[self._ends[slot.key - 1] if slot.key else 0]
        cdef size_t asked_size = self._ends[slot.key] - (self._ends[slot.key - 1] if slot.key else 0)
        cdef size_t echo_size = u32(asked + BODY_AT) + <size_t>4
        if code != 1:
            return True
        if BODY_AT + echo_size > size or BODY_AT + echo_size > asked_size:
            return False
        return memcmp(at + BODY_AT, asked + BODY_AT, echo_size) == 0

    cdef void _read_dns(self, Connection *connection, const uint8_t *at, size_t size, size_t octets, uint64_t now) noexcept nogil:
        """One DNS message: the question must stand in the answer as it was asked."""
        cdef Slot *slot
        cdef const uint8_t *asked
        cdef size_t asked_size
        cdef uint32_t code
        cdef uint64_t value = 0
        if size < 12 or size > 65_535 or (self._datagrams and size > PACKET_BYTES):
            self._counts[MALFORMED] += 1
            return
        slot = self._slot_of(connection, u16(at))
        if not slot:
            return
        asked = &self._frames[self._ends[slot.key - 1] if slot.key else 0]
        asked_size = self._ends[slot.key] - (self._ends[slot.key - 1] if slot.key else 0)
        if not self._datagrams:
            asked, asked_size = asked + 2, asked_size - 2
        if asked[11]:
            asked_size -= DNS_OPT_BYTES  # is not echoed as it was
        if self._expected.shape[0]:
            value = mixed(at + 12, size - 12, 0) | 1
        code = at[3] & 15
        if at[2] & 0x02:
            code = DNS_TRUNCATED
        elif code == 0 and u16(at + 6) == 0:
            code = DNS_NO_DATA
        self._settle(connection, slot, code, value,
                     at[2] & 0x80 and size >= asked_size and memcmp(at + 12, asked + 12, asked_size - 12) == 0, octets, now)

    cdef int64_t _read_resp(self, Connection *connection, const uint8_t *at, size_t size, uint64_t now) noexcept nogil:
        """One RESP reply to GET: a bulk string (code 1), nil (100) or an error (2)."""
        cdef const uint8_t *end = <const uint8_t *>memmem(at, size, b"\r\n", 2)
        cdef int64_t length
        cdef size_t head
        cdef uint32_t code = 1
        cdef uint64_t value = 0
        if not end:
            return 0 if size < 1_024 else BROKEN_STREAM
        head = end - at + 2
        length = 0
        if at[0] == b"-":
            code = 2
        elif at[0] == b"$" and at[1] == b"-":
            code = 100
        elif at[0] == b"$":
            length = number_in(at + 1, end, 10)
            if length < 0:
                return BROKEN_STREAM
            if size < head + length + 2:
                return 0
            if self._expected.shape[0]:
                value = mixed(at + head, length, 0) | 1
            length += 2
        if not connection.first:
            self._counts[STRAY] += 1
            return BROKEN_STREAM
        self._settle(connection, &self._slots[connection.first], code, value, True, head + length, now)
        return head + length

    cdef int64_t _read_http(self, Connection *connection, const uint8_t *at, size_t size, uint64_t now) noexcept nogil:
        """One HTTP/1.1 answer with its length stated or in chunks."""
        cdef const uint8_t *end = <const uint8_t *>memmem(at, size, b"\r\n\r\n", 4)
        cdef const uint8_t *line
        cdef const uint8_t *line_end
        cdef const uint8_t *body
        cdef int64_t length = -1, code, body_size
        cdef int chunked = 0
        cdef uint64_t value = 0, begin
        cdef Slot *slot
        cdef bint echoed = True
        if not end:
            return 0 if size < HEAD_BYTES_MAX else BROKEN_STREAM
        if size < 12 or memcmp(at, b"HTTP/1.", 7) != 0:
            return BROKEN_STREAM
        code = number_in(at + 9, at + 12, 10)
        body = end + 4
        line = at
        while line < end:
            line_end = <const uint8_t *>memmem(line, end + 2 - line, b"\r\n", 2)
            if line_end - line > 15 and strncasecmp(<const char *>line, b"Content-Length:", 15) == 0:
                length = number_in(line + 15, line_end, 10)
            elif line_end - line > 25 and strncasecmp(<const char *>line, b"Transfer-Encoding: chunked", 26) == 0:
                chunked = 1
            elif line_end - line > 16 and strncasecmp(<const char *>line, b"Connection: close", 17) == 0:
                self._closes = 1
            line = line_end + 2
        if chunked:
            length = self._chunked_size(body, at + size)
            if length == 0:
                return 0
        if length < 0 or code < 100 or not connection.first:
            return BROKEN_STREAM
        if size < <size_t>(body - at) + length:
            return 0
        slot = &self._slots[connection.first]
        if self._echo_ends.shape[0] and code == 200:
            begin = self._echo_ends[slot.key - 1] if slot.key else 0
            body_size = self._echo_ends[slot.key] - begin
            echoed = body_size == 0 or memmem(body, length, &self._echoes[begin], body_size) != NULL
        if self._expected.shape[0]:
            value = mixed(body, length, 0) | 1
        self._settle(connection, slot, <uint32_t>code, value, echoed, (body - at) + length, now)
        return (body - at) + length

    cdef int64_t _chunked_size(self, const uint8_t *body, const uint8_t *end) noexcept nogil:
        """The octets of a body in chunks; 0 when it is not whole, BROKEN_STREAM when it cannot be read."""
        cdef const uint8_t *at = body
        cdef const uint8_t *line_end
        cdef int64_t length
        while True:
            line_end = <const uint8_t *>memmem(at, end - at, b"\r\n", 2)
            if not line_end:
                return 0 if end - at < 1_024 else BROKEN_STREAM
            length = number_in(at, line_end, 16)
            if length < 0:
                return BROKEN_STREAM
            if end - line_end < length + 4:
                return 0
            at = line_end + 2 + length + 2
            if length == 0:
                return at - body

    cdef void _settle(self, Connection *connection, Slot *slot, uint32_t code, uint64_t value, bint echoed, size_t octets,
                      uint64_t now) noexcept nogil:
        """The question of a slot is answered."""
        cdef bint measured = slot.due >= self._warm_up
        cdef bint success = code == (1 if self._dialect == HANDLE or self._dialect == RESP else 0 if self._dialect == DNS else 200)
        cdef uint64_t service = now - slot.sent if now > slot.sent else 0
        if measured:
            self._counts[RECEIVED_OCTETS] += octets
        if self._learn and success and echoed:
            self._expected[slot.key] = value
        if not echoed:
            self._counts[WRONG_ECHO] += measured
        elif success and self._expected.shape[0] and self._expected[slot.key] and self._expected[slot.key] != value:
            self._counts[WRONG_DIGEST] += measured
        elif measured:
            self._counts[ANSWERED] += 1
            self._codes[code if code < CODES else CODES - 1] += 1
            self._service[bucket_of(service, SERVICE_BITS)] += 1
            self._record_response(slot.due, now - slot.due if now > slot.due else 0)
        self._release(connection, <uint32_t>(slot - self._slots))

    cdef void _record_response(self, uint64_t due, uint64_t response) noexcept nogil:
        cdef size_t interval = due / self._interval
        self._response[bucket_of(response, SERVICE_BITS)] += 1
        if interval < self._intervals:
            self._series[interval * ((36 - SERIES_BITS) * 128 + 256) + bucket_of(response, SERIES_BITS)] += 1

    # Connections

    cdef void _open_all(self) noexcept nogil:
        cdef uint32_t number
        for number in range(self._connection_count):
            self._open(&self._connections[number], 0)
            if number % 64 == 63:
                self._turn(TICK_NS, 0)  # a listening socket's queue is short

    cdef void _start_all(self) noexcept nogil:
        cdef uint32_t number
        for number in range(self._connection_count):
            self._fill(&self._connections[number])

    cdef void _open(self, Connection *connection, uint64_t now) noexcept nogil:
        connection.fd = open_socket(self._datagrams, self._v6, self._address, self._port)
        if connection.fd < 0:
            self._counts[CONNECT_FAILED] += 1
            connection.state, connection.reopen_ns = CLOSED, now + REOPEN_NS
            return
        connection.watches_writing = not self._datagrams
        connection.state = OPEN if self._datagrams else CONNECTING
        connection.reopen_ns = now + self._timeout
        connection.unread_size = connection.unwritten_size = 0
        watch(self._epoll, connection.fd, <uint32_t>(connection - self._connections), connection.watches_writing, 1)
        self._counts[CONNECTS] += self._datagrams

    cdef void _finish_connecting(self, Connection *connection, uint64_t now) noexcept nogil:
        if socket_error(connection.fd):
            self._counts[CONNECT_FAILED] += 1
            self._shut(connection)
            connection.reopen_ns = now + REOPEN_NS
            return
        connection.state = OPEN
        self._counts[CONNECTS] += 1
        self._watch_writing(connection, 0)
        self._fill(connection)

    cdef void _shut(self, Connection *connection) noexcept nogil:
        if connection.fd >= 0:
            close_at_once(connection.fd)
        connection.fd, connection.state = -1, CLOSED
        connection.unread_size = connection.unwritten_size = 0

    cdef void _lose(self, Connection *connection, uint64_t now) noexcept nogil:
        """A connection ends, and with it whatever is under way on it; a new one is opened."""
        cdef int failed = connection.under_way != 0
        while connection.first:
            self._counts[BROKEN] += self._slots[connection.first].due >= self._warm_up
            self._release(connection, connection.first)
        self._shut(connection)
        connection.reopen_ns = now + REOPEN_NS
        if self._sending and not failed:
            self._open(connection, now)

    cdef void _look_after(self, uint64_t now) noexcept nogil:
        """Time-outs, and connections to be opened again."""
        cdef uint32_t number
        cdef Connection *connection
        for number in range(self._connection_count):
            connection = &self._connections[number]
            if connection.state == OPEN:
                self._time_out(connection, now)
            elif now >= connection.reopen_ns:
                if connection.state == CONNECTING:
                    self._counts[CONNECT_FAILED] += 1
                    self._shut(connection)
                if self._sending:
                    self._open(connection, now)
            self._fill(connection)

    cdef void _time_out(self, Connection *connection, uint64_t now) noexcept nogil:
        cdef Slot *slot
        cdef int expired = 0
        while connection.first and self._slots[connection.first].sent + self._timeout <= now:
            slot = &self._slots[connection.first]
            if slot.due >= self._warm_up:
                self._counts[TIMED_OUT] += 1
                self._service[bucket_of(self._timeout, SERVICE_BITS)] += 1
                self._record_response(slot.due, slot.sent - slot.due + self._timeout)
                slot.lost_id = slot.id
            self._release(connection, connection.first)
            expired = 1
        if expired and self._in_order:
            self._lose(connection, now)  # without ids the next answer could not be told from the missing one

    cdef void _write_rest(self, Connection *connection, uint64_t now) noexcept nogil:
        """The socket takes octets again."""
        cdef ssize_t sent = 0
        if connection.unwritten_size:
            sent = send(connection.fd, connection.unwritten, connection.unwritten_size, MSG_NOSIGNAL | MSG_DONTWAIT)
            if sent < 0:
                if errno != EAGAIN and errno != EINTR:
                    self._counts[SEND_FAILED] += 1
                    self._lose(connection, now)
                return
            connection.unwritten_size -= sent
            memmove(connection.unwritten, connection.unwritten + sent, connection.unwritten_size)
        if not connection.unwritten_size and connection.watches_writing:
            self._watch_writing(connection, 0)

    cdef void _keep_unwritten(self, Connection *connection, const uint8_t *octets, size_t size) noexcept nogil:
        if not self._make_room(&connection.unwritten, &connection.unwritten_room, size):
            self._lose(connection, self._now())
            return
        memcpy(connection.unwritten, octets, size)
        connection.unwritten_size = size
        self._watch_writing(connection, 1)

    cdef void _watch_writing(self, Connection *connection, int wanted) noexcept nogil:
        connection.watches_writing = wanted
        watch(self._epoll, connection.fd, <uint32_t>(connection - self._connections), wanted, 0)

    cdef int _make_room(self, uint8_t **block, size_t *room, size_t size) noexcept nogil:
        cdef uint8_t *grown
        if room[0] >= size:
            return 1
        grown = <uint8_t *>realloc(block[0], size)
        if not grown:
            return 0
        block[0], room[0] = grown, size
        return 1
