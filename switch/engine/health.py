"""Which hosts lately left requests unanswered. Pure: the time comes from the ports."""

from switch.engine.ports import Ports
from switch.engine.rulesettings import HealthSettings


class Health:
    """Costs nothing on the path while `failures`, the unanswered requests in a row by host, is empty."""

    def __init__(self, settings: HealthSettings, ports: Ports) -> None:
        self.settings = settings
        self._ports = ports
        self.failures: dict[str, int] = {}
        self._until: dict[str, int] = {}

    def failed(self, host: str) -> None:
        """A request was not answered in time, or the link went down."""
        self.failures[host] = self.failures.get(host, 0) + 1
        if self.failures[host] >= self.settings.failures:
            if host not in self._until:
                self._ports.log("info", "host is failing", host=host, failures=self.failures[host])
            self._until[host] = self._ports.instant().epoch_us + round(self.settings.pause * 1e6)

    def answered(self, host: str) -> None:
        """The host is well again."""
        self.failures.pop(host, None)
        if self._until.pop(host, None) is not None:
            self._ports.log("info", "host answers again", host=host)

    def failing(self, host: str) -> bool:
        """Whether the host is passed over where there is another. When the pause is over it gets its chance."""
        until = self._until.get(host)
        return until is not None and self._ports.instant().epoch_us < until
