"""What an operator sets about the journal."""

import msgspec

MIB = 1 << 20


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`segment_bytes` ends a segment. `check` has SQLite check its file at every start."""

    segment_bytes: int = 64 * MIB
    check: bool = True
