"""Log lines: one JSON object each, naming its process, card data masked whatever key it hides under."""

import io
import json

import pytest
import structlog

from switch import logs

PAN = "4111111111111111"


@pytest.fixture
def lines():
    before = structlog.get_config()
    stream = io.StringIO()
    logs.configure("switch", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.configure(**before)


def test_a_line_names_process_level_time_and_event(lines):
    structlog.get_logger().warning("refused", link="visa")
    (line,) = lines()
    assert (line["process"], line["level"], line["event"], line["link"]) == ("switch", "warning", "refused", "visa")
    assert line["time"].endswith("Z")


@pytest.mark.parametrize(
    "event",
    [
        {"note": f"card {PAN} failed"},
        {"anything": PAN},
        {"deep": {"list": [PAN, {"more": f"x={PAN};"}]}},
        {"track2": f"{PAN}=301220113765214"},
        {"note": f"track {PAN}=301220113765214"},
        {"pan": PAN},
        {"raw": PAN.encode()},
        {"error": ValueError(f"bad card {PAN}")},
    ],
)
def test_a_planted_card_number_is_masked(lines, event):
    structlog.get_logger().info("planted", **event)
    assert PAN not in json.dumps(lines())


def test_an_exception_with_a_card_number_in_it_is_masked(lines):
    try:
        raise ValueError(f"cannot read {PAN}")
    except ValueError:
        structlog.get_logger().exception("failed")
    assert PAN not in json.dumps(lines())
    assert "411111******1111" in json.dumps(lines())


@pytest.mark.parametrize("secret", ["0123456789ABCDEF" * 2, "U" + "0123456789ABCDEF" * 2, "9AF1029384756BCD"])
def test_a_key_or_pin_block_in_a_text_is_removed(lines, secret):
    structlog.get_logger().info("planted", note=f"key {secret} end")
    assert secret not in json.dumps(lines())


def test_numbers_that_are_no_cards_stay(lines):
    structlog.get_logger().info("counted", rrn="632823000123", amount=123456789012345, time_ms=1764000000000)
    (line,) = lines()
    assert (line["rrn"], line["amount"]) == ("632823000123", 123456789012345)
