"""The codecs of the interfaces a node speaks, each compiled once per process."""

from functools import cache

from switch.message import Codec, compile_spec, load_spec


@cache
def codec(name: str) -> Codec:
    """The codec of the shipped spec `name`."""
    return compile_spec(load_spec(name))
