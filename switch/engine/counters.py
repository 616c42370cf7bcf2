"""What an operator wants counted."""


class Counters:
    """Since the start of the process."""

    __slots__ = (
        "answered",
        "contradictions",
        "late",
        "overloaded",
        "refused",
        "repeats",
        "requests",
        "unknown_answers",
    )

    def __init__(self) -> None:
        self.requests = self.answered = self.refused = self.overloaded = self.repeats = 0
        self.late = self.contradictions = self.unknown_answers = 0

    def as_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__slots__}
