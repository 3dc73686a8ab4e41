# drain: receive many datagrams at once, answer in the same step, send at once.
#
# Received packets and answers lie in static memory. `fresh` is the one piece of Python code that runs in between; a flag
# keeps it, and other threads it may let in, from coming here again.

from cpython.unicode cimport PyUnicode_FromString
from libc.errno cimport EAGAIN, EBADF, EINTR, EINVAL, EIO, ENOBUFS, ENOTSOCK, EOPNOTSUPP

cdef extern from "<sys/socket.h>" nogil:
    ctypedef uint32_t socklen_t
    ctypedef unsigned short sa_family_t
    cdef struct sockaddr_storage:
        sa_family_t ss_family
    cdef struct iovec:
        void* iov_base
        size_t iov_len
    cdef struct msghdr:
        void* msg_name
        socklen_t msg_namelen
        iovec* msg_iov
        size_t msg_iovlen
        void* msg_control
        size_t msg_controllen
        int msg_flags
    cdef struct mmsghdr:
        msghdr msg_hdr
        unsigned int msg_len
    cdef struct cmsghdr:
        size_t cmsg_len
        int cmsg_level
        int cmsg_type
    size_t CMSG_LEN(size_t size)
    unsigned char* CMSG_DATA(cmsghdr* control)
    int recvmmsg(int fd, mmsghdr* messages, unsigned int count, int flags, void* timeout)
    int sendmmsg(int fd, mmsghdr* messages, unsigned int count, int flags)
    int AF_INET, AF_INET6, MSG_DONTWAIT

cdef extern from "<netinet/in.h>" nogil:
    cdef struct in_addr:
        uint32_t s_addr
    cdef struct in6_addr:
        uint8_t s6_addr[16]
    cdef struct sockaddr_in:
        uint16_t sin_port
        in_addr sin_addr
    cdef struct sockaddr_in6:
        uint16_t sin6_port
        uint32_t sin6_flowinfo
        in6_addr sin6_addr
        uint32_t sin6_scope_id

cdef extern from "<arpa/inet.h>" nogil:
    const char* inet_ntop(int family, const void* address, char* text, socklen_t size)

cdef enum:
    DATAGRAMS = 64
    PACKET_BYTES = 512
    DATA_BYTES = 492
    RECEIVE_BYTES = 513  # one more than a packet may have: a longer datagram shows by its length
    RECEIVE_STRIDE = 576  # whole cache lines, and no power of two, which would make all packets share a few sets
    FRAGMENTS_MAX = 8  # per answer, as many as a receiver takes; a longer one belongs on TCP
    ANSWER_BYTES_MAX = 3956  # 20 + 8 × 492
    TRUNCATED = 0x20
    ADDRESS_TEXT_BYTES = 64
    ERRORS_MAX = 64  # ICMP errors for earlier answers, reported in place of a datagram

    # A train: packets to one peer, all of one size but the last, that pass through the kernel as one (UDP_SEGMENT).
    PACKETS = 512  # DATAGRAMS × FRAGMENTS_MAX
    TRAIN_PACKETS_MAX = 64  # as many as any kernel takes
    TRAIN_BYTES_MAX = 65000  # of an IP packet, without its headers
    PEERS = 64  # places of a table of trains that can still grow; a power of two
    UDP_LEVEL = 17
    CUT_AT = 103  # UDP_SEGMENT
    CONTROL_WORDS = 4  # of 8 octets, for one number of two

DATAGRAMS_MAX = DATAGRAMS

cdef struct Source:
    Address address
    int standing

cdef struct Train:
    size_t first  # of its packets, chained by `following`
    size_t last
    size_t count
    size_t bytes
    size_t size  # of each packet but the last
    bint open

cdef struct Datagrams:
    mmsghdr received[DATAGRAMS]
    iovec received_parts[DATAGRAMS]
    sockaddr_storage names[DATAGRAMS]
    uint8_t packets[DATAGRAMS][RECEIVE_STRIDE]
    int received_count
    Source sources[DATAGRAMS]
    Batch batch
    size_t leftovers[DATAGRAMS]
    size_t leftovers_count
    # Answers: their octets one behind the other, and one message for each packet of them.
    uint8_t answers[DATAGRAMS * ANSWER_BYTES_MAX]
    size_t answers_bytes
    mmsghdr sent[DATAGRAMS * FRAGMENTS_MAX]
    iovec sent_parts[DATAGRAMS * FRAGMENTS_MAX][2]
    uint8_t heads[DATAGRAMS * FRAGMENTS_MAX][ENVELOPE_BYTES]
    size_t sent_sizes[DATAGRAMS * FRAGMENTS_MAX]
    size_t sent_count
    # The same packets as trains.
    Train trains[PACKETS]
    size_t trains_count
    size_t following[PACKETS]
    uint16_t growing[PEERS]  # number of a train + 1
    mmsghdr train_messages[PACKETS]
    iovec train_parts[PACKETS * 2]
    uint64_t controls[PACKETS][CONTROL_WORDS]
    bint busy

cdef Datagrams* _datagrams = NULL


cdef Datagrams* make_datagrams() noexcept nogil:
    # NULL where there is no memory.
    cdef int number
    cdef Datagrams* all = <Datagrams*>calloc(1, sizeof(Datagrams))
    if all is not NULL:
        for number in range(DATAGRAMS):
            all.received_parts[number].iov_base = all.packets[number]
            all.received_parts[number].iov_len = RECEIVE_BYTES
            all.received[number].msg_hdr.msg_name = &all.names[number]
            all.received[number].msg_hdr.msg_iov = &all.received_parts[number]
            all.received[number].msg_hdr.msg_iovlen = 1
        all.received_count = DATAGRAMS
    return all


cdef int receive(Datagrams* all, int fd) noexcept nogil:
    # How many datagrams came; -1 with errno when the socket cannot be used.
    cdef int number, count
    cdef int errors = 0
    for number in range(all.received_count):  # the kernel has written the length of their addresses
        all.received[number].msg_hdr.msg_namelen = sizeof(sockaddr_storage)
    all.received_count = DATAGRAMS
    while True:
        count = recvmmsg(fd, all.received, DATAGRAMS, MSG_DONTWAIT, NULL)
        if count >= 0:
            all.received_count = count
            return count
        if errno == EAGAIN:
            return 0
        if errno == EBADF or errno == ENOTSOCK:
            return -1
        errors += 1
        if errors == ERRORS_MAX:
            return 0


cdef inline Address source_address(const sockaddr_storage* name) noexcept nogil:
    if name.ss_family == AF_INET:
        return read_address(<const uint8_t*>&(<const sockaddr_in*>name).sin_addr, 4)
    return read_address(<const uint8_t*>&(<const sockaddr_in6*>name).sin6_addr, 16)


cdef inline bint admit(Datagrams* all, int number, Gate gate, Counters counters, double now) noexcept nogil:
    # Whether a datagram is looked at at all; counts why not.
    cdef const uint8_t* packet = all.packets[number]
    cdef size_t size = all.received[number].msg_len
    cdef Source* source = &all.sources[number]
    cdef size_t length
    source.address = source_address(&all.names[number])
    source.standing = gate.standing_of(source.address, now)
    length = get_u32(packet + LENGTH_AT) if size >= ENVELOPE_BYTES else 0
    if length > DATA_BYTES:
        if source.standing == STANDING_UNPROVEN:
            counters.counts[SILENT_FRAGMENTS] += 1
        return source.standing != STANDING_UNPROVEN
    if size != ENVELOPE_BYTES + length:
        counters.counts[SILENT_MALFORMED] += 1
        return False
    if gate.take(source.address, source.standing, now):
        return True
    counters.counts[SILENT_RATE] += 1
    counters.counts[LIMITED_PROVEN if source.standing == STANDING_PROVEN else LIMITED_UNPROVEN] += 1
    return False


cdef void post(Datagrams* all, const Question* question, size_t size) noexcept nogil:
    # Make messages of the answer at the end of `answers`: itself, or its fragments.
    cdef uint8_t* answer = all.answers + all.answers_bytes
    cdef size_t number = (question.frame - &all.packets[0][0]) // RECEIVE_STRIDE
    cdef size_t at = ENVELOPE_BYTES
    cdef uint32_t sequence = 0
    cdef mmsghdr* message
    cdef iovec* parts
    all.answers_bytes += size
    while True:
        message = &all.sent[all.sent_count]
        parts = all.sent_parts[all.sent_count]
        message.msg_hdr.msg_name = &all.names[number]
        message.msg_hdr.msg_namelen = all.received[number].msg_hdr.msg_namelen
        message.msg_hdr.msg_iov = parts
        if size <= PACKET_BYTES:
            parts[0].iov_base = answer
            parts[0].iov_len = size
            message.msg_hdr.msg_iovlen = 1
            all.sent_sizes[all.sent_count] = size
            all.sent_count += 1
            return
        parts[0].iov_base = memcpy(all.heads[all.sent_count], answer, ENVELOPE_BYTES)
        parts[0].iov_len = ENVELOPE_BYTES
        all.heads[all.sent_count][2] |= TRUNCATED
        set_u32(all.heads[all.sent_count] + 12, sequence)
        parts[1].iov_base = answer + at
        parts[1].iov_len = min(size - at, <size_t>DATA_BYTES)
        message.msg_hdr.msg_iovlen = 2
        all.sent_sizes[all.sent_count] = ENVELOPE_BYTES + parts[1].iov_len
        all.sent_count += 1
        at += DATA_BYTES
        sequence += 1
        if at >= size:
            return


cdef void admit_all(Datagrams* all, int count, const Arena* arena, Gate gate, Counters counters, double now) noexcept nogil:
    # Admit or drop each datagram; what is admitted stands in the batch in order of arrival, recognised or not.
    cdef int number
    cdef size_t size
    cdef bint whole
    begin_batch(&all.batch, arena)
    for number in range(count):
        if admit(all, number, gate, counters, now):
            size = all.received[number].msg_len
            whole = get_u32(all.packets[number] + LENGTH_AT) == size - ENVELOPE_BYTES  # no fragment
            add_question(&all.batch, arena, all.packets[number], size, whole)
    end_batch(&all.batch, arena)


cdef void answer_all(Datagrams* all, const Arena* arena, Counters counters, uint32_t now, uint16_t site_serial) noexcept:
    cdef size_t number, size
    cdef Question* question
    cdef Answer answer
    cdef Source* source
    all.leftovers_count = all.sent_count = all.answers_bytes = 0
    for number in range(all.batch.count):
        question = take_question(&all.batch, arena, number)
        if question.common and find_any(arena, question, &answer, now, all.batch.refers):
            size = answer_bytes(question, &answer)
            source = &all.sources[(question.frame - &all.packets[0][0]) // RECEIVE_STRIDE]
            if source.standing == STANDING_UNPROVEN and size > question.frame_bytes and answer.part == WHOLE_VALUE:
                counters.counts[SILENT_AMPLIFICATION] += 1
                continue
            if size > ANSWER_BYTES_MAX:
                size = 0
            else:
                size = write_answer(all.answers + all.answers_bytes, arena, question, &answer, now, site_serial)
                if size == 0:
                    counters.count_damage(arena, question, &answer)
            if size and source.standing == STANDING_UNPROVEN and size > question.frame_bytes:
                counters.counts[SILENT_AMPLIFICATION] += 1
                continue
            if size:
                post(all, question, size)
                counters.count_answer(code_of(&answer))
                continue
        all.leftovers[all.leftovers_count] = (question.frame - &all.packets[0][0]) // RECEIVE_STRIDE
        all.leftovers_count += 1


cdef inline bint same_peer(const msghdr* one, const msghdr* other) noexcept nogil:
    return one.msg_namelen == other.msg_namelen and memcmp(one.msg_name, other.msg_name, one.msg_namelen) == 0


cdef inline size_t place_of_peer(const msghdr* header) noexcept nogil:
    # Peers differ in port or host; who shares a place takes it from the other, which costs a train its length.
    cdef const sockaddr_in* name = <const sockaddr_in*>header.msg_name
    cdef uint32_t mixed = (<uint32_t>name.sin_port ^ name.sin_addr.s_addr) * <uint32_t>0x9E3779B1
    return mixed >> 26


cdef void make_trains(Datagrams* all) noexcept nogil:
    # Couple each packet to the train of its peer, or begin one with it.
    cdef size_t number, place
    cdef Train* train
    all.trains_count = 0
    memset(all.growing, 0, sizeof(all.growing))
    for number in range(all.sent_count):
        place = place_of_peer(&all.sent[number].msg_hdr)
        if all.growing[place]:
            train = &all.trains[all.growing[place] - 1]
            if (
                train.open
                and all.sent_sizes[number] <= train.size
                and train.count < TRAIN_PACKETS_MAX
                and train.bytes + all.sent_sizes[number] <= TRAIN_BYTES_MAX
                and same_peer(&all.sent[number].msg_hdr, &all.sent[train.first].msg_hdr)
            ):
                all.following[train.last] = number
                train.last = number
                train.count += 1
                train.bytes += all.sent_sizes[number]
                train.open = all.sent_sizes[number] == train.size
                continue
        train = &all.trains[all.trains_count]
        all.trains_count += 1
        all.growing[place] = <uint16_t>all.trains_count
        train.first = train.last = number
        train.count = 1
        train.bytes = train.size = all.sent_sizes[number]
        train.open = True


cdef void describe_trains(Datagrams* all) noexcept nogil:
    # One message for each train: the parts of its packets one behind the other, and the size at which they are cut.
    cdef size_t number, packet, count, part
    cdef size_t parts = 0
    cdef Train* train
    cdef msghdr* header
    cdef cmsghdr* control
    cdef uint16_t size
    for number in range(all.trains_count):
        train = &all.trains[number]
        header = &all.train_messages[number].msg_hdr
        header[0] = all.sent[train.first].msg_hdr
        header.msg_iov = &all.train_parts[parts]
        packet = train.first
        for count in range(train.count):
            for part in range(all.sent[packet].msg_hdr.msg_iovlen):
                all.train_parts[parts] = all.sent_parts[packet][part]
                parts += 1
            packet = all.following[packet]
        header.msg_iovlen = &all.train_parts[parts] - header.msg_iov
        header.msg_control = NULL
        header.msg_controllen = 0
        if train.count > 1:
            control = <cmsghdr*>all.controls[number]
            control.cmsg_level = UDP_LEVEL
            control.cmsg_type = CUT_AT
            control.cmsg_len = CMSG_LEN(sizeof(size))
            size = <uint16_t>train.size
            memcpy(CMSG_DATA(control), &size, sizeof(size))
            header.msg_control = control
            header.msg_controllen = control.cmsg_len


cdef void send_packets(Datagrams* all, int fd, Counters counters, size_t first, size_t count) noexcept nogil:
    # Packets that stand one behind the other, each for itself.
    cdef size_t end = first + count
    cdef int sent
    while first < end:
        sent = sendmmsg(fd, all.sent + first, <unsigned int>(end - first), MSG_DONTWAIT)
        if sent > 0:
            first += sent
        elif errno == EAGAIN or errno == ENOBUFS:
            counters.counts[SILENT_SEND_BUFFER] += end - first  # they ask again, as after any loss
            return
        elif errno != EINTR:
            counters.counts[SILENT_UNREACHABLE] += 1
            first += 1


cdef void send_train(Datagrams* all, int fd, Counters counters, const Train* train) noexcept nogil:
    # A train's packets, each for itself.
    cdef size_t packet = train.first
    cdef size_t count
    for count in range(train.count):
        send_packets(all, fd, counters, packet, 1)
        packet = all.following[packet]


cdef void send(Datagrams* all, int fd, Counters counters) noexcept nogil:
    cdef size_t done = 0
    cdef int count
    if counters.no_trains or all.sent_count < 2:
        send_packets(all, fd, counters, 0, all.sent_count)
        return
    make_trains(all)
    if all.trains_count == all.sent_count:
        send_packets(all, fd, counters, 0, all.sent_count)
        return
    describe_trains(all)
    while done < all.trains_count:
        count = sendmmsg(fd, all.train_messages + done, <unsigned int>(all.trains_count - done), MSG_DONTWAIT)
        if count > 0:
            done += count
        elif errno == EAGAIN or errno == ENOBUFS:
            while done < all.trains_count:
                counters.counts[SILENT_SEND_BUFFER] += all.trains[done].count
                done += 1
        elif errno != EINTR:
            # A path that cannot cut them, a kernel that knows no trains, or something that passes.
            counters.no_trains = errno == EINVAL or errno == EIO or errno == EOPNOTSUPP
            while done < all.trains_count:
                send_train(all, fd, counters, &all.trains[done])
                done += 1


cdef tuple address_of(const sockaddr_storage* name):
    # As `recvfrom` gives it.
    cdef char text[ADDRESS_TEXT_BYTES]
    cdef const sockaddr_in* four = <const sockaddr_in*>name
    cdef const sockaddr_in6* six = <const sockaddr_in6*>name
    if name.ss_family == AF_INET:
        inet_ntop(AF_INET, &four.sin_addr, text, ADDRESS_TEXT_BYTES)
        return PyUnicode_FromString(text), ntohs(four.sin_port)
    inet_ntop(AF_INET6, &six.sin6_addr, text, ADDRESS_TEXT_BYTES)
    return PyUnicode_FromString(text), ntohs(six.sin6_port), ntohl(six.sin6_flowinfo), six.sin6_scope_id


cdef list hand_over(Datagrams* all):
    cdef size_t number, place
    leftovers = []
    for number in range(all.leftovers_count):
        place = all.leftovers[number]
        packet = PyBytes_FromStringAndSize(<char*>all.packets[place], all.received[place].msg_len)
        leftovers.append((packet, address_of(&all.names[place]), all.sources[place].standing))
    return leftovers


def drain(AnswerIndex index, Gate gate not None, int fd, uint32_t now, double monotonic, uint16_t site_serial,
          Counters counters not None, fresh=None):
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
        if (fresh is None or fresh()) and index is not None and index.usable():
            arena = &index.arena
        admit_all(all, count, arena, gate, counters, monotonic)
        answer_all(all, arena, counters, now, site_serial)
        send(all, fd, counters)
        return count, hand_over(all)
    finally:
        all.busy = False
