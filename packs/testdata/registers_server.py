"""A Modbus TCP server on pymodbus (Debian python3-pymodbus 3.0) that holds the registers which device manuals describe.

Usage: registers_server.py PORT, with JSON on standard input:
  {"UNIT": [{"area": "input", "at": 72, "format": ">f", "order": "CDAB", "values": [1.5, 2.5]}, ...], ...}
format is Python's struct format of one value, or "bit"; order CDAB lays the words of a value the other way round.
"""
import asyncio
import json
import struct
import sys

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.server.async_io import ModbusTcpServer

AREAS = {"holding": "hr", "input": "ir", "coil": "co", "discrete": "di"}


def words(entry, value):
    if entry["format"] == "bit":
        return [bool(value)]
    kind = entry["format"]
    raw = struct.pack(kind, value if kind[-1] in "fd" else int(value))
    out = list(struct.unpack(">%dH" % (len(raw) // 2), raw))
    return out[::-1] if entry.get("order") == "CDAB" else out


def unit(entries):
    blocks = {}
    for short in AREAS.values():
        blocks[short] = [0] * 65536
    for e in entries:
        at = e["at"]
        for value in e["values"]:
            for w in words(e, value):
                blocks[AREAS[e["area"]]][at] = w
                at += 1
    return ModbusSlaveContext(zero_mode=True, **{k: ModbusSequentialDataBlock(0, v) for k, v in blocks.items()})


async def main():
    units = {int(n): unit(entries) for n, entries in json.load(sys.stdin).items()}
    server = ModbusTcpServer(ModbusServerContext(slaves=units, single=False), address=("127.0.0.1", int(sys.argv[1])),
                             allow_reuse_address=True)
    task = asyncio.ensure_future(server.serve_forever())
    await asyncio.wait({asyncio.ensure_future(asyncio.wait_for(server.serving, 20)), task}, return_when=asyncio.FIRST_COMPLETED)
    print("ready", flush=True)
    await task


asyncio.run(main())
