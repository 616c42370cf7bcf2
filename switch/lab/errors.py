"""The one error of the lab."""


class LabError(Exception):
    """The lab cannot go on; the message is one clear line that says what to do."""
