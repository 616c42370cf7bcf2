"""The files of one network for one batch, begun one after the other as each fills up. Knows no record format."""

from typing import BinaryIO

from switch.clearing.formats import Format, Writer
from switch.clearing.outbox import Outbox
from switch.clearing.part import Part
from switch.clearing.presentment import Presentment
from switch.clearing.settings import ClearingSettings
from switch.clearing.totals import Tally


class Series:
    """Begins its first file at once, so that there is one without transactions too.

    `names` are the files so far, `meant` what was written into each.
    """

    def __init__(self, format_: Format, first: Part, outbox: Outbox, settings: ClearingSettings) -> None:
        self.format = format_
        self.first = first
        self.names: list[str] = []
        self.meant: dict[str, Tally] = {}
        self._outbox = outbox
        self._settings = settings
        self._part = first
        self._out, self._writer = self._begin()

    def add(self, presentment: Presentment) -> None:
        """Into the open file, or the next when that is full."""
        if not self._writer.fits(presentment):
            self.close()
            self._part = self._part.next()
            self._out, self._writer = self._begin()
        self._writer.add(presentment)

    def close(self) -> None:
        """Ends the open file and puts it on the disk."""
        self._writer.finish()
        self._outbox.complete(self._out)

    def _begin(self) -> tuple[BinaryIO, Writer]:
        name = self._part.file_name(self.format.suffix)
        out = self._outbox.create(name)
        writer = self.format.writer(out, self._part, self._settings)
        self.names.append(name)
        self.meant[name] = writer.tally
        return out, writer
