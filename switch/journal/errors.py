"""What opening a journal can end with."""


class JournalError(Exception):
    """The journal cannot be opened or used: the message says which file and why."""


class WrongKeysError(Exception):
    """The data keys are not those the journal was written with."""


class DamagedError(Exception):
    """SQLite's own check of the file found faults."""
