"""The spec format as data: every key, the values it may have, what it means. Validation and the JSON schema read it.

It knows nothing of what keys mean together: that is `validate`."""

from typing import Any

KINDS = ("n", "a", "an", "ans", "anp", "as", "ns", "z", "b", "x+n")
# A kind, and after it an exact length ("n6"), a limit ("ans..40") or a range ("n4..6").
CLASS_PATTERN = r"^(n|a|an|ans|anp|as|ns|z|b|x\+n)( ?[0-9]+| ?[0-9]*\.\.[0-9]+)?$"
MASK_NAMES = ("pan", "track", "remove", "show")
MOST_PREFIX = 9
_PAD = r"^([0-9A-Fa-f].*)?$"
_ENCODING = {"type": "string", "minLength": 1}


def _key(description: str, **rule: Any) -> dict[str, Any]:
    return {**rule, "description": description}


_DATA_ENC = _key("b (bytes, packed digits) or the name of a single-byte Python encoding, or utf-8", **_ENCODING)
_LEN_ENC = _key("how a length is written: b (binary), bcd, or a single-byte Python encoding of digits", **_ENCODING)
_LENGTHS: dict[str, dict[str, Any]] = {
    "len_enc": _LEN_ENC,
    "len_type": _key("bytes of the length prefix; 0: fixed length", type="integer", minimum=0, maximum=MOST_PREFIX),
    "max_len": _key("the fixed length, or the limit of a variable one", type="integer", minimum=0),
    "len_count": _key("the unit of max_len and of the length prefix", enum=["bytes", "nibbles"]),
    "len_unit": _key("what the prefix counts, where it is not len_count", enum=["bytes", "digits", "chars"]),
    "left_pad": _key("hexadecimal digit put before an odd number of nibbles", type="string", pattern=_PAD),
    "right_pad": _key("hexadecimal digit put behind an odd number of nibbles", type="string", pattern=_PAD),
}
_WORDS: dict[str, dict[str, Any]] = {
    "desc": _key("what the field is called by people", type="string"),
    "name": _key("what the field is called by programs", type="string", pattern="^[a-z][a-z0-9_]*$"),
    "class": _key("kind of characters, perhaps with a length: n, an..12, x+n8", type="string", pattern=CLASS_PATTERN),
    "mask": _key("what of the value may be shown", enum=list(MASK_NAMES)),
    "values": _key(
        "the meanings of values, or the name of a table of them",
        anyOf=[{"type": "object", "additionalProperties": {"type": "string"}}, {"type": "string"}],
    ),
}
_SUB = _key("the structure inside", **{"$ref": "#/$defs/sub"})

FIELD_KEYS: dict[str, dict[str, Any]] = {"data_enc": _DATA_ENC, **_LENGTHS, **_WORDS, "sub": _SUB}
BITMAP_KEYS: dict[str, dict[str, Any]] = {
    "bitmap": _key("auto: bit 1 announces the next bitmap; fixed: always `width` bits", enum=["auto", "fixed"]),
    "width": _key("bits of a fixed bitmap", enum=[64, 128, 192]),
    "bit1": _key("whether the announcing bits of a fixed bitmap are written as set", type="boolean"),
    "third": _key(
        "where a third bitmap stands: behind the second, in the place of field 65, nowhere (65 is a field)",
        enum=["head", "field", "none"],
    ),
}
PART_KEYS: dict[str, dict[str, Any]] = {
    **FIELD_KEYS,
    "until": _key("positional: the text that ends this part and belongs to none", type="string", minLength=1),
    "rest": _key("positional: the last part takes all that is left", type="boolean"),
}

_PARTS = _key("the elements by their names: an entry each, or their width", **{"$ref": "#/$defs/parts"})
_COUNT = {"type": "integer", "minimum": 1}
_SUB_COMMON: dict[str, dict[str, Any]] = {
    "kind": _key("which structure", type="string"),
    "hex": _key("text that spells bytes in hexadecimal; auto: or the bytes", enum=[True, False, "auto"]),
    "table": _key("the name of a table that `parts` is added to", type="string"),
    "parts": _PARTS,
    "mask": _key("masks by element, in short", type="object", additionalProperties={"enum": list(MASK_NAMES)}),
}
_HEAD = _key("characters (bytes) before the structure: element 0", type="integer", minimum=0)
_SUB_KIND: dict[str, dict[str, dict[str, Any]]] = {
    "positional": {
        "unit": _key("what widths count where the field is packed: digits or bytes", enum=["digits", "bytes"]),
        "fill": _key("the character that stands for a part that is not given", type="string", minLength=1, maxLength=1),
        "repeat": _key("the parts come again and again, at most so often: elements 1, 2 ...", **_COUNT),
    },
    "tlv": {
        "tag": _key("width of a tag in characters or bytes", type="integer", minimum=1, maximum=4),
        "len": _key("width of a length in characters or bytes", type="integer", minimum=1, maximum=6),
        "tag_enc": _key("an encoding (decimal digits), b, bcd, hex (digits in text) or text (as it is)", **_ENCODING),
        "len_enc": _key("an encoding (decimal digits), b, bcd or hex (digits in text)", **_ENCODING),
        "order": _key("whether the tag or the length comes first", enum=["tlv", "ltv"]),
        "len_covers": _key("what a length counts", enum=["value", "tag+value", "all"]),
        "head": _HEAD,
    },
    "bertlv": {"nested": _key("whether constructed tags are opened", type="boolean")},
    "bitmap": {
        "width": _key("bits of the bitmap", type="integer", minimum=8, maximum=256, multipleOf=8),
        "enc": _key("b, or the encoding of a bitmap in hexadecimal digits", **_ENCODING),
        "first": _key("the number of the first bit", enum=[0, 1]),
        "chain": _key("the first bit announces a further bitmap", type="boolean"),
        "tail": _key("the last bit announces BER-TLV behind the parts", type="boolean"),
        "head": _HEAD,
    },
    "dataset": {
        "id": _key("bytes of an identifier", type="integer", minimum=1, maximum=4),
        "len": _key("bytes of a length", type="integer", minimum=1, maximum=4),
    },
}
SUB_KEYS = {kind: {**_SUB_COMMON, **own} for kind, own in _SUB_KIND.items()}
SUB_REQUIRED = {
    "positional": ("parts",),
    "tlv": ("tag", "len"),
    "bertlv": (),
    "bitmap": ("width", "parts"),
    "dataset": (),
}
DOCUMENT_KEYS: dict[str, dict[str, Any]] = {
    "$schema": _key("for editors", type="string"),
    "about": _key("notes of the author: title, source, framing ...", type="object"),
    "extends": _key("the name of the spec whose entries these replace; null removes one", type="string"),
}
