"""What an operator sets about the journal."""

import msgspec

MIB = 1 << 20


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`segment_bytes` ends a segment. `keep_segments` stay once the index holds them durably, 0 keeps all; those before
    them are moved to the folder `archive_segments`, or deleted without one.

    Tombstones live `tombstone_days`, and at most `max_tombstones` of them. `duplicate_days` is how long a finished
    transaction stays to answer repeats before it may be archived, `completion_days` how long a pre-authorisation stays
    to be completed, which is `duplicate_days` at least. `check` has SQLite check its file at every start.
    """

    segment_bytes: int = 64 * MIB
    keep_segments: int = 16
    archive_segments: str = ""
    tombstone_days: int = 30
    max_tombstones: int = 100_000
    duplicate_days: int = 7
    completion_days: int = 30
    check: bool = True
