"""An ISO 8583 message: spec, codec, view, framing, masking, description. Pure: no I/O, no clock."""

from switch.message.codec import Codec, compile_spec
from switch.message.describe import Line, describe
from switch.message.errors import MessageError, SpecError
from switch.message.framing import FrameError, Framer, make_framer
from switch.message.framing_reader import Frame, FrameReader, split_frame
from switch.message.framing_settings import Framing, parse_framing
from switch.message.limits import Limits
from switch.message.mask import luhn_check_digit, mask_pan
from switch.message.mti import Mti, is_repeat, is_request, mti_class, parse_mti, repeat_mti, reply_mti
from switch.message.places import Range
from switch.message.spec import Spec, load_spec, shipped_specs
from switch.message.subs import build_ber_tlv, parse_ber_tlv
from switch.message.tpdu import Tpdu, parse_tpdu
from switch.message.translate import Translation, translate
from switch.message.view import View
from switch.message.visa_header import (
    VISA_HEADER,
    VISA_REJECT_HEADER,
    VisaHeader,
    VisaReject,
    build_visa_header,
    build_visa_reject,
    parse_visa_header,
    parse_visa_reject,
    reply_visa_header,
)

__all__ = [
    "VISA_HEADER",
    "VISA_REJECT_HEADER",
    "Codec",
    "Frame",
    "FrameError",
    "FrameReader",
    "Framer",
    "Framing",
    "Limits",
    "Line",
    "MessageError",
    "Mti",
    "Range",
    "Spec",
    "SpecError",
    "Tpdu",
    "Translation",
    "View",
    "VisaHeader",
    "VisaReject",
    "build_ber_tlv",
    "build_visa_header",
    "build_visa_reject",
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
    "parse_framing",
    "parse_mti",
    "parse_tpdu",
    "parse_visa_header",
    "parse_visa_reject",
    "repeat_mti",
    "reply_mti",
    "reply_visa_header",
    "shipped_specs",
    "split_frame",
    "translate",
]
