# cython: language_level=3, embedsignature=False, emit_code_comments=False
"""The compiled hot path; `_speedups.pyi` says what each name does and how transports call it.

The work is cut so that memory is waited for once, not once per question. Up to 64 questions are recognised, folded and
hashed first, and the cache line of each slot is asked for; then each slot is read, and the lines of its entry are asked
for; only then are keys compared and answers copied. Between the first and the last octet of a batch no Python code runs,
so the static tables below need no lock but the interpreter's own.

One compilation unit in several files, one noun each:

    _speedups_octets.pxi     numbers in network order, folding, the keyed hash, the checksum
    _speedups_arena.pxi      the file's layout, finding and placing entries; pure C
    _speedups_index.pxi      AnswerIndex around it
    _speedups_answer.pxi     the question recognised, the answer written
    _speedups_stream.pxi     process
    _speedups_gate.pxi       networks, proven addresses, token buckets
    _speedups_datagrams.pxi  drain
    _speedups_streams.pxi    Streams: many connections in one step
    _speedups_http.pxi       resolve_http
    _speedups_values.pxi     split_plain
    _speedups_digest.pxi     seal_value, unseal_value, seal_rows
    _speedups_rows.pxi       seal_new_records
    _speedups_batch.pxi      read_items, join_items, prepare_plain_items
    _speedups_lines.pxi      created_line
    _speedups_taking.pxi     take_records
    _speedups_dns.pxi        drain_dns, resolve_dns
    _speedups_sheaf.pxi      Sheaf, ascending, merged_pieces
    _speedups_cells.pxi      UsualTable
    _speedups_usual.pxi      UsualRows
    _speedups_edges.pxi      EdgeMaker
    _speedups_sealing.pxi    SealedRows, PackedRows, seal_batch
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, getenv, malloc, realloc
from libc.string cimport memchr, memcmp, memcpy, memmove, memset

# The switch is read here, so that nobody gets the module past it.
if getenv("IDIS_NO_EXTENSIONS") is not NULL and getenv("IDIS_NO_EXTENSIONS")[0] not in (0, c'0'):
    raise ImportError("IDIS_NO_EXTENSIONS is set: the plain path is used")

include "_speedups_octets.pxi"
include "_speedups_arena.pxi"
include "_speedups_index.pxi"
include "_speedups_answer.pxi"
include "_speedups_stream.pxi"
include "_speedups_gate.pxi"
include "_speedups_datagrams.pxi"
include "_speedups_streams.pxi"
include "_speedups_http.pxi"
include "_speedups_values.pxi"
include "_speedups_digest.pxi"
include "_speedups_rows.pxi"
include "_speedups_batch.pxi"
include "_speedups_lines.pxi"
include "_speedups_taking.pxi"
include "_speedups_dns.pxi"
include "_speedups_sheaf.pxi"
include "_speedups_cells.pxi"
include "_speedups_usual.pxi"
include "_speedups_edges.pxi"
include "_speedups_sealing.pxi"
