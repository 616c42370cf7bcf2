"""Hypothesis strategies for messages, broken messages and streams; a fuzzer for live hosts. Needs hypothesis."""

from switch.testing.message import Message, build
from switch.testing.messages import field_values, messages
from switch.testing.mutating import KINDS
from switch.testing.mutations import Mutation, break_message, mutations
from switch.testing.streams import Stream, frames

__all__ = [
    "KINDS",
    "Message",
    "Mutation",
    "Stream",
    "break_message",
    "build",
    "field_values",
    "frames",
    "messages",
    "mutations",
]
