# seq-frames: the sheet's size and pixels, fields, refusals.

setup() {
    load helper
}

tiny() {
    "$ROOT/tests/tool/tiny_stream.py" "$@"
}

# pixels FILE: width, height and channels, then a line of values for each row of pixels. Reads the PNGs that
# seq-frames writes (8 bits, no filter), with nothing of ours.
pixels() {
    python3 - "$1" << 'END'
import struct, sys, zlib
data = open(sys.argv[1], "rb").read()
assert data[:8] == b"\x89PNG\r\n\x1a\n"
at, idat = 8, b""
while at < len(data):
    n, kind = struct.unpack(">I4s", data[at:at + 8])
    body = data[at + 8:at + 8 + n]
    assert zlib.crc32(kind + body) == struct.unpack(">I", data[at + 8 + n:at + 12 + n])[0]
    if kind == b"IHDR":
        width, height, bits, color = struct.unpack(">IIBB", body[:10])
        assert bits == 8
    idat += body if kind == b"IDAT" else b""
    at += 12 + n
channels = 3 if color == 2 else 1
print(width, height, channels)
raw = zlib.decompress(idat)
for y in range(height):
    row = raw[y * (1 + width * channels):(y + 1) * (1 + width * channels)]
    assert row[0] == 0
    print(*row[1:])
END
}

@test "eight sequences by default, all steps, three pixels for one" {
    gen-pendulum -n 20 > a
    seq-frames a -o sheet.png
    run pixels sheet.png
    assert_line --index 0 "$((12 + 15 * 48 + 14)) $((12 + 8 * 48 + 7 * 6)) 1"
}

@test "every fourth step of one sequence, ten pixels for one; the same bytes twice" {
    gen-pendulum -n 20 > a
    seq-frames --every 4 -n 1 --skip 3 --scale 10 a > one.png
    seq-frames --every 4 -n 1 --skip 3 --scale 10 < a > two.png
    cmp one.png two.png
    run pixels one.png
    assert_line --index 0 "$((12 + 4 * 160 + 3)) $((12 + 160)) 1"
    seq-frames --every 4 -n 1 --scale 10 a > first.png
    run cmp -s one.png first.png
    assert_failure
}

@test "truth above prediction, pixel by pixel; what is missing or masked is striped" {
    tiny '{"x": {"dtype": "|u1", "shape": [2], "image": [1, 2, 1]}, "x_pred": {"dtype": "<f4", "shape": [2]}}' > a << 'END'
{"id": "a", "x": [[0, 255], [10, 20]], "x_pred": [[0.2, 2], [NaN, 0]], "mask": [1, 0]}
END
    seq-frames a --scale 1 -o a.png
    run pixels a.png
    assert_line --index 0 "17 15 1"
    local line=96,96,96,96,96,96
    # after the first line and a margin of six: x at step 1, and the stripes of step 2, which the mask hides
    assert_line --index 7 "${line//,/ } 0 255 96 112 112 ${line//,/ }"
    assert_line --index 9 "${line//,/ } 51 255 96 112 112 ${line//,/ }"
}

@test "colours; the shape from the command line" {
    tiny '{}' > a << 'END'
{"id": "a", "x": [[1, 0, 0, 0, 0.2, 1]]}
END
    seq-frames a --image 1x2x3 --scale 1 -o a.png
    run pixels a.png
    assert_line --index 0 "14 13 3"
    assert_line --index 7 --partial " 96 255 0 0 0 51 255 96 "
    refuses 3 "a: header: field x: no image shape; give --image HxWxC" seq-frames a
    refuses 3 "a: record 1: field x: expected 9 numbers a step (3x3x1), got 6" seq-frames --image 3x3 a
    for wrong in 3 3x 3x3x 3x3x2 0x3 axb 3x3x1y; do
        refuses 2 "image" seq-frames --image "$wrong" a
    done
}

@test "what cannot be shown is refused, and no file is left" {
    gen-pendulum -n 2 > a
    refuses 3 "a: record 1: field y: not in the record" seq-frames --fields x,y a -o sheet.png
    assert_not_exist sheet.png
    refuses 3 "a: 2 sequences, none left to show" seq-frames --skip 2 a -o sheet.png
    refuses 2 "--fields" seq-frames --fields x,,y a -o sheet.png
    refuses 2 "fewer sequences" seq-frames --scale 100 -n 100 <(gen-pendulum -n 100 --size 100) -o sheet.png
    tiny '{"x": {"dtype": "|u1", "shape": [1], "image": [1, 1, 1]}}' cut > cut <<< '{"id": "a", "x": [[5]]}'
    refuses 5 "cut" seq-frames cut -o sheet.png
    assert_not_exist sheet.png
    run bash -c 'seq-frames a > /dev/full'
    assert_failure 1
}

@test "sequences of unequal length share a sheet" {
    tiny '{"x": {"dtype": "|u1", "shape": [1], "image": [1, 1, 1]}}' > a << 'END'
{"id": "a", "x": [[1]]}
{"id": "b", "x": [[2], [3], [4]]}
END
    seq-frames a --scale 1 -o a.png
    run pixels a.png
    assert_line --index 0 "$((12 + 3 + 2)) $((12 + 2 + 6)) 1"
    assert_line --index 7 "96 96 96 96 96 96 1 96 112 96 112 96 96 96 96 96 96"
    assert_line --index 14 "96 96 96 96 96 96 2 96 3 96 4 96 96 96 96 96 96"
}

@test "a sequence longer than the sheet is wide goes on below, field by field" {
    tiny '{"x": {"dtype": "|u1", "shape": [1], "image": [1, 1, 1]}, "x_pred": {"dtype": "|u1", "shape": [1]}}' > a << 'END'
{"id": "a", "x": [[1], [2], [3], [4], [5]], "x_pred": [[11], [12], [13], [14], [15]]}
{"id": "b", "x": [[6]], "x_pred": [[16]]}
END
    seq-frames a --scale 1 --columns 3 -o a.png
    run pixels a.png
    assert_line --index 0 "$((12 + 3 + 2)) $((12 + 2 * (4 + 3) + 6)) 1"
    local edge="96 96 96 96 96 96"
    assert_line --index 7 "$edge 1 96 2 96 3 $edge"
    assert_line --index 9 "$edge 11 96 12 96 13 $edge"
    assert_line --index 11 "$edge 4 96 5 96 112 $edge"
    assert_line --index 13 "$edge 14 96 15 96 112 $edge"
    assert_line --index 20 --partial "$edge 6 96"
    gen-pendulum -n 1 --steps 160 > long
    seq-frames long -o long.png
    run pixels long.png
    assert_line --index 0 "$((12 + 40 * 48 + 39)) $((12 + 4 * 48 + 3)) 1"
    refuses 2 "fewer sequences" seq-frames --columns 1 --scale 100 <(gen-pendulum -n 1 --steps 5000) -o sheet.png
}
