# Streams: many connections in one step. The kernel says which of them have sent something; each is read, its common
# questions are looked up together with those of its neighbours, and its answers leave in one write.
#
# Only octets and descriptors live here. Whose a descriptor is, its deadlines and its place in the table are Python's, which
# gets every stream back whose next frame is not common: with the octets from that frame on, those before it answered.

from cpython.bytes cimport PyBytes_FromStringAndSize

cdef extern from "<sys/epoll.h>" nogil:
    ctypedef union epoll_data_t:
        int fd
    cdef struct epoll_event:
        uint32_t events
        epoll_data_t data
    int epoll_create1(int flags)
    int epoll_ctl(int epoll, int operation, int fd, epoll_event* event)
    int epoll_wait(int epoll, epoll_event* events, int events_max, int timeout_ms)
    int EPOLLIN, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL, EPOLL_CLOEXEC

cdef extern from "<sys/socket.h>" nogil:
    ssize_t recv(int fd, void* octets, size_t size, int flags)
    ssize_t send_octets "send"(int fd, const void* octets, size_t size, int flags)
    int MSG_NOSIGNAL

cdef extern from "<unistd.h>" nogil:
    int close_descriptor "close"(int fd)

cdef enum:
    STREAMS = 32  # read in one step; others wait as long as it takes
    STREAM_BYTES = 16384  # received from one of them
    GROUP_BYTES = 16384  # received from several before they are answered, while they are in the processor's nearest cache
    REST_BYTES_MAX = 4096  # kept of a frame that is not whole; a longer one is no common question
    DESCRIPTORS_MAX = 1048576
    OUT_BYTES_KEPT = 2097152  # memory for answers that is not given back after a step
    OUT_BYTES_BEHIND = 1048576  # answers of others, already sent, that may lie in front of those under way

# How exactly a caller knows who was active last, in seconds.
cdef double TOUCH_S = 0.05

STREAMS_MAX, STREAM_REST_BYTES_MAX = STREAMS, REST_BYTES_MAX

# A descriptor that is watched.
cdef struct Link:
    bint present
    bint limited
    uint8_t* rest
    uint32_t rest_bytes
    double active
    double touched
    double since  # when the frame that is not whole began to come; 0: there is none

# What one of them gave to a group, and where its answers are.
cdef struct Piece:
    int fd
    size_t start
    size_t at  # the next frame
    size_t end
    size_t out_start
    size_t out_end
    size_t answered
    int64_t allowed
    bint broken  # what comes next cannot be framed
    bint halted  # its next frame is Python's
    bint ended  # it will send no more, or cannot be sent to

cdef struct Group:
    Piece pieces[STREAMS]
    size_t count
    uint8_t octets[GROUP_BYTES + STREAM_BYTES + REST_BYTES_MAX]
    size_t bytes
    epoll_event events[STREAMS]
    size_t askers[QUESTIONS_MAX]  # question → piece
    Batch batch
    Out out


@cython.final
cdef class Streams:
    """The streams that the compiled step reads and writes; see the stub."""

    cdef int epoll
    cdef Link* links
    cdef int links_count
    cdef size_t present_count
    cdef size_t message_bytes_max
    cdef size_t octets_max
    cdef Group* group
    cdef bint busy

    def __cinit__(self, size_t message_bytes_max=65536, size_t octets_max=1048576):
        self.links = NULL
        self.group = NULL
        self.message_bytes_max = min(message_bytes_max, <size_t>VALUE_OCTETS_MAX)
        self.octets_max = octets_max
        self.epoll = epoll_create1(EPOLL_CLOEXEC)
        if self.epoll < 0:
            PyErr_SetFromErrno(OSError)
        self.group = <Group*>calloc(1, sizeof(Group))
        if self.group is NULL:
            raise MemoryError

    def __dealloc__(self):
        cdef int fd
        for fd in range(self.links_count):
            free(self.links[fd].rest)
        free(self.links)
        if self.group is not NULL:
            free(self.group.out.octets)
        free(self.group)
        if self.epoll >= 0:
            close_descriptor(self.epoll)

    def __len__(self):
        return self.present_count

    def fileno(self):
        """The descriptor that is readable while a stream is."""
        return self.epoll

    def add(self, int fd, bint limited, double monotonic, bytes rest not None=b"", double since=0.0):
        """Watch a stream."""
        cdef epoll_event event
        if not 0 <= fd < DESCRIPTORS_MAX:
            raise ValueError(f"descriptor {fd}")
        if PyBytes_GET_SIZE(rest) > REST_BYTES_MAX:
            raise ValueError(f"{len(rest)} octets of an unfinished frame")
        self.make_links(fd)
        cdef Link* link = &self.links[fd]
        event.events = EPOLLIN
        event.data.fd = fd
        if epoll_ctl(self.epoll, EPOLL_CTL_ADD, fd, &event) < 0:
            PyErr_SetFromErrno(OSError)
        if not keep_rest(link, <const uint8_t*>PyBytes_AS_STRING(rest), PyBytes_GET_SIZE(rest)):
            epoll_ctl(self.epoll, EPOLL_CTL_DEL, fd, &event)
            raise MemoryError
        self.present_count += not link.present
        link.present = True
        link.limited = limited
        link.active = link.touched = monotonic
        link.since = since if link.rest_bytes else 0

    def remove(self, int fd):
        """Watch it no longer; what has come of its next frame."""
        cdef Link* link = self.link_of(fd)
        rest = PyBytes_FromStringAndSize(<char*>link.rest, link.rest_bytes)
        self.forget(fd)
        return rest

    def state(self, int fd):
        """When it was active last, since when its next frame is coming (0.0: it is not), and how much of it is here."""
        cdef Link* link = self.link_of(fd)
        return link.active, link.since, link.rest_bytes

    def drain(self, AnswerIndex index, uint32_t now, double monotonic, uint16_t site_serial, Counters counters not None,
              fresh=None, allowed=None, took=None):
        """Read the streams that have sent, answer what is common, send."""
        cdef const Arena* arena
        cdef Group* group = self.group
        cdef int number = 0
        cdef int count
        cdef size_t answered = 0
        cdef list handed = []
        cdef list touched = []
        if self.busy:
            raise RuntimeError("drain was called while it was at work")
        count = epoll_wait(self.epoll, group.events, STREAMS, 0)
        if count <= 0:
            return 0, 0, handed, touched
        self.busy = True
        try:
            while number < count:
                number = self.receive(number, count, monotonic)
                if group.count == 0:
                    break
                arena = NULL
                if (fresh is None or fresh()) and index is not None and index.usable():
                    arena = &index.arena
                answered += self.answer(arena, counters, now, site_serial, handed, allowed, took)
                self.settle(monotonic, handed, touched)
            return count, answered, handed, touched
        finally:
            self.busy = False
            if group.out.room > OUT_BYTES_KEPT:
                free(group.out.octets)
                group.out.octets = NULL
                group.out.room = 0

    def write(self, int fd, bytes octets not None):
        """Send octets of Python's; how many left."""
        self.link_of(fd)
        return max(send_all(fd, <const uint8_t*>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets)), 0)

    cdef Link* link_of(self, int fd) except NULL:
        if not 0 <= fd < self.links_count or not self.links[fd].present:
            raise KeyError(fd)
        return &self.links[fd]

    cdef int make_links(self, int fd) except -1:
        cdef int count = max(self.links_count, 64)
        cdef void* links
        while count <= fd:
            count *= 2
        if count > self.links_count:
            links = realloc(self.links, count * sizeof(Link))
            if links is NULL:
                raise MemoryError
            self.links = <Link*>links
            memset(self.links + self.links_count, 0, (count - self.links_count) * sizeof(Link))
            self.links_count = count
        return 0

    cdef void forget(self, int fd) noexcept:
        cdef epoll_event event
        cdef Link* link = &self.links[fd]
        if link.present:
            epoll_ctl(self.epoll, EPOLL_CTL_DEL, fd, &event)  # fails where the descriptor is closed, and so forgotten
            free(link.rest)
            memset(link, 0, sizeof(Link))
            self.present_count -= 1

    cdef int receive(self, int number, int count, double monotonic) noexcept nogil:
        # Fill a group from the streams that are ready; returns the first that found no place in it.
        cdef Group* group = self.group
        cdef Piece* piece
        cdef Link* link
        cdef ssize_t size
        cdef int fd
        group.count = group.bytes = 0
        while number < count and group.bytes < GROUP_BYTES:
            fd = group.events[number].data.fd
            number += 1
            link = &self.links[fd]
            if not link.present:
                continue
            piece = &group.pieces[group.count]
            if link.rest_bytes:
                memcpy(group.octets + group.bytes, link.rest, link.rest_bytes)
            size = recv(fd, group.octets + group.bytes + link.rest_bytes, STREAM_BYTES, MSG_DONTWAIT)
            if size < 0 and (errno == EAGAIN or errno == EINTR):
                continue
            memset(piece, 0, sizeof(Piece))
            piece.fd = fd
            piece.start = piece.at = group.bytes
            piece.ended = size <= 0
            piece.allowed = -1
            piece.end = group.bytes + link.rest_bytes + (size if size > 0 else 0)
            link.rest_bytes = 0
            link.active = monotonic
            group.bytes = piece.end
            group.count += 1
        return number

    cdef size_t answer(self, const Arena* arena, Counters counters, uint32_t now, uint16_t site_serial, list handed,
                       allowed, took) except? 0:
        # Streams that no rate limits are answered together, the others each for itself.
        cdef Group* group = self.group
        cdef size_t number = 0
        cdef size_t end, answered = 0
        cdef Piece* piece
        while number < group.count:
            piece = &group.pieces[number]
            end = number + 1
            if self.links[piece.fd].limited:
                piece.allowed = allowed(piece.fd)
                self.run(number, end, arena, counters, now, site_serial, handed, False)
                if piece.answered:
                    took(piece.fd, piece.answered)  # before an answer is out, for the next question may be a datagram
                    self.send(piece, handed)
            else:
                while end < group.count and not self.links[group.pieces[end].fd].limited:
                    end += 1
                self.run(number, end, arena, counters, now, site_serial, handed, True)
            while number < end:
                answered += group.pieces[number].answered
                number += 1
        return answered

    cdef int run(self, size_t cut, size_t end, const Arena* arena, Counters counters, uint32_t now, uint16_t site_serial,
                 list handed, bint sends) except -1:
        # Batch after batch over the frames of some pieces; a piece is sent when its last frame has been answered.
        cdef Group* group = self.group
        cdef size_t unsent = cut
        group.out.bytes = 0
        while cut < end:
            cut = self.fill_batch(cut, end, arena)
            self.answer_batch(arena, counters, now, site_serial)
            while sends and unsent < cut:
                self.send(&group.pieces[unsent], handed)
                unsent += 1
            self.reclaim(cut, end)
        return 0

    cdef size_t fill_batch(self, size_t cut, size_t end, const Arena* arena) noexcept nogil:
        # Cut frames until the batch is full; returns the first piece that has more.
        cdef Group* group = self.group
        cdef Piece* piece
        cdef size_t size
        begin_batch(&group.batch, arena)
        while cut < end:
            piece = &group.pieces[cut]
            size = self.next_frame(piece)
            if size == 0:
                cut += 1
                continue
            if not has_room(&group.batch):
                break
            group.askers[group.batch.count] = cut
            add_question(&group.batch, arena, group.octets + piece.at, size, True)
            piece.at += size
        end_batch(&group.batch, arena)
        return cut

    cdef size_t next_frame(self, Piece* piece) noexcept nogil:
        # Octets of the whole frame that comes next; 0 when there is none for us.
        cdef const uint8_t* frame = self.group.octets + piece.at
        cdef size_t room = piece.end - piece.at
        cdef size_t length
        if piece.halted or piece.broken or room < ENVELOPE_BYTES:
            return 0
        length = get_u32(frame + LENGTH_AT)
        if length > self.message_bytes_max or frame[2] & COMPRESSED:
            piece.broken = True  # the connection says by what
            return 0
        return ENVELOPE_BYTES + length if length <= room - ENVELOPE_BYTES else 0

    cdef void answer_batch(self, const Arena* arena, Counters counters, uint32_t now, uint16_t site_serial) noexcept:
        cdef Group* group = self.group
        cdef Piece* piece
        cdef Question* question
        cdef size_t number
        for number in range(group.batch.count):
            question = take_question(&group.batch, arena, number)
            piece = &group.pieces[group.askers[number]]
            if piece.halted:
                continue
            if piece.answered == 0:
                piece.out_start = piece.out_end = group.out.bytes
            if (
                question.common
                and piece.allowed != 0
                and piece.out_end - piece.out_start < self.octets_max
                and append_answer(&group.out, question, arena, counters, now, site_serial, group.batch.refers)
            ):
                piece.answered += 1
                piece.out_end = group.out.bytes
                if piece.allowed > 0:
                    piece.allowed -= 1
            else:
                piece.halted = True
                piece.at = question.frame - group.octets

    cdef void reclaim(self, size_t cut, size_t end) noexcept nogil:
        # Give up the answers that were sent; those of a piece that has more frames to come stay.
        cdef Group* group = self.group
        cdef Piece* piece = &group.pieces[cut]
        cdef size_t size
        if cut >= end or piece.answered == 0:
            if cut < end:
                group.out.bytes = 0
        elif piece.out_start > OUT_BYTES_BEHIND:
            size = piece.out_end - piece.out_start
            memmove(group.out.octets, group.out.octets + piece.out_start, size)
            piece.out_start = 0
            piece.out_end = group.out.bytes = size

    cdef int send(self, Piece* piece, list handed) except -1:
        # What the peer does not take goes to Python, which waits for it.
        cdef const uint8_t* octets
        cdef size_t size = piece.out_end - piece.out_start
        cdef ssize_t sent
        if size == 0 or not self.links[piece.fd].present:
            return 0
        octets = self.group.out.octets + piece.out_start
        sent = send_all(piece.fd, octets, size)
        if sent < 0:
            piece.ended = True
        elif <size_t>sent < size:
            unsent = PyBytes_FromStringAndSize(<char*>octets + sent, size - sent)
            received = PyBytes_FromStringAndSize(<char*>self.group.octets + piece.at, piece.end - piece.at)
            self.forget(piece.fd)
            handed.append((piece.fd, received, unsent, False))
        return 0

    cdef int settle(self, double monotonic, list handed, list touched) except -1:
        # Keep what has come of the next frame, or give the stream's octets to Python.
        cdef Group* group = self.group
        cdef size_t number, left
        cdef Piece* piece
        cdef Link* link
        for number in range(group.count):
            piece = &group.pieces[number]
            link = &self.links[piece.fd]
            if not link.present:  # handed over already
                continue
            left = piece.end - piece.at
            if monotonic - link.touched > TOUCH_S:
                link.touched = monotonic
                touched.append(piece.fd)
            if (
                piece.halted or piece.broken or piece.ended or left > REST_BYTES_MAX
                or not keep_rest(link, group.octets + piece.at, left)
            ):
                link.since = 0
                if piece.ended:
                    self.forget(piece.fd)
                received = PyBytes_FromStringAndSize(<char*>group.octets + piece.at, left)
                handed.append((piece.fd, received, b"", bool(piece.ended)))
            elif left == 0:
                link.since = 0
            elif piece.at > piece.start or link.since == 0:
                link.since = monotonic
        return 0


cdef ssize_t send_all(int fd, const uint8_t* octets, size_t size) noexcept nogil:
    # How much the peer takes now; -1 when it is gone.
    cdef ssize_t sent
    while True:
        sent = send_octets(fd, octets, size, MSG_NOSIGNAL | MSG_DONTWAIT)
        if sent >= 0:
            return sent
        if errno == EAGAIN:
            return 0
        if errno != EINTR:
            return -1


cdef bint keep_rest(Link* link, const uint8_t* octets, size_t size) noexcept nogil:
    cdef void* rest
    if size:
        rest = realloc(link.rest, size)
        if rest is NULL:
            return False
        link.rest = <uint8_t*>rest
        memcpy(rest, octets, size)
    link.rest_bytes = <uint32_t>size
    return True
