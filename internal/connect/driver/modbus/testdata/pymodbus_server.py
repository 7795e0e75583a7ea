"""A Modbus TCP server on pymodbus (Debian python3-pymodbus 3.0), the independent other end of the driver's tests.

Usage: pymodbus_server.py PORT
  unit 1   holding register n holds n*7 mod 65536; 40..49 and 200..203 do not exist; 600.. see below
           input register n holds 65535-n; coil n is set where n%3 == 0, discrete input n where n%5 == 0
  unit 8   as unit 1, but every third answer comes 0.4 s late, after answers to later requests
  others   no answer at all
"""
import asyncio
import struct
import sys

from pymodbus.datastore import (ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext, ModbusSparseDataBlock)
from pymodbus.server.async_io import ModbusConnectedRequestHandler, ModbusTcpServer


def words(raw):
    return list(struct.unpack(">%dH" % (len(raw) // 2), raw))


def memory():
    hr = {n: n * 7 % 65536 for n in range(1000) if not (40 <= n < 50 or 200 <= n < 204)}
    f = struct.pack(">f", 123.456)
    d = struct.pack(">d", -2.5e300)
    layout = {
        600: f,                                           # ABCD
        602: f[2:] + f[:2],                               # CDAB
        604: bytes([f[1], f[0], f[3], f[2]]),             # BADC
        606: f[::-1],                                     # DCBA
        608: d,
        612: b"".join(d[i:i + 2] for i in (6, 4, 2, 0)),  # CDAB of 64 bits
        616: struct.pack(">i", -123456789),
        618: struct.pack(">q", -1234567890123456789),
        622: "经纬-7\0\0".encode(),
        628: b"eJni",                                     # BA
        630: struct.pack(">e", -0.333251953125),
        631: bytes.fromhex("98765432"),
        633: struct.pack(">Q", 2**63),
        637: struct.pack(">f", float("nan")),
    }
    for at, raw in layout.items():
        for i, w in enumerate(words(raw)):
            hr[at + i] = w
    return ModbusSlaveContext(
        hr=ModbusSparseDataBlock(hr), ir=ModbusSequentialDataBlock(0, [65535 - n for n in range(1000)]),
        co=ModbusSequentialDataBlock(0, [n % 3 == 0 for n in range(3000)]),
        di=ModbusSequentialDataBlock(0, [n % 5 == 0 for n in range(3000)]), zero_mode=True)


class Handler(ModbusConnectedRequestHandler):
    asked = 0

    def execute(self, request, *addr):
        if request.unit_id == 8:
            Handler.asked += 1
            if Handler.asked % 3 == 0:
                asyncio.get_running_loop().call_later(0.4, lambda: super(Handler, self).execute(request, *addr))
                return
        super().execute(request, *addr)


async def main():
    context = ModbusServerContext(slaves={1: memory(), 8: memory()}, single=False)
    server = ModbusTcpServer(context, address=("127.0.0.1", int(sys.argv[1])), handler=Handler,
                             allow_reuse_address=True, ignore_missing_slaves=True)
    task = asyncio.ensure_future(server.serve_forever())
    await asyncio.wait({asyncio.ensure_future(asyncio.wait_for(server.serving, 20)), task}, return_when=asyncio.FIRST_COMPLETED)
    print("ready", flush=True)
    await task


asyncio.run(main())
