"""What is sent to a host under test and what was found: structs, replay files, pytest cases. Knows no socket."""

import os
from pathlib import Path

import msgspec

from switch.message import Framing, SpecError, parse_framing

GOOD = ("answered", "closed", "ignored")
FORMAT = 1
_MODE = 0o600
_PYTEST = '''"""Written by switch-fuzz: {kind}, {outcome}. The message is in {file} beside this file."""

import os
from pathlib import Path

from switch.testing.fuzz_case import read_case
from switch.testing.fuzz_run import replay


def test_the_host_stands_{name}():
    host = os.environ.get("SWITCH_FUZZ_HOST", "{host}")
    found = replay(read_case(Path(__file__).with_name("{file}")), host)
    assert found.good, found
'''


class CaseError(ValueError):
    """A replay file that cannot be used; says which and why."""


class Shot(msgspec.Struct, frozen=True):
    """One message as it is sent: `data` in hexadecimal without its frame, in portions at `cuts` of the framed bytes."""

    kind: str
    what: str
    data: str
    valid: bool
    cuts: tuple[int, ...] = ()
    keep_alive: bool = False


class Peer(msgspec.Struct, frozen=True, kw_only=True):
    """How the host is spoken to; times in seconds, `header` in hexadecimal stands between length and message."""

    spec: str
    framing: str = "len2"
    header: str = ""
    timeout: float = 5.0
    slow: float = 2.5

    @property
    def frames(self) -> Framing:
        """The framing; raises ValueError."""
        return parse_framing(self.framing, 65_535)


class Found(msgspec.Struct, frozen=True):
    """How a host took a message: an outcome, and words that hold no values."""

    outcome: str
    detail: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing was wrong."""
        return self.outcome in GOOD


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A failure: the shots to send, each on a connection of its own; the last is the one that is judged."""

    peer: Peer
    shots: tuple[Shot, ...]
    probe: Shot
    found: Found
    reproduced: bool
    format: int = FORMAT


def read_case(path: Path) -> Case:
    """The case of a replay file; raises CaseError."""
    try:
        case = msgspec.json.decode(path.read_bytes(), type=Case)
        if case.format != FORMAT or not case.shots:
            raise CaseError(f"{path}: expected format {FORMAT} and a message")
        for shot in (*case.shots, case.probe):
            bytes.fromhex(shot.data)
        bytes.fromhex(case.peer.header)
        case.peer.frames  # noqa: B018 - raises
    except OSError as error:
        raise CaseError(f"{path}: {error.strerror}") from None
    except SpecError as error:
        raise CaseError(f"{path}: {error}") from None
    except (ValueError, msgspec.MsgspecError) as error:
        raise error if isinstance(error, CaseError) else CaseError(f"{path}: no replay file of switch-fuzz") from None
    return case


def write_case(folder: Path, number: int, case: Case, host: str) -> tuple[Path, Path]:
    """The replay file and the pytest case, readable by their owner only; raises OSError."""
    name = f"{number:04d}"
    file, test = folder / f"case-{name}.json", folder / f"test_fuzz_{name}.py"
    _write(file, msgspec.json.format(msgspec.json.encode(case), indent=1))
    words = _PYTEST.format(kind=case.shots[-1].kind, outcome=case.found.outcome, file=file.name, name=name, host=host)
    _write(test, words.encode())
    return file, test


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "wb") as file:
        file.write(data)
