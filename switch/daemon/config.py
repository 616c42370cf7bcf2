"""The switch's configuration file: its keys, and the objects they become. docs/switch.rst describes every key."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Literal

import msgspec

from switch import configfile
from switch.clearing import ClearingSettings
from switch.configfile import ConfigError
from switch.dialect.canonical import HostDialect
from switch.dialect.iso1993 import Iso1993Dialect
from switch.dialect.mastercard import MastercardDialect
from switch.dialect.visa import VisaDialect
from switch.engine.binfile import parse_bin_table
from switch.engine.bins import BinTable, RoutingError
from switch.engine.config import Count, Deadlines, EngineSettings, HostSettings, QueueLimits, TerminalSettings
from switch.engine.router import Router
from switch.engine.rulesettings import OnUs, RoutingSettings
from switch.journal.settings import JournalSettings
from switch.message import SpecError, load_spec
from switch.resources import read_text
from switch.switching.clock import BusinessDay
from switch.switching.runtime import SwitchSettings
from switch.switching.settings import HostLinkSettings, HsmLinkSettings, ListenerSettings

_KEY_FIELD = re.compile(r"[UX][0-9A-F]{32}|[TY][0-9A-F]{48}")
_Dialects = Literal["visa", "mastercard", "iso-1993-ascii"]
_MAKERS: dict[str, Callable[..., HostDialect]] = {
    "visa": VisaDialect,
    "mastercard": MastercardDialect,
    "iso-1993-ascii": Iso1993Dialect,
}


class HostConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A host: `options` go to the dialect (visa: source, destination, country; mastercard: forwarder, country)."""

    dialect: _Dialects
    link: HostLinkSettings
    zpk: str = ""
    on_us: OnUs | None = None
    options: dict[str, str] = {}


class AdminConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The operator's socket: its path, seconds a request may take, and how long one may be in bytes."""

    socket: str = "switch.sock"
    timeout: float = 10.0
    max_request: int = 4096
    max_connections: int = 64


class SwitchConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Paths are relative to the file. `bins` "" is the shipped table."""

    listeners: list[ListenerSettings]
    hosts: dict[str, HostConfig]
    terminal: TerminalSettings
    terminals: dict[str, TerminalSettings] = {}
    accept_unknown_terminals: bool = True
    acquirer: str = "400001"
    max_in_flight: Count = 10_000
    max_sent: Count = 5_000
    max_backlog: Count = 50_000
    bins: str = ""
    routing: RoutingSettings = RoutingSettings()
    journal: str = "journal.db"
    retention: JournalSettings = JournalSettings()
    business_day: BusinessDay = BusinessDay()
    data_keys: str = "data-keys.json"
    hsm: HsmLinkSettings = HsmLinkSettings()
    deadlines: Deadlines = Deadlines()
    queue: QueueLimits = QueueLimits()
    drain: float = 5.0
    admin: AdminConfig = AdminConfig()
    clearing: ClearingSettings = ClearingSettings()
    clearing_folder: str = "clearing"
    production: bool = False


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that was checked as far as it can be without opening anything."""

    config: SwitchConfig
    file: Path
    folder: Path
    bins: BinTable
    settings: SwitchSettings

    def path(self, name: str) -> Path:
        """A path of the configuration, relative to its file."""
        return self.folder / name

    @property
    def journal(self) -> Path:
        return self.path(self.config.journal)

    @property
    def journal_settings(self) -> JournalSettings:
        """With the folder for old segments relative to the file too."""
        retention = self.config.retention
        folder = retention.archive_segments and str(self.path(retention.archive_segments))
        return msgspec.structs.replace(retention, archive_segments=folder)


# Opens the file of a BIN table.
Opener = Callable[[Path], AbstractContextManager[IO[str]]]


def _open(path: Path) -> AbstractContextManager[IO[str]]:
    return path.open(encoding="utf-8", newline="")


def load(path: Path, opener: Opener = _open) -> Loaded:
    """The configuration in `path`; raises ConfigError naming file, key and what was expected.

    `opener` opens the BIN table, for whoever wants to see how far it has been read.
    """
    config = configfile.load(path, SwitchConfig)
    folder = path.absolute().parent
    try:
        bins = _bins(config, folder, opener)
        _check(config)
        settings = _settings(config)
        check_router(Router(bins, settings.engine))
    except (ConfigError, RoutingError, SpecError) as error:
        raise ConfigError(f"{path}: {error}") from None
    return Loaded(config=config, file=path.absolute(), folder=folder, bins=bins, settings=settings)


def check_router(router: Router) -> None:
    """Raises RoutingError for a BIN table that leads where nothing is."""
    unknown = router.unknown_hosts()
    if unknown:
        raise RoutingError(
            f"bins: expected hosts that [hosts] or [routing.routes] names, found {', '.join(sorted(unknown))}"
        )


def _bins(config: SwitchConfig, folder: Path, opener: Opener) -> BinTable:
    limit = config.routing.max_ranges
    if not config.bins:
        return parse_bin_table(read_text("fixtures", "bins.csv").splitlines(), "fixtures/bins.csv", limit)
    try:
        with opener(folder / config.bins) as lines:
            return parse_bin_table(lines, config.bins, limit)
    except OSError as error:
        raise ConfigError(f"bins: {config.bins}: {error.strerror}") from None


def _check(config: SwitchConfig) -> None:
    if not config.listeners:
        raise ConfigError("listeners: expected at least one")
    names = [listener.name for listener in config.listeners]
    if len(set(names)) != len(names):
        raise ConfigError("listeners: expected a name of its own for each")
    for listener in config.listeners:
        load_spec(listener.spec)
        if "|" in listener.name or not listener.name:
            raise ConfigError("listeners: expected a name without |")
    _check_keys(config)
    _check_retention(config.retention)


def _check_retention(retention: JournalSettings) -> None:
    for name in ("segment_bytes", "tombstone_days", "max_tombstones"):
        if getattr(retention, name) < 1:
            raise ConfigError(f"retention.{name}: expected at least 1")
    for name in ("keep_segments", "duplicate_days", "completion_days"):
        if getattr(retention, name) < 0:
            raise ConfigError(f"retention.{name}: expected at least 0")


def _check_keys(config: SwitchConfig) -> None:
    fields = {"terminal.tpk": config.terminal.tpk}
    fields |= {f"terminals.{name}.tpk": terminal.tpk for name, terminal in config.terminals.items()}
    for name, host in config.hosts.items():
        if host.zpk:
            fields[f"hosts.{name}.zpk"] = host.zpk
        if host.on_us is not None:
            fields |= {f"hosts.{name}.on_us.pvk": host.on_us.pvk, f"hosts.{name}.on_us.cvk": host.on_us.cvk}
    for name, route in config.routing.routes.items():
        if route.verify is not None:
            where = f"routing.routes.{name}.verify"
            fields |= {f"{where}.pvk": route.verify.pvk, f"{where}.cvk": route.verify.cvk}
    for key, value in fields.items():
        if not _KEY_FIELD.fullmatch(value):
            raise ConfigError(
                f"{key}: expected a key under the LMK: U or X and 32, or T or Y and 48 hexadecimal digits"
            )


def _settings(config: SwitchConfig) -> SwitchSettings:
    hosts = {name: _host(name, host) for name, host in config.hosts.items()}
    engine = EngineSettings(
        hosts=hosts,
        default_terminal=config.terminal,
        terminals=config.terminals,
        accept_unknown=config.accept_unknown_terminals,
        acquirer=config.acquirer,
        max_in_flight=config.max_in_flight,
        max_sent=config.max_sent,
        deadlines=config.deadlines,
        queue=config.queue,
        routing=config.routing,
    )
    links = {name: host.link for name, host in config.hosts.items()}
    return SwitchSettings(
        engine=engine,
        listeners=config.listeners,
        hosts=links,
        hsm=config.hsm,
        drain=config.drain,
        max_backlog=config.max_backlog,
    )


def _host(name: str, host: HostConfig) -> HostSettings:
    try:
        dialect = _MAKERS[host.dialect](**host.options)
    except (TypeError, ValueError):
        raise ConfigError(f"hosts.{name}.options: expected options of the {host.dialect} dialect") from None
    return HostSettings(name=name, dialect=dialect, zpk=host.zpk, on_us=host.on_us)
