"""Messages and values: octets to objects and back."""

from __future__ import annotations

from idis.bench.asking.questions import handle_frames
from idis.bench.asking.sample import sample_identifier, sample_values
from idis.bench.micro.conftest import NOW, PREFIX, Benchmark
from idis.proto.exchange import query_of, response_message
from idis.proto.message import decode_message, encode_message
from idis.proto.outcome import Answer
from idis.proto.value import decode_values, encode_values

FRAME = handle_frames([sample_identifier(PREFIX, 1)], now=NOW, datagrams=True).of(0)
VALUES = encode_values(sample_values(1))


def bench_decode_a_question(benchmark: Benchmark) -> None:
    """Envelope, header, body and query of a plain resolution."""
    query = benchmark(lambda: query_of(decode_message(FRAME)))
    assert query.spelling == sample_identifier(PREFIX, 1)


def bench_encode_an_answer(benchmark: Benchmark) -> None:
    """The response to it, its values being octets already."""
    request = decode_message(FRAME)
    outcome = Answer(VALUES, 0)
    octets = benchmark(lambda: encode_message(response_message(request, outcome, site_serial=1, primary=True, now=NOW)))
    assert VALUES in octets


def bench_decode_values(benchmark: Benchmark) -> None:
    """Two values of a record."""
    assert len(benchmark(decode_values, VALUES)) == 2


def bench_encode_values(benchmark: Benchmark) -> None:
    """The same two."""
    assert benchmark(encode_values, sample_values(1)) == VALUES
