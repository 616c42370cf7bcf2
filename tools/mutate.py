"""Damages valid messages of every shipped spec and reads them in every way: only MessageError may come of it.

python -m switch.tools.mutate --count 1000000 --seed 7 [--spec visa]; prints what failed as hex, and ends with 1."""

import argparse
import heapq
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from switch.message import Codec, MessageError, compile_spec, describe, load_spec, shipped_specs

from .random_messages import random_message

# Bytes that mean something in one encoding or another: ends, signs, long tags and lengths, digits.
_TELLING = bytes.fromhex("00 01 09 0F 10 1F 30 39 3D 40 5F 70 7F 80 81 82 84 99 9F A0 DF E0 F0 F9 FF")
_MUTANTS_OF_ONE = 20
# The slowest of each spec are timed again.
_SUSPECTS = 50


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that raised something else than MessageError."""

    spec: str
    data: bytes
    trace: str


def mutants(codec: Codec, random: Random, count: int) -> Iterator[bytes]:
    """So many damaged messages, each of them damaged once to three times."""
    for number in range(count):
        if number % _MUTANTS_OF_ONE == 0:
            whole = random_message(codec, random)
        data = bytearray(whole)
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            _damage(data, random)
        yield bytes(data)


def _damage(data: bytearray, random: Random) -> None:
    place = random.randrange(len(data) + 1)
    # Changes in place leave most lengths true, and so get further inside.
    what = random.choice((0, 0, 1, 1, 1, 2, 3, 4, 5))
    if what == 0 and place < len(data):
        data[place] ^= 1 << random.randrange(8)
    elif what == 1 and place < len(data):
        data[place] = random.choice(_TELLING)
    elif what == 2:
        del data[place : place + random.randint(1, 8)]
    elif what == 3:
        data[place:place] = random.randbytes(random.randint(1, 8))
    elif what == 4:
        data[place:place] = data[place : place + random.randint(1, 30)]
    else:
        del data[place:]


def exercise(codec: Codec, data: bytes) -> bool:
    """Reads `data` in every way there is; whether it was a message. Raises what a reader must not raise."""
    try:
        view = codec.view(data)
    except MessageError as error:
        if error.partial is not None:
            error.partial.check()
            describe(error.partial)
        return False
    describe(view)
    view.ranges()
    for path in view.paths():
        view.sub(path)
        view.fault(path)
    for attempt in (view.decoded, view.check, lambda: view.splice({"11": "123456"}), lambda: _rebuilt(codec, data)):
        try:
            attempt()
        except MessageError:
            pass
    return True


def _rebuilt(codec: Codec, data: bytes) -> None:
    """What is read is written as something that reads the same."""
    fields = codec.decode(data)
    again = codec.decode(codec.encode({key: value for key, value in fields.items() if key not in ("p", "1")}))
    if {**fields, "p": "", "1": ""} != {**again, "p": "", "1": ""}:
        raise AssertionError("a message does not read as it was written")


def run(names: tuple[str, ...], count: int, seed: int) -> tuple[int, int, float, list[Failure]]:
    """So many mutants of each spec: how many there were, how many were messages, the slowest (CPU time), failures."""
    sound, slowest, failures = 0, 0.0, []
    for name in names:
        codec, random = compile_spec(load_spec(name)), Random(f"{seed} {name}")
        slow: list[tuple[float, bytes]] = []
        for data in mutants(codec, random, count):
            begun = time.process_time()
            try:
                sound += exercise(codec, data)
            except Exception:
                failures.append(Failure(name, data, traceback.format_exc()))
                continue
            heapq.heappush(slow, (time.process_time() - begun, data))
            if len(slow) > _SUSPECTS:
                heapq.heappop(slow)
        slowest = max(slowest, *(_again(codec, data) for _, data in slow))
    return count * len(names), sound, slowest, failures


def _again(codec: Codec, data: bytes) -> float:
    """The least of some times: what is slow once was the garbage collector or another process."""
    found = []
    for _ in range(5):
        begun = time.process_time()
        exercise(codec, data)
        found.append(time.process_time() - begun)
    return min(found)


def main() -> int:
    """The exit status: 1 when anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20_000, help="mutants in all (default 20000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--spec", action="append", help="the name of a shipped spec; all by default")
    options = parser.parse_args()
    names = tuple(options.spec or shipped_specs())
    total, sound, slowest, failures = run(names, -(-options.count // len(names)), options.seed)
    for failure in failures[:20]:
        sys.stdout.write(f"{failure.spec} {failure.data.hex()}\n{failure.trace}\n")
    sys.stdout.write(
        f"{total} damaged messages of {len(names)} specs, {sound} still messages, "
        f"slowest {slowest * 1000:.2f} ms, {len(failures)} failed (seed {options.seed})\n"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
