"""Interface specs: a pyiso8583 spec in JSON, with keys of our own that pyiso8583 ignores. Validated at load."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from switch import resources
from switch.message.errors import SpecError
from switch.message.format import DOCUMENT_KEYS
from switch.message.validate import allowed, check_field
from switch.message.validate_sub import Tables, check_inside

_NO_SPEC = "schema.json"
_TABLE = ".table.json"
# A spec that extends one that extends one ... is harder to read than a copy.
_MOST_EXTENDED = 4


@dataclass(frozen=True, slots=True)
class Spec:
    """One interface: `fields` is what `iso8583.decode` takes as its spec, plus our keys, complete; `about` is notes."""

    name: str
    source: str
    fields: Mapping[str, Mapping[str, Any]]
    about: Mapping[str, Any] = field(default_factory=dict)
    # Set here only: checking takes longer than compiling, and a copy with other fields is checked anew.
    checked: bool = field(default=False, init=False, repr=False, compare=False)


def load_spec(spec: str | Path | Mapping[str, Any]) -> Spec:
    """The spec of that name in `specs/`, of that file, or of that dict; raises SpecError saying what and where."""
    if isinstance(spec, Mapping):
        return _checked("spec", "spec", dict(spec), None)
    source, name, folder = _place(spec)
    return _checked(name, source, _parse(source, _read(source, folder, f"{name}.json")), folder)


def shipped_specs() -> tuple[str, ...]:
    """The names of the specs in `specs/`."""
    names = sorted(file.name for file in resources.folder("specs").iterdir())
    files = [name for name in names if name.endswith(".json") and not name.endswith(_TABLE) and name != _NO_SPEC]
    return tuple(name.removesuffix(".json") for name in files)


def check_spec(spec: Spec) -> Spec:
    """`spec` with its fields checked and complete, as `load_spec` gives it; raises SpecError."""
    return spec if spec.checked else _checked(spec.name, spec.source, {**spec.fields}, None)


def _place(name_or_path: str | Path) -> tuple[str, str, Path | None]:
    path = Path(name_or_path)
    if isinstance(name_or_path, str) and not path.suffix and "/" not in name_or_path:
        return f"specs/{name_or_path}.json", name_or_path, None
    return str(path), path.stem, path


def _read(source: str, path: Path | None, shipped: str) -> str:
    try:
        return resources.read_text("specs", shipped) if path is None else path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SpecError(source, "no such spec" if path is None else "no such file") from None
    except (OSError, ValueError) as error:
        # A ValueError of another kind is a name that no file can have.
        what = "expected UTF-8" if isinstance(error, UnicodeDecodeError) else "no such file"
        reason = error.strerror if isinstance(error, OSError) else what
        raise SpecError(source, str(reason)) from None


def _parse(source: str, text: str) -> dict[str, Any]:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [key for key, _ in pairs]
            raise SpecError(source, "expected each key once", key=next(key for key in names if names.count(key) > 1))
        return found

    try:
        document = json.loads(text, object_pairs_hook=unique)
    except RecursionError:
        raise SpecError(source, "expected JSON of some depth only") from None
    except ValueError as error:
        if isinstance(error, SpecError):
            raise
        raise SpecError(source, f"expected JSON: {error}") from None
    if not isinstance(document, dict):
        raise SpecError(source, "expected an object with the fields h, t and p")
    return document


def _checked(name: str, source: str, document: dict[str, Any], path: Path | None) -> Spec:
    document = _extended(source, document, path, 0)
    for key, rule in DOCUMENT_KEYS.items():
        if key in document and not allowed(rule, document[key]):
            raise SpecError(source, f"expected {rule['type']}", key=key)
    about = document.get("about", {})
    entries = {key: entry for key, entry in document.items() if key not in DOCUMENT_KEYS}
    for key in ("h", "t", "p"):
        if key not in entries:
            raise SpecError(source, "expected an object with the fields h, t and p: this one is missing", key)
    tables = _tables(path)
    fields = {}
    for key, entry in entries.items():
        fields[key] = check_inside(source, key, dict(check_field(source, key, entry)), tables)
    named: dict[str, str] = {}
    for key, entry in fields.items():
        if named.setdefault(entry.get("name", key), key) != key:
            raise SpecError(source, f"expected a name of its own, field {named[entry['name']]} has this", key, "name")
    made = Spec(name, source, fields, about)
    object.__setattr__(made, "checked", True)
    return made


def _extended(source: str, document: dict[str, Any], path: Path | None, depth: int) -> dict[str, Any]:
    """The document over the one it extends: its entries replace, null removes."""
    base = document.get("extends")
    if not isinstance(base, str):
        return document
    if not base.replace("-", "").replace("_", "").isalnum():
        raise SpecError(source, "expected the name of a spec, without folder and ending", key="extends")
    if depth >= _MOST_EXTENDED:
        raise SpecError(source, f"expected at most {_MOST_EXTENDED} specs extending each other", key="extends")
    file = _beside(path, f"{base}.json")
    where = str(file) if file else f"specs/{base}.json"
    below = _extended(where, _parse(where, _read(where, file, f"{base}.json")), file, depth + 1)
    merged = {**below, **{key: entry for key, entry in document.items() if key != "extends"}}
    return {key: entry for key, entry in merged.items() if entry is not None and key != "extends"}


def _tables(path: Path | None) -> Tables:
    """Tables are looked for beside the spec, then among those shipped."""

    def table(name: str) -> dict[str, Any]:
        if not name.replace("-", "").isalnum():
            raise KeyError(name)
        file = _beside(path, name + _TABLE)
        where = str(file) if file else f"specs/{name}{_TABLE}"
        try:
            return _parse(where, _read(where, file, name + _TABLE))
        except SpecError as error:
            if error.expected.startswith("no such"):
                raise KeyError(name) from None
            raise

    return table


def _beside(path: Path | None, name: str) -> Path | None:
    file = path.with_name(name) if path else None
    return file if file and file.is_file() else None
