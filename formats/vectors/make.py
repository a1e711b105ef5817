#!/usr/bin/env python3
"""Makes the test vectors of formats/: for each rule files that obey it and files that must be refused.

usage: make.py            write good/, bad/ and expected.tsv beside this script
       make.py --check    tell whether they are what would be written (status 1 if not)

Standard library alone. Nothing here is shared with the programs that the vectors judge.
"""
import os
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
FILES = {}  # path -> bytes
EXPECTED = []  # (path, status, text)


# ---- msgpack ----

class Raw(bytes):
    """Bytes that are msgpack already."""


class Pairs(list):
    """A map as a list of pairs, so that a key can occur twice."""


def head(n, small, small_limit, wide):
    """A length in the shortest form: wide is ((bytes, type byte), ...)."""
    if small is not None and n < small_limit:
        return bytes([small | n])
    for size, kind in wide:
        if n < 1 << 8 * size:
            return bytes([kind]) + n.to_bytes(size, "big")
    raise ValueError(n)


def pack(v):
    if isinstance(v, Raw):
        return bytes(v)
    if v is None:
        return b"\xc0"
    if isinstance(v, bool):
        return b"\xc3" if v else b"\xc2"
    if isinstance(v, int):
        if v >= 0:
            return head(v, 0, 128, ((1, 0xcc), (2, 0xcd), (4, 0xce), (8, 0xcf)))
        return bytes([v & 0xff]) if v >= -32 else b"\xd3" + struct.pack(">q", v)
    if isinstance(v, float):
        return b"\xcb" + struct.pack(">d", v)
    if isinstance(v, str):
        b = v.encode()
        return head(len(b), 0xa0, 32, ((1, 0xd9), (2, 0xda), (4, 0xdb))) + b
    if isinstance(v, bytes):
        return head(len(v), None, 0, ((1, 0xc4), (2, 0xc5), (4, 0xc6))) + v
    if isinstance(v, (dict, Pairs)):
        pairs = list(v.items()) if isinstance(v, dict) else v
        return head(len(pairs), 0x80, 16, ((2, 0xde), (4, 0xdf))) + b"".join(pack(k) + pack(x) for k, x in pairs)
    return head(len(v), 0x90, 16, ((2, 0xdc), (4, 0xdd))) + b"".join(map(pack, v))


# ---- pieces of streams ----

FORMATS = {"<f4": "f", "<f8": "d", "<i4": "i", "<i8": "q", "<u2": "H", "|u1": "B", "|b1": "B"}


def array(dtype, shape, numbers, **changed):
    """msgpack-numpy's map; changed replaces keys, None removes one."""
    a = {"nd": True, "type": dtype, "kind": "", "shape": shape, "data": struct.pack("<%d%s" % (len(numbers), FORMATS[dtype]), *numbers)}
    a.update(changed)
    return {k: v for k, v in a.items() if v is not None}


def x_field(**changed):
    return {"dtype": "<f4", "shape": [2], "meaning": "observation", **changed}


U_FIELD = {"dtype": "<f4", "shape": [], "unit": "N m"}


def header(fields=None, **changed):
    h = {"format": "dssm-stream", "version": 1, "fields": {"x": x_field(), "u": U_FIELD} if fields is None else fields, "history": []}
    h.update(changed)
    return {k: v for k, v in h.items() if v is not None}


def x(steps=3, first=0):
    return array("<f4", [steps, 2], [first + 0.5 * i for i in range(2 * steps)])


def u(steps=3, numbers=None):
    return array("<f4", [steps], numbers or [0.25 * i for i in range(steps)])


def record(name="0", steps=3, **changed):
    r = {"id": name, "x": x(steps), "u": u(steps)}
    r.update(changed)
    return {k: v for k, v in r.items() if v is not None}


def trailer(before, count, **changed):
    t = {"end": True, "records": count, "crc32": zlib.crc32(before)}
    t.update(changed)
    return pack({k: v for k, v in t.items() if v is not None})


def stream(h, *records, after=b"", **changed):
    before = pack(h) + b"".join(map(pack, records))
    return before + trailer(before, len(records), **changed) + after


# ---- pieces of archives ----

def npy(descr="<f4", shape=(2,), data=struct.pack("<2f", 1, 2), fortran=False, version=1):
    text = "{'descr': %s, 'fortran_order': %s, 'shape': %s, }" % (descr if descr[0] == "[" else repr(descr), fortran, shape)
    prefix = 10 if version == 1 else 12
    text += " " * (-(prefix + len(text) + 1) % 64) + "\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text.encode() + data


def zip_file(*members, crc_change=0):
    """A stored zip of (name, bytes)."""
    out, directory = b"", b""
    for name, data in members:
        common = struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 0x21, zlib.crc32(data) ^ crc_change, len(data), len(data), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name.encode()
        out += b"PK\3\4" + common + name.encode() + data
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(out), 0)
    return out + directory + b"PK\5\6" + end


META = ("meta.json", b'{"format": "dssm-model", "version": 1, "kind": "test"}\n')
W = ("w.npy", npy())


# ---- the table ----

def good(name, data, records=0, steps=0, sum_x=0.0):
    put("good/" + name, data, 0, "records %d steps %d sum_x %.6f" % (records, steps, sum_x))


def bad(name, data, text, status=3):
    put("bad/" + name, data, status, text)


def put(path, data, status, text):
    assert path not in FILES, path
    FILES[path] = data
    EXPECTED.append((path, status, text))


def array_bad(name, text, **changed):
    """A record whose x breaks a rule of arrays."""
    bad(name, stream(header(), {"id": "0", "x": {**x(), **changed}, "u": u()}), "record 1: field x: array " + text)


def rules_1_to_3():
    good("S01-no-record.msgpack", stream(header()))
    good("S01-three-records.msgpack", stream(header(), record("0"), record("1", 5), record("2", 4)), 3, 12, 7.5 + 22.5 + 14)
    bad("S01-no-map.msgpack", pack(header()) + pack([1]), "record 1: expected a msgpack map, got byte 0x91")
    bad("S01-text.msgpack", b'{"format": "dssm-stream"}\n', "header: expected a msgpack map, got byte 0x7b (seq-convert makes streams of csv, npz and JSON lines)")
    bad("S01-second-header.msgpack", pack(header()) + pack(record()) + pack(header()), "a header after record 1, before the trailer")
    bad("S01-never-used-byte.msgpack", pack(header()) + pack({"id": "0", "y": Raw(b"\xc1")}),
        "record 1: has byte 0xc1, which begins no msgpack value")
    deep = Raw(b"\x91" * 30 + b"\x90")
    good("S02-depth-32.msgpack", stream(header(), record(deep=deep)), 1, 3, 7.5)
    bad("S02-depth-33.msgpack", stream(header(), record(deep=Raw(b"\x91" + deep))), "record 1: is nested deeper than 32 levels")
    bad("S02-list-of-billions.msgpack", pack(header()) + pack({"id": "0", "y": Raw(b"\xdd\xff\0\0\0")}),
        "record 1: has more than the 1048576 elements that a message may have")
    bad("S02-nested-lists.msgpack", pack(header()) + pack({"id": "0", "y": Raw(b"\xdd\x10\0\0\0" * 30)}),
        "record 1: has more than the 1048576 elements that a message may have")
    bad("S02-map-of-billions.msgpack", b"\xdf\xff\xff\xff\xff", "header: has more than the 1048576 elements that a message may have")
    bad("S02-bin-of-gigabytes.msgpack", pack(header()) + pack({"id": "0", "y": Raw(b"\xc6\xff\xff\xff\xff")}),
        "record 1: takes more than the 67108864 bytes that a message may take")
    bin_keys = {k.encode(): v for k, v in x().items()}
    good("S03-bin-keys.msgpack", stream(header(), record(x={**bin_keys, b"kind": b""})), 1, 3, 7.5)
    bad("S03-integer-key.msgpack", stream(header(), {"id": "0", "x": x(), "u": u(), 5: None}), "record 1: key 4 of a map is no UTF-8 text")
    bad("S03-no-utf8.msgpack", stream(header(), {"id": "0", b"\xff\xfe": None}), "record 1: key 2 of a map is no UTF-8 text")
    bad("S03-nul-in-key.msgpack", stream(header(), {"id": "0", "x\0": None}), "record 1: key 2 of a map is no UTF-8 text")
    bad("S03-twice-in-record.msgpack", stream(header(), Pairs([*record().items(), ("u", u())])), "record 1: key u occurs twice in one map")
    bad("S03-twice-in-array.msgpack", stream(header(), record(x=Pairs([*x().items(), ("type", "<f8")]))),
        "record 1: field x: key type occurs twice in one map")
    bad("S03-twice-in-header.msgpack", stream(Pairs([*header().items(), ("version", 1)])), "header: key version occurs twice in one map")


def rules_4_to_7():
    good("S04-format.msgpack", stream(header(), record()), 1, 3, 7.5)
    bad("S04-other-format.msgpack", stream(header(format="other")), "header: format: expected dssm-stream, got other")
    bad("S04-no-format.msgpack", stream(header(format=None)), "header: format: expected dssm-stream, got no text")
    bad("S04-version-2.msgpack", stream(header(version=2)), "header: version: expected 1, got 2")
    bad("S04-version-text.msgpack", stream(header(version="1")), "header: version: expected 1, got no integer")
    s = {"dtype": "<f8", "shape": [2], "meaning": "true state", "unit": "rad, rad/s", "kinds": ["circle", "line"], "names": ["a", "v"], "more": 1}
    image = {"dtype": "|u1", "shape": [2, 2]}
    good("S05-descriptions.msgpack", stream(header({"x": image, "s": s, "mask": {"dtype": "|b1", "shape": []}}),
         {"id": "0", "x": array("|u1", [1, 2, 2], [1, 2, 3, 255]), "s": array("<f8", [1, 2], [float("nan"), 1]), "mask": array("|b1", [1], [1])}),
         1, 1, 261)
    for name, field, text in (
            ("no-dtype", {"shape": [2]}, "dtype: missing"),
            ("big-endian", x_field(dtype=">f4"), "dtype: expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1, got >f4"),
            ("no-shape", {"dtype": "<f4"}, "shape: expected a list of at most 7 integers"),
            ("negative-shape", x_field(shape=[-1]), "shape: expected integers ≥ 0"),
            ("eight-axes", x_field(shape=[1] * 8), "shape: expected a list of at most 7 integers"),
            ("huge-shape", x_field(shape=[1 << 40, 1 << 40]), "shape: more numbers than a machine has"),
            ("unit-number", x_field(unit=5), "unit: expected text"),
            ("kinds-short", x_field(kinds=["line"]), "kinds: expected a list of 2 texts, one a component"),
            ("kinds-other", x_field(kinds=["line", "sphere"]), "kinds: expected line or circle, got sphere"),
            ("names-numbers", x_field(names=[1, 2]), "names: expected texts"),
            ("no-map", 5, "expected a map")):
        bad("S05-%s.msgpack" % name, stream(header({"x": field})), "header: field x: " + text)
    bad("S05-reserved-name.msgpack", stream(header({"id": x_field()})), "header: field id: the name is reserved")
    bad("S05-mask-float.msgpack", stream(header({"mask": {"dtype": "<f4", "shape": []}})),
        "header: field mask: expected dtype |b1 or |u1 and shape []")
    bad("S05-no-fields.msgpack", stream({"format": "dssm-stream", "version": 1}), "header: fields: expected a map")
    line = {"program": "gen-pendulum", "version": "0.1.0", "command": "gen-pendulum -n 1", "seed": 1}
    good("S06-history.msgpack", stream(header(history=[line, {**line, "seed": "18446744073709551615"}]), record()), 1, 3, 7.5)
    good("S06-no-history.msgpack", stream(header(history=None), record()), 1, 3, 7.5)
    bad("S06-history-map.msgpack", stream(header(history=line)), "header: history: expected a list of maps")
    bad("S06-history-texts.msgpack", stream(header(history=["gen-pendulum"])), "header: history: expected a list of maps")
    good("S07-unknown-keys.msgpack", stream(header(plant={"name": "π", "g": 9.81, "list": [1, -1, None, True, 1 << 62]}), record()), 1, 3, 7.5)
    bad("S07-bin.msgpack", stream(header(extra=b"abc")), "header: extra: a value of a type that a header may not hold (bin or ext)")
    bad("S07-ext.msgpack", stream(header(extra=Raw(b"\xd4\1\0"))), "header: extra: a value of a type that a header may not hold (bin or ext)")
    bad("S07-nan.msgpack", stream(header(extra={"a": float("nan")})), "header: extra: a: a number that is not finite")
    bad("S07-large-integer.msgpack", stream(header(extra=1 << 63)), "header: extra: an integer beyond 2^63-1")
    bad("S07-no-utf8.msgpack", stream(header(extra=Raw(b"\xa1\xff"))), "header: extra: text that is no UTF-8")


def rules_8_to_11():
    good("S08-no-array.msgpack", stream(header(), record(scalar={"nd": False, "type": "<f4", "data": b"\0\0\0\0"})), 1, 3, 7.5)
    bad("S08-pickle.msgpack", stream(header(), record(y={**x(), "kind": "O"})), "record 1: field y: array of kind O: a pickle is code and is never read")
    bad("S08-pickle-bin.msgpack", stream(header(), record(y={**x(), "kind": b"O"})),
        "record 1: field y: array of kind O: a pickle is code and is never read")
    array_bad("S08-structured.msgpack", 'of a kind other than "" (structured or object)', kind="V")
    bad("S08-no-kind.msgpack", stream(header(), record(x=array("<f4", [1, 2], [1, 2], kind=None))), "record 1: field x: array without key kind")
    numbers = {t: array(t, [3], [1, 0, 1]) for t in FORMATS}
    good("S09-seven-types.msgpack", stream(header(), record(**{"y" + t[1:]: a for t, a in numbers.items()})), 1, 3, 7.5)
    types = "expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1"
    array_bad("S09-big-endian.msgpack", "of type >f4: big endian; " + types, type=">f4")
    array_bad("S09-half.msgpack", "of unknown type <f2; " + types, type="<f2")
    array_bad("S09-object.msgpack", "of unknown type |O; " + types, type="|O")
    array_bad("S09-no-text.msgpack", "without a text under key type", type=4)
    good("S10-scalar-and-empty.msgpack", stream(header(), record(a=array("<f8", [], [1]), b=array("<f8", [0, 5], []), c=array("|u1", [1] * 8, [1]))),
         1, 3, 7.5)
    array_bad("S10-short-data.msgpack", "whose shape asks for 24 bytes, got 20", data=b"\0" * 20)
    array_bad("S10-long-data.msgpack", "whose shape asks for 24 bytes, got 28", data=b"\0" * 28)
    array_bad("S10-data-text.msgpack", "without bin under key data", data="x" * 24)
    array_bad("S10-overflow.msgpack", "whose shape asks for more bytes than a machine has, got 24", shape=[1 << 32, 1 << 32])
    array_bad("S10-negative.msgpack", "whose shape holds something else than integers ≥ 0", shape=[-3, -2])
    array_bad("S10-float-shape.msgpack", "whose shape holds something else than integers ≥ 0", shape=[3.0, 2])
    array_bad("S10-nine-axes.msgpack", "of 9 axes; at most 8 are allowed", shape=[3, 2] + [1] * 7)
    array_bad("S10-shape-number.msgpack", "without a list under key shape", shape=6)
    good("S11-truths.msgpack", stream(header(), record(hit=array("|b1", [3], [0, 1, 1]))), 1, 3, 7.5)
    bad("S11-truth-2.msgpack", stream(header(), record(hit=array("|b1", [3], [0, 1, 2]))),
        "record 1: field hit: array of type |b1: expected bytes 0 and 1, got 2")


def rules_12_to_18():
    good("S12-integer-ids.msgpack", stream(header(), record(0), record(-5), record((1 << 64) - 1)), 3, 9, 22.5)
    bad("S12-no-id.msgpack", stream(header(), record(id=None)), "record 1: id: missing")
    bad("S12-empty-id.msgpack", stream(header(), record("")), "record 1: id: expected text that is not empty, or an integer")
    bad("S12-float-id.msgpack", stream(header(), record(1.5)), "record 1: id: expected text that is not empty, or an integer")
    good("S13-order-is-free.msgpack", stream(header(), Pairs(reversed(list(record().items())))), 1, 3, 7.5)
    bad("S13-no-u.msgpack", stream(header(), record(), record("1", u=None)), "record 2: field u: declared in the header, not in the record")
    bad("S13-no-array.msgpack", stream(header(), record(u=5)), "record 1: field u: expected an array")
    bad("S13-other-dtype.msgpack", stream(header(), record(u=array("<f8", [3], [0, 0, 0]))), "record 1: field u: expected dtype <f4, got <f8")
    bad("S13-other-shape.msgpack", stream(header(), record(x=array("<f4", [3, 1], [0, 0, 0]))),
        "record 1: field x: expected shape [T,2], got [T,1]")
    bad("S13-more-axes.msgpack", stream(header(), record(x=array("<f4", [3, 1, 2], [0] * 6))),
        "record 1: field x: expected shape [T,2], got [T,1,2]")
    bad("S13-scalar.msgpack", stream(header(), record(u=array("<f4", [], [0]))), "record 1: field u: expected shape [T], got []")
    good("S14-one-step.msgpack", stream(header(), record(steps=1)), 1, 1, 0.5)
    bad("S14-no-step.msgpack", stream(header(), record(steps=0)), "record 1: field x: expected at least one step, got 0")
    bad("S14-unequal.msgpack", stream(header(), record(u=u(4))), "record 1: field u: expected 3 steps as x has, got 4")
    good("S15-masks.msgpack", stream(header(), record(mask=array("|u1", [3], [1, 0, 1])), record("1", mask=array("|b1", [3], [0, 0, 0])), record("2")),
         3, 9, 22.5)
    bad("S15-mask-2.msgpack", stream(header(), record(mask=array("|u1", [3], [1, 2, 1]))), "record 1: field mask: step 2: expected 0 or 1, got 2")
    bad("S15-mask-float.msgpack", stream(header(), record(mask=array("<f4", [3], [1, 1, 1]))), "record 1: field mask: expected dtype |b1 or |u1, got <f4")
    bad("S15-mask-long.msgpack", stream(header(), record(mask=array("|u1", [4], [1] * 4))), "record 1: field mask: expected 3 steps as x has, got 4")
    bad("S15-mask-wide.msgpack", stream(header(), record(mask=array("|u1", [3, 1], [1] * 3))), "record 1: field mask: expected shape [T], got [T,1]")
    bad("S15-mask-list.msgpack", stream(header(), record(mask=[1, 1, 1])), "record 1: field mask: expected an array")
    nan = float("nan")
    good("S16-last-control.msgpack", stream(header(), record(u=u(3, [1, 2, nan])), record("1")), 2, 6, 15)
    bad("S16-nan-control.msgpack", stream(header(), record(u=u(3, [1, nan, 2]))), "record 1: field u: step 2: expected a finite control")
    bad("S16-infinite-control.msgpack", stream(header(), record(u=u(3, [float("inf"), 1, 2]))), "record 1: field u: step 1: expected a finite control")
    good("S17-pieces.msgpack", stream(header(), record(steps=2), record(steps=1), record("1"), record("0")), 4, 9, 3 + 0.5 + 15)
    bad("S17-goes-on-after-nan.msgpack", stream(header(), record(u=u(3, [1, 2, nan])), record("0")),
        "record 2: field u: goes on from a record with this id whose last control is not finite")
    good("S18-more-values.msgpack", stream(header(), record(weights=array("<i4", [7], list(range(7))), note="hello", deep={"a": [1, {"b": None}]},
         time=Raw(b"\xd6\xff\0\0\0\1"), half=Raw(b"\xca\x3f\0\0\0"))), 1, 3, 7.5)
    bad("S18-named-end.msgpack", stream(header(), record(end=array("<f4", [3], [0, 0, 0]))), "trailer: end: expected true")
    good("S16-missing-x.msgpack", stream(header(), record(x=array("<f4", [3, 2], [nan, 1, float("inf"), 2, 3, 4]))), 1, 3, 10)


def rules_19_to_22():
    whole = stream(header(), record(), record("1"))
    cut = pack(header())
    good("S19-more-in-trailer.msgpack", stream(header(), record(), note="all well"), 1, 3, 7.5)
    bad("S19-records-3.msgpack", stream(header(), record(), record("1"), records=3), "trailer: records: says 3, but 2 came")
    bad("S19-end-false.msgpack", stream(header(), end=False), "trailer: end: expected true")
    bad("S19-no-records.msgpack", stream(header(), records=None), "trailer: records: expected an integer ≥ 0")
    bad("S19-no-crc.msgpack", stream(header(), crc32=None), "trailer: crc32: expected an integer ≥ 0")
    good("S20-crc.msgpack", whole, 2, 6, 15)
    right = zlib.crc32(cut)
    bad("S20-other-crc.msgpack", stream(header(), crc32=right ^ 1), "trailer: crc32: says 0x%08x, but the bytes before have 0x%08x" % (right ^ 1, right))
    bad("S20-crc-text.msgpack", stream(header(), crc32="%08x" % right), "trailer: crc32: expected an integer ≥ 0")
    at = whole.index(struct.pack("<f", 2.5))
    flipped = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]
    before = whole[:whole.rindex(pack("end")) - 1]
    bad("S20-flipped-bit.msgpack", flipped, "trailer: crc32: says 0x%08x, but the bytes before have 0x%08x" %
        (zlib.crc32(before), zlib.crc32(flipped[:len(before)])))
    good("S21-nothing-follows.msgpack", stream(header(), record("a")), 1, 3, 7.5)
    bad("S21-newline.msgpack", whole + b"\n", "data follow the trailer")
    bad("S21-two-streams.msgpack", whole + whole, "another stream follows: join streams with seq-cat")
    good("S22-end.msgpack", stream(header(), record("b")), 1, 3, 7.5)
    bad("S22-empty.msgpack", b"", "ended before its header", 5)
    bad("S22-in-header.msgpack", cut[:-3], "ended inside its header", 5)
    bad("S22-no-record.msgpack", cut, "ended after record 0, before its trailer", 5)
    bad("S22-between-records.msgpack", cut + pack(record()), "ended after record 1, before its trailer", 5)
    bad("S22-in-record.msgpack", cut + pack(record()) + pack(record("1"))[:-9], "ended after record 1, before its trailer", 5)
    bad("S22-in-trailer.msgpack", whole[:-1], "ended after record 2, before its trailer", 5)


def archives():
    good("A01-archive.npz", zip_file(META, W))
    good("A02-no-meta.npz", zip_file(W))
    good("A04-version-2.npz", zip_file(META, ("w.npy", npy(version=2))))
    good("A05-seven-types.npz", zip_file(META, *(("t%d.npy" % i, npy(t, (1,), struct.pack("<" + f, 1))) for i, (t, f) in enumerate(FORMATS.items()))))
    good("A07-scalar.npz", zip_file(META, ("w.npy", npy("<f8", (), struct.pack("<d", 1)))))
    good("A03-two-names.npz", zip_file(META, W, ("W.npy", npy())))
    good("A06-c-order.npz", zip_file(META, ("w.npy", npy("<i4", (1, 2)))))
    good("A08-crc.npz", zip_file(META, ("w.npy", npy("<f8", (1,)))))
    good("A09-directory.npz", zip_file(META))
    good("A10-nothing.npz", zip_file(META, ("w.npy", npy(shape=(0, 1 << 20), data=b""))))
    types = "expected <f4 <f8 <i4 <i8 <u2 |u1 or |b1"
    bad("A01-other-member.npz", zip_file(META, ("code.py", b"import os")), "member code.py: expected meta.json or NAME.npy")
    bad("A01-no-zip.npz", b"this is no zip file at all, just text", "…")
    bad("A02-meta-list.npz", zip_file(("meta.json", b"[1]"), W), "member meta.json: is no JSON object")
    bad("A02-meta-twice.npz", zip_file(META, META), "member meta.json: occurs twice")
    bad("A02-key-twice.npz", zip_file(("meta.json", b'{"a": 1, "a": 2}')), "member meta.json: is no JSON object: duplicate object key…")
    bad("A03-name-twice.npz", zip_file(META, W, W), "member w.npy: occurs twice")
    for rule, name, member, text in (
            ("A04", "version-3", npy(version=3), ".npy version: expected 1.0 or 2.0, got 3.0"),
            ("A04", "no-npy", b"1 2 3 4 5 6 7 8 9", "is no .npy file"),
            ("A04", "long-header", b"\x93NUMPY\2\0\0\0\0\xff", ".npy header: expected 12 to 4096 bytes, got 4278190092"),
            ("A05", "pickle", npy("|O", (1,), b"\x80\4."), "holds Python objects (dtype |O): a pickle is code and is never read"),
            ("A05", "structured", npy("[('a', '<f4')]", (1,), b"\0\0\0\0"), ".npy header: descr: expected one type (no structured one)"),
            ("A05", "big-endian", npy(">f4"), "is big endian (dtype >f4); " + types),
            ("A05", "complex", npy("<c8", (1,)), "has dtype <c8; " + types),
            ("A06", "fortran", npy(fortran=True), "is in Fortran order; save numpy.ascontiguousarray of it"),
            ("A07", "short", npy(shape=(3,)), "ends after 8 of 12 bytes"),
            ("A07", "long", npy(shape=(1,)), "is longer than its shape says"),
            ("A07", "nine-axes", npy(shape=(1,) * 9), ".npy header: shape: more than 8 axes"),
            ("A10", "huge", npy(shape=(1 << 40,)), "takes 4398046511104 bytes, more than the 4294967296 that are allowed"),
            ("A10", "overflow", npy(shape=(1 << 40, 1 << 40)), "has a shape of more bytes than a machine has")):
        bad("%s-%s.npz" % (rule, name), zip_file(META, ("w.npy", member)), "member w.npy: " + text)
    bad("A08-crc.npz", zip_file(META, W, crc_change=1), "member meta.json: ZIP bad CRC…")
    whole = zip_file(META, W)
    bad("A09-in-member.npz", whole[:180], "member w.npy: the file ends inside it", 5)
    bad("A09-no-directory.npz", whole[:whole.index(b"PK\1\2")], "ended before its directory", 5)
    bad("A09-in-directory.npz", whole[:-5], "ended inside its directory", 5)


def main():
    for rules in (rules_1_to_3, rules_4_to_7, rules_8_to_11, rules_12_to_18, rules_19_to_22, archives):
        rules()
    FILES["expected.tsv"] = "".join("%s\t%d\t%s\n" % row for row in sorted(EXPECTED)).encode()
    if sys.argv[1:] == ["--check"]:
        sys.exit(check())
    for path, data in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(HERE, path)), exist_ok=True)
        with open(os.path.join(HERE, path), "wb") as f:
            f.write(data)


def check():
    """1 if a file is missing, differs, or is not made here."""
    there = {os.path.join(d, f) for d in ("good", "bad") for f in os.listdir(os.path.join(HERE, d))} | {"expected.tsv"}
    wrong = sorted(there ^ FILES.keys())
    for path in sorted(there & FILES.keys()):
        with open(os.path.join(HERE, path), "rb") as f:
            if f.read() != FILES[path]:
                wrong.append(path)
    for path in wrong:
        print("make.py: %s: not what this script makes" % path, file=sys.stderr)
    return 1 if wrong else 0


main()
