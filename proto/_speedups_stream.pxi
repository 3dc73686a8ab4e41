# process: the whole frames of a stream, in batches; everything between parsing the arguments and building the result is C.

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer

cdef enum:
    LENGTH_AT = 16
    COMPRESSED = 0x80
    LEFTOVERS_MAX = 1024  # of one call; a connection may have as many unanswered as its operator allows
    FIRST_OUT_BYTES = 65536

cdef struct Out:
    uint8_t* octets
    size_t bytes
    size_t room

cdef struct Stream:
    const uint8_t* octets
    size_t bytes
    uint32_t now
    uint16_t site_serial
    size_t message_bytes_max
    size_t octets_max
    size_t unanswered_max
    int64_t allowed
    # Results.
    size_t consumed
    size_t answered
    size_t leftovers[LEFTOVERS_MAX][2]
    size_t leftovers_count
    bint more

# Used by one call at a time: no Python code runs while one is at work.
cdef Out _out
cdef Batch _batch


cdef bint reserve(Out* out, size_t size) noexcept nogil:
    cdef size_t room = max(out.room, <size_t>FIRST_OUT_BYTES)
    cdef void* octets
    if out.room - out.bytes >= size:
        return True
    while room - out.bytes < size:
        room *= 2
    octets = realloc(out.octets, room)
    if octets is NULL:
        return False
    out.octets = <uint8_t*>octets
    out.room = room
    return True


cdef size_t cut_frames(Stream* stream, Batch* batch, const Arena* arena, size_t at) noexcept nogil:
    # Fill the batch with the whole frames from `at` on; returns where it stopped.
    cdef size_t length
    begin_batch(batch, arena)
    while stream.bytes - at >= ENVELOPE_BYTES and has_room(batch):
        length = get_u32(stream.octets + at + LENGTH_AT)
        if length > stream.message_bytes_max or stream.octets[at + 2] & COMPRESSED:
            break
        if length > stream.bytes - at - ENVELOPE_BYTES:
            break
        add_question(batch, arena, stream.octets + at, ENVELOPE_BYTES + length, True)
        at += ENVELOPE_BYTES + length
    end_batch(batch, arena)
    return at


cdef bint append_answer(Out* out, Question* question, const Arena* arena, Counters counters, uint32_t now,
                        uint16_t site_serial, bint refers) noexcept nogil:
    # Append the answer to one common question; False when Python must give it.
    cdef Answer answer
    cdef size_t size
    if not find_any(arena, question, &answer, now, refers) or not reserve(out, answer_bytes(question, &answer)):
        return False
    size = write_answer(out.octets + out.bytes, arena, question, &answer, now, site_serial)
    if size == 0:
        counters.count_damage(arena, question, &answer)
        return False
    out.bytes += size
    counters.count_answer(code_of(&answer))
    return True


cdef bint answer_batch(Stream* stream, Out* out, Batch* batch, const Arena* arena, Counters counters) noexcept:
    # Answer or hand out each frame in order; False when a limit was reached in front of one.
    cdef size_t number, start
    cdef Question* question
    for number in range(batch.count):
        question = take_question(batch, arena, number)
        start = question.frame - stream.octets
        stream.consumed = start
        if out.bytes >= stream.octets_max:
            return False
        if question.common and stream.allowed != 0 and append_answer(
            out, question, arena, counters, stream.now, stream.site_serial, batch.refers
        ):
            stream.answered += 1
            if stream.allowed > 0:
                stream.allowed -= 1
        elif stream.leftovers_count < stream.unanswered_max:
            stream.leftovers[stream.leftovers_count][0] = start
            stream.leftovers[stream.leftovers_count][1] = start + question.frame_bytes
            stream.leftovers_count += 1
        else:
            return False
    return True


cdef void run(Stream* stream, Out* out, Batch* batch, const Arena* arena, Counters counters) noexcept:
    cdef size_t end = 0
    while True:
        end = cut_frames(stream, batch, arena, end)
        if batch.count == 0:
            stream.consumed = end
            return
        if not answer_batch(stream, out, batch, arena, counters):
            stream.more = True
            return


def process(AnswerIndex index not None, buffer, uint32_t now, uint16_t site_serial, Counters counters not None,
            int64_t allowed=-1, size_t unanswered_max=256, size_t octets_max=1048576, size_t message_bytes_max=65536):
    """Answer what is common among the whole frames of a stream."""
    cdef Stream stream
    cdef Py_buffer view
    cdef size_t number
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    stream.octets = <const uint8_t*>view.buf
    stream.bytes = view.len
    stream.now = now
    stream.site_serial = site_serial
    stream.message_bytes_max = min(message_bytes_max, <size_t>VALUE_OCTETS_MAX)
    stream.octets_max = octets_max
    stream.unanswered_max = min(unanswered_max, <size_t>LEFTOVERS_MAX)
    stream.allowed = allowed
    stream.consumed = stream.leftovers_count = stream.answered = 0
    stream.more = False
    _out.bytes = 0
    run(&stream, &_out, &_batch, &index.arena if index.usable() else NULL, counters)
    answers = PyBytes_FromStringAndSize(<char*>_out.octets, _out.bytes)
    PyBuffer_Release(&view)
    # Tuples may let the collector run other code, which may come here again: nothing static is needed from here on.
    cdef list leftovers = [None] * stream.leftovers_count
    for number in range(stream.leftovers_count):
        leftovers[number] = (stream.leftovers[number][0], stream.leftovers[number][1])
    return answers, stream.consumed, leftovers, stream.answered, stream.more
