"""An ISO 8583 message: spec, codec, view, framing, masking, description. Pure: no I/O, no clock."""

from switch.message.codec import Codec, compile_spec
from switch.message.describe import Line, describe
from switch.message.errors import MessageError, SpecError
from switch.message.framing import FrameError, Framer, make_framer
from switch.message.mask import luhn_check_digit, mask_pan
from switch.message.mti import is_repeat, is_request, mti_class, repeat_mti, reply_mti
from switch.message.spec import Spec, load_spec
from switch.message.subs import build_ber_tlv, parse_ber_tlv
from switch.message.view import View
from switch.message.visa_header import (
    VISA_HEADER,
    VisaHeader,
    build_visa_header,
    parse_visa_header,
    reply_visa_header,
)

__all__ = [
    "VISA_HEADER",
    "Codec",
    "FrameError",
    "Framer",
    "Line",
    "MessageError",
    "Spec",
    "SpecError",
    "View",
    "VisaHeader",
    "build_ber_tlv",
    "build_visa_header",
    "compile_spec",
    "describe",
    "is_repeat",
    "is_request",
    "load_spec",
    "luhn_check_digit",
    "make_framer",
    "mask_pan",
    "mti_class",
    "parse_ber_tlv",
    "parse_visa_header",
    "repeat_mti",
    "reply_mti",
    "reply_visa_header",
]
