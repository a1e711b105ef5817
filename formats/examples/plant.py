#!/usr/bin/env python3
"""A plant (formats/plant.md) with the standard library alone: a pendulum that draws its own pictures.

usage: plant.py [--seed N] [--hang] [--steps T] [--drop-every N]
To make it yours, describe what your robot gives in FIELDS and the Du controls that it takes in CONTROL (shape [Du]), and write a class
with `observe`, which returns one step of every field, and `act`, which is given a list of Du numbers. A real robot would wait for its
clock in `act`, and bring its motors to rest in `stop`. A frame that did not come is said by `without_frame`.
"""
import argparse
import math
import os
import random
import signal
import struct
import sys
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "readers"))
from read_stream import CutShort, read  # noqa: E402

SIZE = 16
FIELDS = {
    "x": {"dtype": "|u1", "shape": [SIZE * SIZE], "meaning": "image of the bob, value/255", "image": [SIZE, SIZE, 1]},
    "s": {"dtype": "<f8", "shape": [2], "unit": "rad,rad/s", "kinds": ["circle", "line"], "names": ["angle", "velocity"]},
}
CONTROL = {"dtype": "<f4", "shape": [1], "meaning": "torque, held for a control interval", "unit": "N m", "names": ["torque"]}


class Pendulum:
    """phi'' = -0.5 phi' + 9.81 sin phi + u, phi = 0 upright; a control interval is 0.05 s."""

    def __init__(self, angle, velocity):
        self.angle, self.velocity = angle, velocity

    def observe(self):
        column, row = 7.5 + 5 * math.sin(self.angle), 7.5 - 5 * math.cos(self.angle)
        image = bytes(int(255 * math.exp(-((j - column) ** 2 + (i - row) ** 2) / (2 * 1.2 ** 2)) + 0.5) for i in range(SIZE) for j in range(SIZE))
        return {"x": array("|u1", [1, SIZE * SIZE], image), "s": array("<f8", [1, 2], struct.pack("<2d", self.angle, self.velocity))}

    def act(self, u):
        torque = max(-5.0, min(5.0, u[0]))
        slope = lambda a, v: (v, -0.5 * v + 9.81 * math.sin(a) + torque)
        h = 0.005
        for _ in range(10):  # Runge-Kutta, fourth order
            a, v = self.angle, self.velocity
            a1, v1 = slope(a, v)
            a2, v2 = slope(a + h / 2 * a1, v + h / 2 * v1)
            a3, v3 = slope(a + h / 2 * a2, v + h / 2 * v2)
            a4, v4 = slope(a + h * a3, v + h * v3)
            self.angle += h / 6 * (a1 + 2 * a2 + 2 * a3 + a4)
            self.velocity += h / 6 * (v1 + 2 * v2 + 2 * v3 + v4)

    def stop(self):
        """Brings the machine to rest; there is nothing to do for this one."""


def without_frame(observation):
    """The observation of a step whose frame is missing (P7): mask is 0, and x, which has to be there, may hold anything."""
    return {**observation, "mask": array("|u1", [1], bytes(1))}


# ---- the stream that is written ----

def pack(value):
    """The kinds of msgpack values that a stream needs."""
    head = lambda code, size: bytes([code]) + struct.pack(">I", size)
    if isinstance(value, bool): return b"\xc3" if value else b"\xc2"
    if isinstance(value, int): return head(0xce, value)
    if isinstance(value, str): return head(0xdb, len(value.encode())) + value.encode()
    if isinstance(value, bytes): return head(0xc6, len(value)) + value
    if isinstance(value, list): return head(0xdd, len(value)) + b"".join(map(pack, value))
    return head(0xdf, len(value)) + b"".join(pack(key) + pack(item) for key, item in value.items())


def array(dtype, shape, data):
    return {"nd": True, "type": dtype, "kind": "", "shape": shape, "data": data}


class Writer:
    def __init__(self, file):
        self.file, self.crc, self.records = file, 0, 0

    def put(self, message):
        data = pack(message)
        self.file.write(data)
        self.file.flush()  # P6
        self.crc = zlib.crc32(data, self.crc)

    def record(self, fields):
        self.put({"id": "episode", **fields})
        self.records += 1

    def end(self):
        self.put({"end": True, "records": self.records, "crc32": self.crc})


# ---- the conversation ----

def converse(plant, steps, drop_every):
    def observe():
        missing = drop_every and (out.records + 1) % drop_every == 0
        return without_frame(plant.observe()) if missing else plant.observe()

    out = Writer(sys.stdout.buffer)
    out.put({"format": "dssm-stream", "version": 1, "fields": FIELDS, "control": CONTROL, "history": []})  # P2, P3
    out.record(observe())
    if out.records != steps:
        for _, control in read(sys.stdin.buffer):  # ends with the controller's trailer (P8)
            shape, u = control["u"]
            if shape != (1, *CONTROL["shape"]) or not all(map(math.isfinite, u)):
                raise ValueError("u: expected shape (1, %d), all finite, got %s of %s" % (*CONTROL["shape"], list(u), shape))  # P10
            plant.act(list(u))
            out.record(observe())
            if out.records == steps:
                break  # P9
    out.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hang", action="store_true", help="start hanging at rest")
    parser.add_argument("--steps", type=int, default=0, help="end by itself after so many observations")
    parser.add_argument("--drop-every", type=int, default=0, help="every Nth frame is missing")
    options = parser.parse_args()
    dice = random.Random(options.seed)
    plant = Pendulum(math.pi, 0.0) if options.hang else Pendulum(dice.uniform(-math.pi, math.pi), dice.uniform(-6.6, 6.6))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        converse(plant, options.steps, options.drop_every)
    except (CutShort, ValueError, KeyError, TypeError) as problem:
        sys.exit(print("plant.py: controls: %s" % (str(problem) or "ended before their trailer"), file=sys.stderr) or 3)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(1)
    finally:
        plant.stop()


if __name__ == "__main__":
    main()
