"""The errors of the message floor: where it is and what was expected, never what the field held."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switch.message.view import View


class MessageError(ValueError):
    """Bytes that are no message of the interface, or values that cannot be encoded.

    `path` is "t", "p", "35" or "55.9F02"; `offset` counts bytes from the start of the frame (None when encoding);
    `needed` and `available` are bytes, when the fault is one of length; `expected` is the class that a value should
    have ("n", "an..12"), when the fault is one of class; `partial` holds the fields that are sound (from Codec.view
    those before the fault, from View.check all).
    """

    def __init__(
        self,
        interface: str,
        path: str,
        reason: str,
        offset: int | None = None,
        needed: int | None = None,
        available: int | None = None,
        expected: str | None = None,
    ) -> None:
        self.interface = interface
        self.path = path
        self.reason = reason
        self.offset = offset
        self.needed = needed
        self.available = available
        self.expected = expected
        self.partial: View | None = None
        where = f" at byte {offset}" if offset is not None else ""
        sizes = f" (needed {needed}, available {available})" if needed is not None else ""
        super().__init__(f"{interface}: field {path}{where}: {reason}{sizes}")


class SpecError(ValueError):
    """A spec that cannot be used: `source` is its file, `field` a path ("48.92"), `key` the key, `expected` what for.

    `field` and `key` are empty where the fault is not in one.
    """

    def __init__(self, source: str, expected: str, field: str = "", key: str = "") -> None:
        self.source = source
        self.field = field
        self.key = key
        self.expected = expected
        where = f" field {field}:" if field else ""
        super().__init__(f"{source}:{where}{f' {key}:' if key else ''} {expected}")
