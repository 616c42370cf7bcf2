"""The life of a transaction: checks, routing, deadlines, reversals, replies. Pure: no I/O, no clock, no task."""
