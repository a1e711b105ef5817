#!/usr/bin/env python3
"""Writes a small stream for a test from JSON lines on standard input.

tiny_stream.py '{"x": {"dtype": "<f4", "shape": [1]}}' < records
A record is {"id": "a", "x": [[0], [NaN]], "mask": [1, 0]}: lists of lists, time first. Fields that
the first argument does not describe are <f4, mask is |u1. With a second argument, cut, the trailer is left out.
"""
import json
import struct
import sys
import zlib

CODES = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q", "<u2": "H", "|u1": "B", "|b1": "?"}


def pack(value):
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return struct.pack(">Bq", 0xD3, value)
    if isinstance(value, float):
        return struct.pack(">Bd", 0xCB, value)
    if isinstance(value, bytes):
        return struct.pack(">BI", 0xC6, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return struct.pack(">BI", 0xDB, len(text)) + text
    if isinstance(value, list):
        return struct.pack(">BI", 0xDD, len(value)) + b"".join(pack(v) for v in value)
    items = b"".join(pack(k) + pack(v) for k, v in value.items())
    return struct.pack(">BI", 0xDF, len(value)) + items


def array(dtype, nested):
    shape, flat = [], [nested]
    while isinstance(flat[0], list):
        shape.append(len(flat[0]))
        flat = [v for part in flat for v in part]
    data = b"".join(struct.pack("<" + CODES[dtype], int(v) if dtype[1] in "iu" else v) for v in flat)
    return {"nd": True, "type": dtype, "kind": "", "shape": shape, "data": data}


def main():
    fields = json.loads(sys.argv[1])
    out = pack({"format": "dssm-stream", "version": 1, "fields": fields, "history": []})
    count = 0
    for line in sys.stdin:
        record = {}
        for name, value in json.loads(line).items():
            dtype = fields.get(name, {"dtype": "|u1" if name == "mask" else "<f4"})["dtype"]
            record[name] = value if name == "id" else array(dtype, value)
        out += pack(record)
        count += 1
    if len(sys.argv) < 3:
        out += pack({"end": True, "records": count, "crc32": zlib.crc32(out)})
    sys.stdout.buffer.write(out)


main()
