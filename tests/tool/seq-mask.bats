#!/usr/bin/env bats

setup() {
    load helper
    GOOD=$ROOT/formats/vectors/good
    three=$GOOD/S01-three-records.msgpack
}

masks() {
    python3 -c "
import sys
sys.path.insert(0, '$ROOT/formats/readers')
import read_stream
print(*[''.join(map(str, r['mask'][1])) for _, r in read_stream.read(open(sys.argv[1], 'rb'))])" "$1"
}

@test "--steps: these and no others, in every sequence" {
    seq-mask --steps 2-3 "$three" -o a
    assert_equal "$(masks a)" "100 10011 1001"
    seq-mask --steps 4- "$three" -o b
    assert_equal "$(masks b)" "111 11100 1110"
    seq-mask --steps 1 "$three" -o c
    assert_equal "$(masks c)" "011 01111 0111"
}

@test "x stays as it was, and the mask is described" {
    seq-mask --steps 1- "$three" -o a
    run bash -c "seq-info --json a | jq -c '[.masked, .fields.x.sum, .fields.mask.dtype, .fields.mask.shape]'"
    assert_output '[12,44,"|b1",[]]'
}

@test "--rate: same seed same frames, about as many as asked for" {
    local streams=() i
    for ((i = 0; i < 60; i++)); do streams+=("$three"); done
    seq-cat --renumber "${streams[@]}" -o many
    seq-mask --rate 0.3 --seed 4 many -o a
    seq-mask --rate 0.3 --seed 4 many -o b
    seq-mask --rate 0.3 --seed 5 many -o c
    assert_equal "$(masks a)" "$(masks b)"
    [ "$(masks a)" != "$(masks c)" ]
    run bash -c "seq-info --json a | jq '.masked / .steps | . > 0.24 and . < 0.36'"
    assert_output true
}

@test "frames do not depend on how a sequence is cut into records" {
    seq-mask --rate 0.5 --seed 4 "$three" | seq-split --pieces 1 -o a
    seq-split --pieces 1 "$three" | seq-mask --rate 0.5 --seed 4 -o b
    assert_equal "$(masks a)" "$(masks b)"
}

@test "what was dropped stays dropped, in the type that was there" {
    seq-mask --steps 1 "$GOOD/S15-masks.msgpack" -o a
    assert_equal "$(masks a)" "001 000 011"
    seq-mask --steps 2 a -o b
    assert_equal "$(masks b)" "001 000 001"
}

@test "rate 0 drops nothing, rate 1 needs steps" {
    seq-mask --rate 0 "$three" -o a
    assert_equal "$(masks a)" "111 11111 1111"
    refuses 2 "seq-mask: give --rate or --steps (or both)" seq-mask "$three"
}

@test "steps that are none" {
    local bad
    for bad in 0 3-2 -2 a 1-2-3 1,2 18446744073709551617 1-99999999999999999999; do
        refuses 2 "--steps" seq-mask --steps="$bad" "$three"
    done
}

@test "a bad stream is refused and no file appears" {
    refuses 3 "field u: step 2: expected a finite control" seq-mask --steps 1 "$ROOT/formats/vectors/bad/S16-nan-control.msgpack" -o out
    assert_not_exist out
}

@test "the mask is as long as what the header describes, or an old mask, not as an x that it is silent about" {
    "$ROOT/tests/tool/tiny_stream.py" '{"s": {"dtype": "<f4", "shape": [1]}}' > partly << 'END'
{"id": "a", "x": [[7], [8], [9], [10]], "s": [[1], [2], [3]], "mask": [1, 1, 0]}
END
    seq-mask --steps 1 partly -o a
    assert_equal "$(masks a)" "010"
    "$ROOT/tests/tool/tiny_stream.py" '{}' > nothing << 'END'
{"id": "a", "x": [[7], [8], [9], [10]], "mask": [1, 1, 0]}
{"id": "b", "mask": [1, 1], "x": [[7]]}
END
    seq-mask --steps 1 nothing -o a
    assert_equal "$(masks a)" "010 01"
    "$ROOT/tests/tool/tiny_stream.py" '{}' > x << 'END'
{"id": "a", "weights": [7, 8, 9], "x": [[7], [8]]}
END
    seq-mask --steps 1 x -o a # which models take so
    assert_equal "$(masks a)" "01"
}
