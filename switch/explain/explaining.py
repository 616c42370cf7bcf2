"""An input explained, whatever form it has: finds the payloads in it and how to read them. Knows no file."""

from collections.abc import Iterable, Iterator

from switch.explain.capture import is_capture
from switch.explain.captured import Progress, explain_capture
from switch.explain.explained import Explained, Settings, explain_payload
from switch.explain.guess import LIKELY, Candidate
from switch.explain.guesser import Guesser
from switch.explain.readings import Payload, Reading, readings

# So many payloads of a reading say what the input is.
_TRIED_PAYLOADS = 3


def explain(data: bytes, settings: Settings, progress: Progress | None = None) -> Iterator[Explained | str]:
    """The messages in `data`, one by one; a string is a remark on what is no message.

    `progress` is told the bytes read of a capture and of how many. Raises ValueError for a framing of no such name.
    """
    if is_capture(data):
        return explain_capture(data, settings, progress)
    return _explain(readings(data), settings)


def _explain(found: Iterable[Reading], settings: Settings) -> Iterator[Explained | str]:
    """The messages of the reading whose payloads look most like messages; of the first one when several do."""
    guesser = Guesser(settings.codecs, settings.framing)
    reading = max(found, key=lambda each: _points(each, guesser))
    for payload in reading.payloads:
        data, candidates = _guessed(payload, guesser)
        likely = bool(candidates) and candidates[0].points >= LIKELY
        if likely or not reading.loose or len(reading.payloads) == 1:
            yield from explain_payload(data, payload.place, reading.form, candidates, settings)


def _points(reading: Reading, guesser: Guesser) -> float:
    """How much the payloads look like messages. In a log most may be something else, and the first likely one counts,
    a little less than the same message where nothing stands around it."""
    best = []
    for payload in reading.payloads if reading.loose else reading.payloads[:_TRIED_PAYLOADS]:
        _, found = _guessed(payload, guesser)
        best.append(found[0].points if found else 0.0)
        if reading.loose and best[-1] >= LIKELY:
            return best[-1] - 1
    return max(best, default=0.0) / 2 if reading.loose else sum(best) / len(best)


def _guessed(payload: Payload, guesser: Guesser) -> tuple[bytes, list[Candidate]]:
    """The bytes of a payload with their candidates: of several ways of reading it, the first of the likeliest."""
    ways = [(data, guesser.guess(data)) for data in (payload.data, *payload.others)]
    return max(ways, key=lambda way: way[1][0].points if way[1] else -1.0)
