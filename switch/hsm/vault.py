"""What a command works with: one LMK, the policy, random numbers, and keys opened and checked once."""

import secrets
from functools import lru_cache

from switch.crypto import tdes
from switch.hsm import keycheck, lmkpin, testkeys
from switch.hsm.blocklmk import About, BlockLmk
from switch.hsm.clearkey import ClearKey
from switch.hsm.faults import CommandFault, KeyFault
from switch.hsm.keyfield import Key
from switch.hsm.kinds import BLOCK_TYPE, KINDS, MODES, generated_codes
from switch.hsm.lmk import Lmk, scheme_of, unwrap, wrap
from switch.hsm.policy import KeyTypes, Policy
from switch.hsm.transport import PLAIN_SCHEMES, receive, send

CACHED_KEYS = 4096


class Vault:
    """The HSM as a command sees it under one LMK. One owner: its cipher contexts are not thread-safe."""

    def __init__(
        self, lmk: Lmk | BlockLmk, types: KeyTypes, policy: Policy, *, refuse_known_keys: bool = False
    ) -> None:
        self.lmk = lmk
        self._refuse_known_keys = refuse_known_keys
        self.policy = policy
        self._codes = types.codes()
        self._generated = generated_codes(self._codes)
        self.open = lru_cache(maxsize=CACHED_KEYS)(self._open)

    def __repr__(self) -> str:
        return f"Vault({self.lmk!r})"

    def _open(self, field: str, key: Key, key_type: str) -> ClearKey:
        """The clear key of a field K that is what `key` asks for; raises KeyFault."""
        if isinstance(self.lmk, BlockLmk):
            clear = self._open_block(self.lmk, field, key, key_type)
        else:
            code = self._type_code(key, key_type)
            if field[0] in "SR":
                raise KeyFault("26", "key blocks are not for this LMK")
            self._check_scheme(scheme_of(field) or "Z")
            clear = ClearKey(unwrap(self.lmk.key(code), field), scheme=scheme_of(field))
        if clear.algorithm == "T":
            keycheck.check(clear, key.code, repeated=self.policy.repeated_keys)
        if len(clear) not in key.sizes:
            raise KeyFault("27", "key length")
        self.check_known(clear)
        return clear

    def check_known(self, clear: bytes) -> None:
        """Raises KeyFault 75 in production for a key that everybody knows."""
        if self._refuse_known_keys and testkeys.is_known(clear):
            raise KeyFault("75", "a test key is not for production")

    def _open_block(self, lmk: BlockLmk, field: str, key: Key, key_type: str) -> ClearKey:
        if key.typed_by and key_type != BLOCK_TYPE:
            raise KeyFault("04", "key type code")
        clear = lmk.open(field)
        kinds = (key.kind,) if key.kind else key.kinds
        if kinds and not any(clear.usage in (key.usages or KINDS[kind].usages) for kind in kinds):
            raise KeyFault("A6", "usage of the key")
        if clear.algorithm not in key.algorithms:
            raise KeyFault("A7", "algorithm of the key")
        if key.use and clear.mode not in MODES[key.use]:
            raise KeyFault("A8", "mode of use of the key")
        return clear

    def _type_code(self, key: Key, key_type: str) -> str:
        """The type of a key that a command takes; raises KeyFault 04 when the one it names is not allowed there."""
        if not key.typed_by:
            return self._codes[key.kind]
        if key.kinds and key_type not in {self._codes[kind] for kind in key.kinds}:
            raise KeyFault("04", "key type code")
        return key_type

    def code_of(self, kind: str) -> str:
        """The type code of a kind of key."""
        return self._codes[KINDS[kind].name]

    def check_generated(self, key_type: str) -> None:
        """Raises KeyFault 29 for a type whose keys are not generated, 04 for one without a pair of the LMK."""
        if isinstance(self.lmk, BlockLmk):
            return
        self.lmk.key(key_type)
        if key_type not in self._generated:
            raise KeyFault("29", "keys of this type are not generated")

    def keep(self, clear: bytes, key_type: str, scheme: str, about: About | None = None) -> str:
        """A key under the LMK: of a type VPP under a variant LMK, with its block's header under a key-block LMK."""
        self.check_known(clear)
        if isinstance(self.lmk, BlockLmk):
            if scheme != "S" or about is None:
                raise KeyFault("26", "key scheme")
            return self.lmk.keep(clear, about)
        self._check_scheme(scheme or "Z")
        return wrap(self.lmk.key(key_type), clear, scheme)

    def keep_kind(self, clear: bytes, kind: str, scheme: str, about: About | None = None) -> str:
        """A key of a kind under the LMK; a block says what `about` does, or the first usage of the kind and E."""
        if self.blocks:
            return self.keep(clear, BLOCK_TYPE, "S", about or About(KINDS[kind].usages[0]))
        return self.keep(clear, self.code_of(kind), scheme)

    def receive(self, under: ClearKey, field: str) -> ClearKey:
        """A key that comes under a zone's or terminal's key; raises KeyFault."""
        self._check_scheme(scheme_of(field) or "Z")
        return receive(under, field)

    def send(
        self, under: ClearKey, clear: bytes, scheme: str, about: About | None = None, exportability: str = ""
    ) -> str:
        """A key for a zone or a terminal; raises KeyFault. `exportability` is what its block says, if it is another."""
        self._check_scheme(scheme)
        return send(under, clear, scheme, about, exportability)

    def _check_scheme(self, scheme: str) -> None:
        if scheme in PLAIN_SCHEMES and not self.policy.plain_schemes:
            raise KeyFault("26", "plain key scheme")

    @property
    def blocks(self) -> bool:
        """Whether keys are kept as key blocks."""
        return isinstance(self.lmk, BlockLmk)

    @staticmethod
    def fresh(size: int, algorithm: str = "T") -> bytes:
        """A new random key; for 3DES with odd parity and not weak."""
        if algorithm != "T":
            return secrets.token_bytes(size)
        while True:
            clear = tdes.odd_parity(secrets.token_bytes(size))
            try:
                keycheck.check_strength(clear)
            except KeyFault:
                continue
            return clear

    def seal_pin(self, pin: str, account: str) -> str:
        """PIN(L) of a clear PIN."""
        length = self.policy.pin_field or len(pin) + 1
        if len(pin) >= length:
            raise CommandFault("24", "PIN length")
        return lmkpin.seal(self.lmk.pin_key, pin, account, length)

    def open_pin(self, sealed: str, account: str) -> str:
        """The clear PIN of a PIN(L); 14 when it is none, 24 for its length."""
        if self.policy.pin_field and len(sealed) != self.policy.pin_field:
            raise CommandFault("24", "length of the PIN under the LMK")
        if sealed[0] == "0":
            if not (self.policy.clear_pins and self.lmk.test):
                raise CommandFault("14", "PIN under LMK")
            pin = sealed[1:]
        else:
            pin = lmkpin.unseal(self.lmk.pin_key, sealed, account)
        self.check_pin(pin)
        return pin

    def check_pin(self, pin: str) -> None:
        """Raises CommandFault 24 for a PIN shorter or longer than the policy allows."""
        if not self.policy.min_pin <= len(pin) <= self.policy.max_pin:
            raise CommandFault("24", "PIN length")
