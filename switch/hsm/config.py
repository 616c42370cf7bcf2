"""What the HSM process is configured with, and the command table that comes of it."""

from dataclasses import fields, replace
from typing import Annotated, Any, Literal

import msgspec

from switch.hsm.commands import HostCommands, KeyTypes, Policy
from switch.hsm.host import TEST_LMKS as OTHER_TEST_LMKS
from switch.hsm.lmkfile import LmkFileError
from switch.hsm.openlmks import TEST_LMKS, AnyLmk, open_all
from switch.hsm.pinformat import KNOWN
from switch.hsm.policy import STRICT
from switch.hsm.secretsource import SecretError
from switch.hsm.table import TABLE

# What LMK 00 may be without an LMK file.
LMKS = ("test-variant", "test-keyblock")
Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
SecondsOrNone = Annotated[float, msgspec.Meta(ge=0)]
Path = Annotated[str, msgspec.Meta(min_length=1)]
Number = Annotated[str, msgspec.Meta(pattern="^[0-9]{2}$")]


class HsmConfigError(ValueError):
    """A configuration the HSM does not start with."""


class ServerTls(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """PEM files: our certificate chain and its key, and who must have signed the client's certificate."""

    certificate: Path
    key: Path
    client_ca: Path


class HsmConfig(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Sizes in bytes, counts and seconds.

    `lmk` is a test LMK, or a table of LMK files and test LMKs by number; `officers` "1" and "2" say where the
    passphrases that open the files come from (see `switch.hsm.secretsource`), by default the terminal. The
    `environment` "production" refuses test LMKs, test keys and `authorised`, which is the authorised state at start;
    `production` true is the same.

    `max_connections_per_peer` are those of one address, or of one IPv6 network of 64 bits; 0 is a quarter of
    `max_connections` and at least 16. `log_lines_per_peer` lines a minute tell of a peer's connections one by one.

    `message_timeout` bounds the time an unfinished message may take, a TLS handshake, and how long a peer may leave
    replies unread. `first_message_timeout` bounds the silence of a new connection, `idle_timeout` that between
    messages, 0 for no bound. The kernel asks a silent peer for a sign of life after `keepalive_idle` seconds, every
    `keepalive_interval`, and closes after `keepalive_count` questions; `keepalive_idle` 0 asks nothing.
    `status_socket` is where `switch hsm status` asks, "" for nowhere. `policy` has the settings of
    `switch.hsm.policy.Policy`.
    """

    host: str = "127.0.0.1"
    port: Port = 1500
    header_length: Annotated[int, msgspec.Meta(ge=0, le=255)] = 4
    lmk: Literal["test-variant", "test-keyblock"] | dict[Number, Path] = "test-variant"
    officers: dict[Literal["1", "2"], Path] = {}
    max_message: Annotated[int, msgspec.Meta(ge=16, le=65535)] = 8192
    max_connections: Count = 2048
    max_connections_per_peer: Annotated[int, msgspec.Meta(ge=0)] = 0
    log_lines_per_peer: Count = 20
    message_timeout: Seconds = 10.0
    first_message_timeout: SecondsOrNone = 30.0
    idle_timeout: SecondsOrNone = 0.0
    nodelay: bool = True
    keepalive_idle: Annotated[int, msgspec.Meta(ge=0, le=32767)] = 60
    keepalive_interval: Annotated[int, msgspec.Meta(ge=1, le=32767)] = 10
    keepalive_count: Annotated[int, msgspec.Meta(ge=1, le=127)] = 3
    tls: ServerTls | None = None
    status_socket: str = ""
    pci_key_types: bool = False
    policy: dict[str, Any] = {}
    environment: Literal["lab", "production"] = "lab"
    production: bool = False
    authorised: bool = False

    @property
    def in_production(self) -> bool:
        """Whether test LMKs and test keys are refused."""
        return self.production or self.environment == "production"

    @property
    def lmk_names(self) -> dict[str, str]:
        """Test LMKs and files by number, as far as the configuration names them."""
        return {"00": self.lmk} if isinstance(self.lmk, str) else self.lmk


def open_commands(config: HsmConfig) -> HostCommands:
    """The command table under the LMKs that `lmk` names: the one place where a name becomes keys.

    With the name of a test LMK that is 00, the default, and 01 and 02 are the test LMKs for key blocks. Opening LMK
    files asks for passphrases and takes a second each. Raises HsmConfigError.
    """
    lmks = _lmks(config)
    types = KeyTypes.pci() if config.pci_key_types else KeyTypes()
    production = config.in_production
    if production and config.authorised:
        raise HsmConfigError("authorised: expected false in production: officers authorise the running HSM")
    commands = HostCommands(lmks.pop("00"), types, _policy(config.policy, production), lmks=lmks, production=production)
    if config.authorised:
        commands.authorise(True)
    return commands


def _lmks(config: HsmConfig) -> dict[str, AnyLmk]:
    names = config.lmk_names
    if "00" not in names:
        raise HsmConfigError("lmk: expected an LMK 00")
    if config.in_production:
        for number, name in names.items():
            if name in TEST_LMKS:
                raise HsmConfigError(f"lmk.{number}: {name} is a public test LMK, not for production")
    try:
        found = open_all(names, {str(number): source for number, source in config.officers.items()})
    except (LmkFileError, SecretError) as error:
        raise HsmConfigError(f"lmk: {error}") from None
    return {**found, **OTHER_TEST_LMKS} if isinstance(config.lmk, str) else found


def _policy(settings: dict[str, Any], production: bool) -> Policy:
    """The policy of these settings; `STRICT` stands in production for what they leave out."""
    known = {field.name for field in fields(Policy)}
    for name in settings.keys() - known:
        raise HsmConfigError(f"policy.{name}: expected one of {', '.join(sorted(known))}")
    try:
        policy = msgspec.convert(settings, Policy)
    except msgspec.ValidationError as error:
        raise HsmConfigError(f"policy: {error}") from None
    for name, codes in (
        ("disabled_commands", TABLE),
        ("authorised", TABLE),
        ("guarded", TABLE),
        ("disabled_formats", KNOWN),
    ):
        for code in sorted(getattr(policy, name) - {*codes}):
            raise HsmConfigError(f"policy.{name}: {code[:2]}: expected one of {' '.join(sorted(codes))}")
    strict = {name: value for name, value in STRICT.items() if production and name not in settings}
    return replace(policy, **strict)
