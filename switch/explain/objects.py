"""An explained message as an object for programs; docs/explain.rst is its reference. It decides no masking."""

from typing import Any

from switch.explain.explained import Explained
from switch.explain.guess import Candidate


def message_object(each: Explained, number: int) -> dict[str, Any]:
    """What `switch explain --json` writes for one message."""
    error = each.error
    return {
        "message": number,
        "place": each.place,
        "form": each.form,
        "decoded": error is None,
        "interface": each.candidates[0].codec.name if each.candidates else None,
        "framing": each.candidates[0].framing if each.candidates else None,
        "header": (each.candidates[0].header.kind or None) if each.candidates else None,
        "length": len(each.frame),
        "candidates": [_candidate(candidate) for candidate in each.candidates],
        "fields": [
            {
                "path": node.path,
                "offset": node.offset,
                "length": node.length,
                "raw": node.raw,
                "value": node.value,
                "name": node.name,
                "meaning": node.meaning,
            }
            for node in each.nodes
        ],
        "error": None
        if error is None
        else {
            "path": error.path,
            "offset": error.offset,
            "needed": error.needed,
            "available": error.available,
            "reason": error.reason,
        },
        "rest": [{"offset": line.offset, "hex": line.hex.rstrip(), "text": line.text} for line in each.rest],
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "interface": candidate.codec.name,
        "framing": candidate.framing,
        "header": candidate.header.kind or None,
        "points": candidate.points,
        "reasons": list(candidate.reasons),
    }
