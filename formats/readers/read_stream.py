#!/usr/bin/env python3
"""Reads a stream (formats/stream.md) with the standard library alone and prints a summary.

usage: read_stream.py [FILE]        or, from Python:    for header, record in read(file): …
An array becomes (shape, numbers): a tuple, and an array.array in row-major order.
"""
import array
import math
import struct
import sys
import zlib

TYPES = {"<f4": ("f", 4), "<f8": ("d", 8), "<i4": ("i", 4), "<i8": ("q", 8), "<u2": ("H", 2), "|u1": ("B", 1), "|b1": ("B", 1)}
NUMBERS = {0xca: ">f", 0xcb: ">d", 0xcc: ">B", 0xcd: ">H", 0xce: ">I", 0xcf: ">Q", 0xd0: ">b", 0xd1: ">h", 0xd2: ">i", 0xd3: ">q"}
LENGTHS = {0xc4: 1, 0xc5: 2, 0xc6: 4, 0xc7: 1, 0xc8: 2, 0xc9: 4, 0xd9: 1, 0xda: 2, 0xdb: 4, 0xdc: 2, 0xdd: 4, 0xde: 2, 0xdf: 4}


class CutShort(Exception):
    """S22: the stream ended before its trailer."""


def refuse(text):
    raise ValueError(text)


class Messages:
    """Takes msgpack values from a file; `crc` is that of all bytes taken."""

    def __init__(self, file):
        self.file, self.crc, self.left = file, 0, 0

    def take(self, n):
        self.left -= n
        if self.left < 0: refuse("S2: a message of more than 64 MiB")
        data = self.file.read(n)
        if len(data) < n:
            raise CutShort
        self.crc = zlib.crc32(data, self.crc)
        return data

    def message(self):
        self.left = 64 << 20
        first = self.take(1)[0]
        return self.value(first, 1) if first & 0xf0 == 0x80 or first in (0xde, 0xdf) else refuse("S1: expected a map")

    def value(self, c, depth):
        if depth > 32: refuse("S2: nested too deeply")
        if c < 0x80 or c >= 0xe0:
            return c if c < 0x80 else c - 256
        if c in (0xc0, 0xc2, 0xc3):
            return {0xc0: None, 0xc2: False, 0xc3: True}[c]
        if c in NUMBERS:
            return struct.unpack(NUMBERS[c], self.take(struct.calcsize(NUMBERS[c])))[0]
        if 0xd4 <= c <= 0xd8:  # ext of a fixed size
            return ("ext", self.take(1), self.take(1 << c - 0xd4))
        n = {0x80: c & 15, 0x90: c & 15, 0xa0: c & 31}.get(c & 0xf0 if c < 0xa0 else c & 0xe0)
        if n is None:
            if c not in LENGTHS: refuse("byte 0x%02x begins no msgpack value" % c)
            n = int.from_bytes(self.take(LENGTHS[c]), "big")
        if 0xa0 <= c < 0xc0 or 0xd9 <= c <= 0xdb:
            return self.take(n).decode()
        if 0xc4 <= c <= 0xc6:
            return self.take(n)
        if 0xc7 <= c <= 0xc9:
            return ("ext", self.take(1), self.take(n))
        if n > 1 << 20: refuse("S2: too many elements")
        if 0x90 <= c < 0xa0 or c in (0xdc, 0xdd):
            return [self.value(self.take(1)[0], depth + 1) for _ in range(n)]
        return self.map(n, depth)

    def map(self, n, depth):
        result = {}
        for _ in range(n):
            key = self.value(self.take(1)[0], depth + 1)
            key = key.decode() if isinstance(key, bytes) else key
            if not isinstance(key, str) or key in result: refuse("S3: a key that is no text, or twice")
            result[key] = self.value(self.take(1)[0], depth + 1)
        return to_array(result) if result.get("nd") is True else result


def to_array(m):
    """S8 to S11."""
    if m.get("kind") not in ("", b"") or m.get("type") not in TYPES: refuse("S8, S9: an array of an unknown kind or type")
    code, size = TYPES[m["type"]]
    if not all(isinstance(n, int) and n >= 0 for n in m["shape"]) or math.prod(m["shape"]) * size != len(m["data"]):
        raise ValueError("S10: shape and data do not fit")
    numbers = array.array(code, m["data"])
    if sys.byteorder == "big":
        numbers.byteswap()
    return tuple(m["shape"]), numbers


def read(file):
    """Yields (header, record) for every record; raises ValueError or CutShort."""
    messages, count = Messages(file), 0
    header = messages.message()
    if header.get("format") != "dssm-stream" or header.get("version") != 1: refuse("S4: no header of a stream of version 1")
    while True:
        crc = messages.crc
        record = messages.message()
        if "end" in record:
            break
        if "format" in record or "id" not in record: refuse("S1, S12: a record without id, or a header before the trailer")
        count += 1
        yield header, record
    if record["end"] is not True or record.get("records") != count: refuse("S19: the trailer does not fit the %d records" % count)
    if record.get("crc32") != crc: refuse("S20: wrong checksum")
    if file.read(1): refuse("S21: data follow the trailer")


def main():
    records, steps, total = 0, 0, 0.0
    try:
        for _, record in read(open(sys.argv[1], "rb") if len(sys.argv) > 1 else sys.stdin.buffer):
            shape, x = record.get("x", ((0,), ()))
            records, steps = records + 1, steps + shape[0]
            total = sum((v for v in x if math.isfinite(v)), total)
    except CutShort:
        sys.exit(print("read_stream.py: ended after record %d, before its trailer" % records, file=sys.stderr) or 5)
    except (ValueError, KeyError, TypeError) as problem:
        sys.exit(print("read_stream.py: record %d: %s" % (records + 1, problem), file=sys.stderr) or 3)
    print("records %d steps %d sum_x %.6f" % (records, steps, total))


if __name__ == "__main__":
    main()
