#!/usr/bin/env python3
"""Records data to learn from: the machine of plant.py under controls that are drawn at random, as a stream (formats/stream.md).

usage: record.py [--episodes N] [--steps T] [--seed N] > train.msgpack
With your own machine in plant.py these are its data, described as `policy-run` will see them. LIMIT is the largest control that is tried.
"""
import argparse
import math
import random
import struct
import sys

import plant

LIMIT = 5.0
DU = plant.CONTROL["shape"][0]
SEEN = plant.array("|u1", [1], b"\x01")


def begin(dice):
    """A machine at the start of an episode; a real one would be brought there."""
    return plant.Pendulum(dice.uniform(-math.pi, math.pi), dice.uniform(-6.6, 6.6))


def joined(steps):
    """Arrays of one step as one of all."""
    return plant.array(steps[0]["type"], [len(steps), *steps[0]["shape"][1:]], b"".join(step["data"] for step in steps))


def episode(machine, steps, dice):
    """So many observations, and with each the control that acts from it to the next."""
    observed, controls = [], []
    for _ in range(steps):
        observed.append(machine.observe())
        data = struct.pack("<%df" % DU, *(dice.uniform(-LIMIT, LIMIT) for _ in range(DU)))
        controls.append(plant.array("<f4", [1, DU], data))
        machine.act(list(struct.unpack("<%df" % DU, data)))
    fields = {name: joined([step[name] for step in observed]) for name in plant.FIELDS}
    return {**fields, "u": joined(controls), "mask": joined([step.get("mask", SEEN) for step in observed])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    out = plant.Writer(sys.stdout.buffer)
    out.put({"format": "dssm-stream", "version": 1, "fields": {**plant.FIELDS, "u": plant.CONTROL}, "history": []})
    for number in range(options.episodes):
        machine = begin(dice)
        out.record({"id": "recorded-%d" % number, **episode(machine, options.steps, dice)})
        machine.stop()
    out.end()


if __name__ == "__main__":
    main()
