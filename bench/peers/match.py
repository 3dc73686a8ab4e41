"""The comparison itself: every competitor started, then row by row their rounds in an order drawn anew for each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from statistics import median

from idis.bench.asking.load import Load, Transport
from idis.bench.asking.tally import Count
from idis.bench.measuring.first_pass import learn_digests
from idis.bench.measuring.rounds import Round, run_round
from idis.bench.peers.contender import Contender, Face, Running
from idis.bench.peers.lines import Line
from idis.bench.peers.stage import Stage, StageError
from idis.bench.report.verdict import objections
from idis.proto.errors import IdisError

FOUND_MIN = 0.999  # of the names: whoever answers fewer is not measured; datagrams may be lost in the first pass
WARM_UP_SHARE = 0.2

Notice = Callable[[str], None]


@dataclass(slots=True)
class Standing:
    """What one competitor gave in one row."""

    rounds: list[Round] = field(default_factory=list)
    load: Load | None = None

    def values(self, measure: str) -> list[float]:
        """A measure of every round: `rate`, `cpu` (µs an answer), `busy`, or a percentile of the response time in µs."""
        match measure:
            case "rate":
                return [one.rate for one in self.rounds]
            case "cpu":
                return [one.server_cpu_us for one in self.rounds if one.server_cpu_us is not None]
            case "busy":
                return [max(one.busy) for one in self.rounds]
        share = float(measure.removeprefix("p"))
        return [one.tally.response.percentile(share) / 1_000 for one in self.rounds if one.tally[Count.ANSWERED]]

    def median(self, measure: str) -> float | None:
        """The median of a measure; None when nothing is known."""
        values = self.values(measure)
        return median(values) if values else None

    def objections(self) -> list[str]:
        """Why its rounds may not be believed."""
        return objections(self.load, self.rounds) if self.load is not None and self.rounds else []


@dataclass(slots=True)
class Match:
    """Everything a comparison gave.

    Attributes:
        names: records of each competitor.
        running: who took part, with start and memory.
        skipped: who did not, and why.
        standings: by row and competitor.
    """

    names: int
    running: dict[str, Running] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    standings: dict[str, dict[str, Standing]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rules:
    """How long and how often: rounds of so many seconds, drawn from a seed."""

    rounds: int
    seconds: float
    seed: int


def hold(stage: Stage, contenders: Sequence[Contender], lines: Sequence[Line], rules: Rules, names: int, notice: Notice) -> Match:
    """Start, learn, measure; what cannot take part is skipped and said."""
    match = Match(names)
    asked = {line.transport for line in lines}
    for contender in contenders:
        if reason := contender.missing():
            match.skipped[contender.name] = reason
            continue
        notice(f"starting {contender.name} with {names} names …")
        try:
            running = contender.start(stage, names)
            match.running[contender.name] = replace(running, faces=_learnt(running, asked, rules, notice))
        except (IdisError, OSError) as error:
            match.skipped[contender.name] = str(error)
    random = Random(rules.seed)
    try:
        for line in lines:
            _measure(match, stage, line, rules, random, notice)
    finally:
        stage.wake()
    return match


def load_of(line: Line, stage: Stage, rules: Rules, rate: float | None = None) -> Load:
    """How a row is asked."""
    return Load(
        transport=line.transport,
        rate=rate,
        poisson=rate is not None,
        connections=line.connections,
        pipeline=line.pipeline,
        duration_s=rules.seconds,
        warm_up_s=rules.seconds * WARM_UP_SHARE,
        rounds=rules.rounds,
        seed=rules.seed,
        pins=(stage.generator_core,),
        # Sleeping between questions would add the wake-up of this machine's generator core to every latency.
        spin=rate is not None,
    )


def _measure(match: Match, stage: Stage, line: Line, rules: Rules, random: Random, notice: Notice) -> None:
    entrants = {
        name: running.faces[line.transport]
        for name, running in match.running.items()
        if line.transport in running.faces and (not line.entrants or name in line.entrants)
    }
    standings = match.standings.setdefault(line.name, {})
    for name in entrants:
        rate = line.rate
        if line.half:
            whole = match.standings.get(line.half, {}).get(name, Standing()).median("rate")
            if not whole:
                continue
            rate = whole / 2
        standings[name] = Standing(load=load_of(line, stage, rules, rate))
    for number in range(1, rules.rounds + 1):
        order = list(standings)
        random.shuffle(order)
        for name in order:
            notice(f"{line.name}: round {number} of {rules.rounds}, {name}")
            load, face = standings[name].load, entrants[name]
            assert load is not None
            stage.leave_alone(face.server)
            standings[name].rounds.append(run_round(load, face.target, face.question, number, server=face.server))


def _learnt(running: Running, asked: Collection[Transport], rules: Rules, notice: Notice) -> Mapping[Transport, Face]:
    """The faces, those that will be asked with the digests of all their answers, so that a wrong one shows.

    Raises:
        StageError: a face does not answer for what it should hold.
    """
    faces: dict[Transport, Face] = {}
    for transport, face in running.faces.items():
        load = Load(transport=transport, duration_s=rules.seconds, warm_up_s=0.0)
        if face.constant or transport not in asked:
            faces[transport] = face
            continue
        notice(f"  first pass over {transport.value} …")
        learnt = learn_digests(load, face.target, face.question)
        if learnt.found < FOUND_MIN * len(face.question.frames):
            raise StageError(f"only {learnt.found} of {len(face.question.frames)} names were answered over {transport.value}")
        faces[transport] = replace(face, question=replace(face.question, expected=learnt.expected))
    return faces
