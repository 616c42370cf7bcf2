"""The one error of the message floor: where it is and what was expected, never what the field held."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from switch.message.view import View


class MessageError(ValueError):
    """Bytes that are no message of the interface, or values that cannot be encoded.

    `path` is "t", "p", "35" or "62.2"; `offset` counts bytes from the start of the frame (None when encoding);
    `needed` and `available` are bytes, when the fault is one of length; `partial` holds the fields that are sound
    (from Codec.view those before the fault, from View.check all).
    """

    def __init__(
        self,
        interface: str,
        path: str,
        reason: str,
        offset: int | None = None,
        needed: int | None = None,
        available: int | None = None,
    ) -> None:
        self.interface = interface
        self.path = path
        self.reason = reason
        self.offset = offset
        self.needed = needed
        self.available = available
        self.partial: View | None = None
        where = f" at byte {offset}" if offset is not None else ""
        sizes = f" (needed {needed}, available {available})" if needed is not None else ""
        super().__init__(f"{interface}: field {path}{where}: {reason}{sizes}")


class SpecError(ValueError):
    """A spec file that cannot be used; the message names file, field and reason."""
