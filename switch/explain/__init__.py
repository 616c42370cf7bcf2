"""Messages for human eyes: found in any input, decoded, put into words, built, compared. Pure: no I/O, no clock."""

from switch.explain.building import BuildError, build, doubts, from_arguments, from_object, rebuild, with_header
from switch.explain.capture import CaptureError, is_capture
from switch.explain.comparing import Difference, differences
from switch.explain.explained import Explained, Settings
from switch.explain.explaining import explain
from switch.explain.guess import Candidate, guess, shipped
from switch.explain.lines import Line, difference_line, message_lines, plain
from switch.explain.objects import message_object
from switch.explain.tree import Node

__all__ = [
    "BuildError",
    "Candidate",
    "CaptureError",
    "Difference",
    "Explained",
    "Line",
    "Node",
    "Settings",
    "build",
    "difference_line",
    "differences",
    "doubts",
    "explain",
    "from_arguments",
    "from_object",
    "guess",
    "is_capture",
    "message_lines",
    "message_object",
    "plain",
    "rebuild",
    "shipped",
    "with_header",
]
