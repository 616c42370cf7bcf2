"""Message type indicators: what their four digits say and how one follows from another. Knows no message.

Source: ISO 8583:1987 clause 4.1, ISO 8583:1993 clauses 4.1.1 and 4.1.2, ISO 8583-1:2003 (message type identifier)."""

from dataclasses import dataclass
from functools import lru_cache

from switch.message.errors import MessageError


@dataclass(frozen=True, slots=True)
class Function:
    """A third digit: its name, the first version (digit) that has it, the digit of its answer (its own: none)."""

    name: str
    since: str
    answer: str


VERSIONS = {"0": "1987", "1": "1993", "2": "2003", "8": "national", "9": "private"}
CLASSES = {
    "1": "authorisation",
    "2": "financial",
    "3": "file action",
    "4": "reversal or chargeback",
    "5": "reconciliation",
    "6": "administrative",
    "7": "fee collection",
    "8": "network management",
}
FUNCTIONS = {
    "0": Function("request", "0", "1"),
    "1": Function("response", "0", "1"),
    "2": Function("advice", "0", "3"),
    "3": Function("advice response", "0", "3"),
    "4": Function("notification", "0", "5"),
    "5": Function("notification acknowledgement", "1", "5"),
    "6": Function("instruction", "2", "7"),
    "7": Function("instruction acknowledgement", "2", "7"),
}
ORIGINS = {
    "0": "acquirer",
    "1": "acquirer, repeat",
    "2": "issuer",
    "3": "issuer, repeat",
    "4": "other",
    "5": "other, repeat",
}
_PRIVATE_USE = "89"  # versions whose owner gives every other digit its meaning
_WAITED_FOR = "026"  # a notification may be acknowledged, but nobody waits for it
_ISSUER = "23"


def parse_mti(text: str, *, strict: bool = True) -> "Mti":
    """The message type of 4 digits; raises MessageError for anything else and, when `strict`, for reserved digits."""
    mti = _mti(text)
    reserved = mti.reserved if strict else ()
    if reserved:
        raise _error(f"{' and '.join(reserved)} reserved by ISO 8583")
    return mti


def mti_class(mti: str) -> str:
    """The second digit: 1 authorisation, 2 financial, 4 reversal, 5 reconciliation, 6 administrative, 8 network."""
    return _mti(mti).text[1]


def is_request(mti: str) -> bool:
    """Whether the sender waits for an answer: a request (function 0), an advice (2), an instruction (6, from 2003)."""
    return _asks(mti)


def is_repeat(mti: str) -> bool:
    """Whether the fourth digit says that this is a repeat."""
    return _mti(mti).is_repeat


def reply_mti(mti: str) -> str:
    """0100 -> 0110, 0421 -> 0430: the repeat digit goes, the origin stays. Raises MessageError where there is none."""
    return _answer(mti)


def repeat_mti(mti: str) -> str:
    """0400 -> 0401; a repeat stays as it is. Raises MessageError for a reserved origin."""
    return _mti(mti).repeat().text


@dataclass(frozen=True, slots=True, order=True)
class Mti:
    """A message type of 4 digits; raises MessageError for anything else. Reserved digits are allowed and named so.

    `str(mti)` gives the digits back. Versions for national and private use are read as ISO 8583-1:2003 is.
    """

    text: str

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or len(self.text) != 4 or not (self.text.isascii() and self.text.isdigit()):
            raise _error("expected 4 digits")

    def __str__(self) -> str:
        return self.text

    @property
    def version(self) -> str:
        """1987, 1993, 2003, national, private or reserved."""
        return VERSIONS.get(self.text[0], "reserved")

    @property
    def message_class(self) -> str:
        """A name of CLASSES or "reserved"; class 4 is "reversal", from the issuer "chargeback"."""
        if self.text[1] == "4":
            return "chargeback" if self.text[3] in _ISSUER else "reversal"
        return CLASSES.get(self.text[1], "reserved")

    @property
    def function(self) -> str:
        """A name of FUNCTIONS, "reserved" also for one that this version does not have yet."""
        return FUNCTIONS[self.text[2]].name if self._has(self.text[2]) else "reserved"

    @property
    def origin(self) -> str:
        """acquirer, issuer, other or reserved; `is_repeat` says the rest."""
        return ORIGINS.get(self.text[3], "reserved").removesuffix(", repeat")

    @property
    def name(self) -> str:
        """In words: "reversal advice, acquirer, repeat"."""
        kind = self.message_class if self.text[1] in CLASSES else "reserved class"
        function = self.function if self._has(self.text[2]) else "reserved function"
        return f"{kind} {function}, {ORIGINS.get(self.text[3], 'reserved origin')}"

    @property
    def reserved(self) -> tuple[str, ...]:
        """Which of version, class, function and origin ISO 8583 reserves; none in national and private versions."""
        if self.text[0] in _PRIVATE_USE:
            return ()
        known = {
            "version": self.text[0] in VERSIONS,
            "class": self.text[1] in CLASSES,
            "function": self._has(self.text[2]),
            "origin": self.text[3] in ORIGINS,
        }
        return tuple(part for part, is_known in known.items() if not is_known)

    @property
    def is_request(self) -> bool:
        """Whether the sender waits for an answer: request, advice, instruction; not a notification."""
        return self.text[2] in _WAITED_FOR and self._has(self.text[2])

    @property
    def is_response(self) -> bool:
        """Whether it answers another message: response or acknowledgement."""
        return self._has(self.text[2]) and FUNCTIONS[self.text[2]].answer == self.text[2]

    @property
    def is_advice(self) -> bool:
        """Whether it tells of what was done: the receiver cannot refuse it."""
        return self.text[2] == "2"

    @property
    def is_notification(self) -> bool:
        """Whether it tells of an event and waits for nothing."""
        return self.text[2] == "4"

    @property
    def is_repeat(self) -> bool:
        """Whether the same message was sent before."""
        return self.text[3] in "135"

    def reply(self) -> "Mti":
        """The type that answers this one, without the repeat; an answer stays one.

        Raises MessageError when this version has no answer to it: a notification of 1987, a reserved function.
        """
        answer = FUNCTIONS[self.text[2]].answer if self._has(self.text[2]) else ""
        if not self._has(answer):
            raise _error(f"{self.function} function expects no reply")
        origin = int(self.text[3])
        return _mti(f"{self.text[:2]}{answer}{origin - origin % 2}")

    def repeat(self) -> "Mti":
        """The same message sent again: 0400 -> 0401; raises MessageError for a reserved origin."""
        if self.text[3] not in ORIGINS:
            raise _error("reserved origin has no repeat")
        return self if self.is_repeat else _mti(f"{self.text[:3]}{int(self.text[3]) + 1}")

    def advice(self) -> "Mti":
        """The first advice of what this message asks for: 0101 -> 0120; an advice stays as it is.

        Raises MessageError for anything but a request or an advice.
        """
        if self.text[2] not in "02":
            raise _error(f"{self.function} function has no advice")
        return self if self.is_advice else _mti(f"{self.text[:2]}2{int(self.text[3]) // 2 * 2}")

    def _has(self, function: str) -> bool:
        return function in FUNCTIONS and self.text[0] >= FUNCTIONS[function].since


def _error(reason: str) -> MessageError:
    return MessageError("message type", "t", reason)


# the data path asks these for every message, of a handful of types
_mti = lru_cache(maxsize=1024)(Mti)
_asks = lru_cache(maxsize=1024)(lambda text: Mti(text).is_request)
_answer = lru_cache(maxsize=1024)(lambda text: Mti(text).reply().text)
