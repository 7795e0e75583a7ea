"""What four registers mean, as pymodbus (Debian python3-pymodbus 3.0) decodes them; the independent judge of probes.

Usage: pymodbus_decode.py HEX..., 16 hexadecimal digits each. Prints a JSON list of objects: "encoding order" to the
value in words.
"""
import json
import struct
import sys

from pymodbus.constants import Endian
from pymodbus.payload import BinaryPayloadDecoder

kinds = {"u16": "decode_16bit_uint", "i16": "decode_16bit_int", "u32": "decode_32bit_uint", "i32": "decode_32bit_int",
         "f32": "decode_32bit_float", "u64": "decode_64bit_uint", "i64": "decode_64bit_int", "f64": "decode_64bit_float"}
# In pymodbus the order of words is that of the value, and the order of bytes is that within each word.
orders = {"ABCD": (Endian.Big, Endian.Big), "CDAB": (Endian.Big, Endian.Little),
          "BADC": (Endian.Little, Endian.Big), "DCBA": (Endian.Little, Endian.Little)}


def decode(raw):
    registers = list(struct.unpack(">4H", raw))
    out = {}
    for order, (byte, word) in orders.items():
        for kind, method in kinds.items():
            if kind.endswith("16") and order not in ("ABCD", "BADC"):
                continue
            decoder = BinaryPayloadDecoder.fromRegisters(registers, byteorder=byte, wordorder=word)
            out[kind + " " + order] = repr(getattr(decoder, method)())
    return out


print(json.dumps([decode(bytes.fromhex(arg)) for arg in sys.argv[1:]]))
