"""A cursor over the body of a host command: fields of fixed width, keys, and what may stand at the end."""

from switch.hsm.lmk import LENGTH_OF_SCHEME

_HEX = frozenset("0123456789ABCDEF")


class CommandFault(ValueError):
    """A body that does not parse or is not allowed; `code` is the error of the reply."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Body:
    """Characters are bytes (Latin-1). Every method raises CommandFault 15 when too little is left."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def digits_ahead(self) -> int:
        """How many digits stand at the cursor: tells how long a field is whose length only its followers give away."""
        rest = self._text[self._at :]
        return len(rest) - len(rest.lstrip("0123456789"))

    def peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def take(self, count: int, code: str = "15") -> str:
        found = self._text[self._at : self._at + count]
        if len(found) != count:
            raise CommandFault(code, "body is short")
        self._at += count
        return found

    def digits(self, count: int, code: str = "15") -> str:
        found = self.take(count)
        if not (found.isascii() and found.isdigit()):
            raise CommandFault(code, "expected digits")
        return found

    def hexadecimal(self, count: int, code: str = "15") -> str:
        found = self.take(count)
        if not _HEX.issuperset(found):
            raise CommandFault(code, "expected hexadecimal digits")
        return found

    def until(self, mark: str, most: int) -> str:
        end = self._text.find(mark, self._at)
        if not 0 <= end - self._at <= most:
            raise CommandFault("15", f"expected {mark!r}")
        found = self._text[self._at : end]
        self._at = end + 1
        return found

    def skip(self, mark: str) -> bool:
        """Whether the next character is `mark`, which is then consumed."""
        if self.peek() != mark:
            return False
        self._at += 1
        return True

    def key(self, plain: int = 16) -> str:
        """A key field K: a scheme letter and its digits, or `plain` hex digits without one."""
        scheme = self.peek()
        if scheme == "S":
            raise CommandFault("26", "key blocks are not loaded")
        if scheme in LENGTH_OF_SCHEME and scheme != "Z":
            return self.take(1) + self.hexadecimal(LENGTH_OF_SCHEME[scheme])
        return self.hexadecimal(plain)

    def end(self) -> str:
        """The trailer to return: what may follow is `%00` (the one LMK loaded) and X'19' with up to 32 characters."""
        if self.skip("%") and self.take(2) != "00":
            raise CommandFault("13", "LMK number")
        trailer = self._text[self._at :]
        if not trailer:
            return ""
        if trailer[0] != "\x19" or len(trailer) > 33:
            raise CommandFault("15", "body is long")
        return trailer
