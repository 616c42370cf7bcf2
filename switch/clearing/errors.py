"""The one error of the clearing floor: which file, record, byte and field, and what was expected. Never card data."""


class ClearingError(Exception):
    """A clearing file that cannot be written, or is not what it should be.

    `record` counts from 1, `offset` bytes from the start of the file; both None where they say nothing.
    """

    def __init__(
        self, file: str, expected: str, *, record: int | None = None, offset: int | None = None, field: str = ""
    ) -> None:
        self.file = file
        self.expected = expected
        self.record = record
        self.offset = offset
        self.field = field
        where = f": record {record}" if record is not None else ""
        where += f" at byte {offset}" if offset is not None else ""
        where += f": field {field}" if field else ""
        super().__init__(f"{file}{where}: {expected}")
