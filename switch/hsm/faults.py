"""What a command is refused with: the error code of the reply and a reason that holds nothing of what was sent."""


class CommandFault(ValueError):
    """A body that does not parse or is not allowed; `code` is the error of the reply."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class KeyFault(CommandFault):
    """A key that cannot be used."""
