"""Whatever a terminal or a host sends, the engine raises nothing, answers once and keeps neither flight nor secret."""

import gc
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from switch.message import MessageError, compile_spec, load_spec

VISA, ON_US = "4111111111111111", "4571990000000011"
SPEC = load_spec("pos-1987-ascii")
CODEC = compile_spec(SPEC)
TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126))
ALPHABETS = {"n": "0123456789", "a": "AZaz ", "an": "AZ09az ", "b": "0123456789ABCDEF", "z": "0123456789=D"}
NUMBERS = [key for key in SPEC.fields if key.isdigit() and key not in ("1", "65")]


def value_of(key: str) -> st.SearchStrategy[str]:
    field = SPEC.fields[key]
    most, least = field["max_len"], 0 if field["len_type"] else field["max_len"]
    alphabet = ALPHABETS.get(field.get("class", ""))
    characters = st.sampled_from(alphabet) if alphabet else st.characters(min_codepoint=32, max_codepoint=126)
    return st.text(characters, min_size=least, max_size=min(most, 60) if field["len_type"] else most)


CHANGES = st.lists(st.sampled_from(NUMBERS), max_size=4, unique=True).flatmap(
    lambda keys: st.fixed_dictionaries({key: st.none() | value_of(key) for key in keys})
)
HOSTS = {"visa": ["00", "51", "10", "85", "zz"], "mastercard": ["00", "05", "87"], "issuer-a": ["000", "002", "116"]}
FEW = settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck), database=None)


@FEW
@given(
    changes=CHANGES,
    mti=st.sampled_from(["0100", "0200", "0201", "0400", "0420"]),
    card=st.sampled_from([VISA, "5555555555554444", ON_US, "0012340000000014"]),
    code=st.integers(0, 4),
)
def test_any_fields_in_any_request_get_one_answer_or_a_closed_link(play_class, changes, mti, card, code):
    play = play_class()
    message = {name: value for name, value in (play.sale(card, t=mti) | changes).items() if value is not None}
    play.asks(message)
    for _ in range(6):
        for kind, host, what in [output for output in play.outputs if output[0] == "host"]:
            play.outputs.remove((kind, host, what))
            play.answers(host, what, HOSTS[host][code % len(HOSTS[host])])
        play.advance(1)
    assert play.engine.in_flight == 0
    assert [kind for kind, _, _ in play.outputs if kind in ("terminal", "closed")] in (["terminal"], ["closed"])
    assert all(row["state"] != "pending" for row in play.rows())
    play.memory.close()


@FEW
@given(frame=st.binary(max_size=80), where=st.integers(0, 120), byte=st.integers(0, 255))
def test_bytes_that_are_no_message_hurt_one_link_at_most(play_class, frame, where, byte):
    play = play_class()
    sound = play.frame(play.sale())
    spoilt = bytearray(sound)
    spoilt[where % len(sound)] = byte
    for data in (frame, bytes(spoilt), sound[: where % len(sound)] + frame):
        play.sends(data, "bad")
        play.link("bad").open = True
    play.outputs.clear()
    play.approved(_41="TERM0009")
    play.memory.close()


@FEW
@given(changes=CHANGES, mti=st.sampled_from(["0110", "0100", "0410", "0130", "0430", "0810"]))
def test_any_answer_of_a_host_leaves_one_answer_and_no_doubt(play_class, changes, mti):
    play = play_class()
    play.asks(play.sale())
    request = play.host_gets("visa", "0100")
    same = {"11": request["11"], "7": request["7"], "t": mti}
    fields = {f"_{name}": value for name, value in (changes | same).items() if value is not None}
    try:
        play.answers("visa", request, "00", **fields)
    except MessageError:
        pass  # no frame of this interface, or one that its own reader refuses: the engine never sees it
    for _ in range(6):
        for kind, host, what in [output for output in play.outputs if output[0] == "host"]:
            play.outputs.remove((kind, host, what))
            play.answers(host, what, "00")
        play.advance(1)
    assert play.engine.in_flight == 0
    assert [kind for kind, _, _ in play.outputs if kind in ("terminal", "closed")] == ["terminal"]
    (answer,) = [what for kind, _, what in play.outputs if kind == "terminal"]
    assert (answer["39"] == "00") == (play.rows()[0]["state"] == "approved")
    play.memory.close()


# -- what is kept


def reachable(root: object) -> str:
    """All text and bytes that can be reached from an object, the bench's own things left out."""
    seen: set[int] = set()
    found: list[str] = []
    left: list[Any] = [root]
    while left:
        thing = left.pop()
        if id(thing) in seen or isinstance(thing, type) or type(thing).__name__ in ("Play", "module", "function"):
            continue
        seen.add(id(thing))
        if isinstance(thing, str):
            found.append(thing)
        elif isinstance(thing, bytes):
            found.append(thing.decode("latin-1"))
        else:
            left += gc.get_referents(thing)
    return "\n".join(found)


def test_a_translated_pin_block_is_gone_as_soon_as_it_was_sent(play):
    play.asks(play.sale(_52=play.pin_block(VISA, "1234")))
    request = play.host_gets("visa", "0100")
    assert VISA in reachable(play.engine)
    assert request["52"] not in reachable(play.engine)
    play.answers("visa", request, "00")
    play.terminal_gets("0210", "00")


def test_once_answered_no_pin_track_or_card_value_is_left_in_the_engine(play, cards):
    track = cards[VISA]["track2"]
    block = play.pin_block(VISA, "1234")
    for ending in ("approved", "declined", "timeout", "requester gone"):
        sale = play.sale(_35=track, _52=block, _48="9203798")
        play.asks(sale, ending)
        request = play.host_gets("visa", "0100")
        play.host_is("visa", up=False)
        if ending == "timeout":
            play.advance(2)
            play.terminal_gets("0210", "91", ending)
        elif ending == "requester gone":
            play.hangs_up(ending)
            play.answers("visa", request, "00")
            play.logs("approval taken back")
        else:
            code = "00" if ending == "approved" else "51"
            play.answers("visa", request, code)
            play.terminal_gets("0210", code, ending)
        play.host_is("visa", up=ending == "approved")
        play.host_is("visa", up=True)
        while play.outputs:
            play.answers("visa", play.take("host", "visa"), "91")
    text = reachable(play.engine)
    assert play.engine.status()["queued"]["visa"] == 2
    assert VISA in text
    for secret in (track.partition("=")[2], block, "9203798"):
        assert secret not in text
