"""Public messages as they are explained, line by line.

golden/messages.json holds each with its source (from shared/vectors) and its nodes: path, offset, length, value,
meaning. Names, and what is inside fields, are the specs' own and not compared. Each line was checked by hand.
"""

import json
from pathlib import Path

import pytest

GOLDEN = json.loads((Path(__file__).parent / "golden" / "messages.json").read_text())


@pytest.mark.parametrize("message", GOLDEN, ids=lambda message: f"{message['about']}, {len(message['hex']) // 2} bytes")
def test_a_public_message_is_explained_as_ever(message, read):
    (found,) = read(message["hex"].encode(), spec=message["spec"])
    assert found.error is None
    nodes = [
        [node.path, node.offset, node.length, node.value, node.meaning] for node in found.nodes if "." not in node.path
    ]
    assert nodes == message["nodes"]
