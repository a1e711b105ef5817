#!/bin/sh
# How fast seq-check verifies a stream of 200 MB, against sha256sum on the same file. Both read from memory: the file is read once before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM

# A stream of N records of 370 kB of random bytes, written by the rules of formats/stream.md alone.
python3 - "$folder/stream" <<'END'
import os, struct, sys, zlib
def text(s): return bytes([0xa0 + len(s)]) + s.encode()
def number(n): return b"\xce" + struct.pack(">I", n)
steps, width, records, crc = 30, 12288, 550, 0
with open(sys.argv[1], "wb") as file:
    def put(data):
        global crc
        crc = zlib.crc32(data, crc)
        file.write(data)
    put(b"\x83" + text("format") + text("dssm-stream") + text("version") + b"\1" + text("fields") + b"\x81" + text("x") +
        b"\x82" + text("dtype") + text("|u1") + text("shape") + b"\x91" + number(width))
    for i in range(records):
        put(b"\x82" + text("id") + text(str(i)) + text("x") + b"\x85" + text("nd") + b"\xc3" + text("type") + text("|u1") + text("kind") +
            text("") + text("shape") + b"\x92" + number(steps) + number(width) + text("data") + b"\xc6" + struct.pack(">I", steps * width))
        put(os.urandom(steps * width))
    file.write(b"\x83" + text("end") + b"\xc3" + text("records") + number(records) + text("crc32") + number(crc))
END

# The best of three wall times of COMMAND..., seconds.
seconds() {
    for _ in 1 2 3; do
        begin=$(date +%s%N)
        "$@" > /dev/null
        end=$(date +%s%N)
        echo "$begin $end"
    done | awk '{ s = ($2 - $1) / 1e9; if (!best || s < best) best = s } END { printf "%.4f", best }'
}

cat "$folder/stream" > /dev/null
sha=$(seconds sha256sum "$folder/stream")
ours=$(seconds seq-check "$folder/stream")
size=$(stat -c %s "$folder/stream")
awk -v sha="$sha" -v ours="$ours" -v size="$size" 'BEGIN {
    printf "seq_check_megabytes_per_second: %.0f\n", size / ours / 1e6
    printf "seq-check: ratio %.2f of the speed of sha256sum (at least 0.33)\n", sha / ours
    exit !(sha / ours >= 1 / 3)
}'
