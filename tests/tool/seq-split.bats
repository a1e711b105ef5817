#!/usr/bin/env bats

setup() {
    load helper
    GOOD=$ROOT/formats/vectors/good
    three=$GOOD/S01-three-records.msgpack
}

# A stream of N sequences of 3 steps with ids 0, 1, …
sequences() {
    local list=() i
    for ((i = 0; i < $1; i++)); do list+=("$GOOD/S20-crc.msgpack"); done
    seq-cat --renumber "${list[@]}" | seq-head -n "$1"
}

ids() {
    python3 -c "
import sys
sys.path.insert(0, '$ROOT/formats/readers')
import read_stream
print(*[r['id'] for _, r in read_stream.read(open(sys.argv[1], 'rb'))])" "$1"
}

@test "--every: held out and rest" {
    sequences 7 >all
    seq-split --every 3 all -o held --rest rest
    assert_equal "$(ids held)" "2 5"
    assert_equal "$(ids rest)" "0 1 3 4 6"
    seq-check held rest
}

@test "--fraction: same seed, same sequences; every sequence in exactly one" {
    sequences 40 >all
    seq-split --fraction 0.3 --seed 5 all -o held --rest rest
    seq-split --fraction 0.3 --seed 5 all -o again
    seq-split --fraction 0.3 --seed 6 all -o other
    assert_equal "$(ids held)" "$(ids again)"
    [ "$(ids held)" != "$(ids other)" ]
    assert_equal "$( (ids held; ids rest) | tr ' ' '\n' | sort -n | tr '\n' ' ')" "$(seq 0 39 | tr '\n' ' ')"
    local n
    n=$(ids held | wc -w)
    [ "$n" -ge 4 ] && [ "$n" -le 22 ]
}

@test "the seed is in the history" {
    run bash -c "seq-split --fraction 0.5 --seed 9 '$three' | seq-info --json | jq -c '.history[-1] | [.program, .seed]'"
    assert_output '["seq-split",9]'
}

@test "pieces of one sequence stay together" {
    seq-split --pieces 1 "$three" | seq-split --every 2 -o held --rest rest
    assert_equal "$(ids held)" "1 1 1 1 1"
    assert_equal "$(ids rest)" "0 0 0 2 2 2 2"
}

@test "--pieces: ids stay, the last piece is shorter" {
    seq-split --pieces 2 "$three" -o pieces
    assert_equal "$(ids pieces)" "0 0 1 1 1 2 2"
    run bash -c "seq-info --json pieces | jq -c '[.sequences, .steps, .fields.x.sum]'"
    assert_output "[3,12,44]"
}

@test "--new-ids: pieces are sequences of their own, also of a sequence that came in pieces" {
    seq-split --pieces 2 --new-ids "$three" -o windows
    assert_equal "$(ids windows)" "0/1 0/2 1/1 1/2 1/3 2/1 2/2"
    run bash -c "seq-info --json windows | jq -c '[.sequences, .steps, .fields.x.sum]'"
    assert_output "[7,12,44]"
    seq-split --pieces 1 "$three" | seq-split --pieces 2 --new-ids -o windows
    assert_equal "$(ids windows)" "0/1 0/1 0/2 1/1 1/1 1/2 1/2 1/3 2/1 2/1 2/2 2/2"
    refuses 2 "seq-split: --new-ids goes with --pieces" seq-split --every 2 --new-ids "$three"
}

@test "pieces of pieces are cut at the same steps" {
    seq-split --pieces 3 "$three" | seq-split --pieces 2 -o twice
    assert_equal "$(ids twice)" "0 0 1 1 1 1 2 2 2"
}

@test "a last control that is not finite may not be gone on from, and is not" {
    run bash -c "seq-split --pieces 2 '$GOOD/S16-last-control.msgpack' | seq-check"
    assert_success
}

@test "exactly one way to split" {
    refuses 2 "seq-split: give one of --every, --fraction and --pieces" seq-split "$three"
    refuses 2 "seq-split: give one of --every, --fraction and --pieces" seq-split --every 2 --pieces 2 "$three"
    refuses 2 "seq-split: --pieces leaves no --rest" seq-split --pieces 2 --rest rest "$three"
}

@test "two outputs are two files" {
    mkdir folder
    refuses 2 "seq-split: --rest: expected another file than --output, got a.out for both" seq-split --every 2 -o a.out --rest a.out "$three"
    refuses 2 "got folder/../a.out for both" seq-split --every 2 -o a.out --rest folder/../a.out "$three"
    assert_not_exist a.out
    refuses 2 "got standard output for both" seq-split --every 2 --rest - "$three"
    refuses 2 "got standard output for both" seq-split --every 2 -o - --rest - "$three"
    touch there
    ln -s there link
    refuses 2 "got link for both" seq-split --every 2 -o there --rest link "$three"
    run bash -c "seq-split --every 2 --rest there '$three' >there"
    assert_failure 2
    seq-split --every 2 -o /dev/null --rest /dev/null "$three"
    seq-split --every 2 -o a.out --rest folder/a.out "$three"
    assert_equal "$(ids a.out) $(ids folder/a.out)" "1 0 2"
}

@test "a bad stream leaves neither file" {
    refuses 5 "before its trailer" seq-split --every 2 "$ROOT/formats/vectors/bad/S22-in-record.msgpack" -o held --rest rest
    assert_not_exist held
    assert_not_exist rest
}

@test "S18: steps are those of described fields; what is not described is passed on whole, and alone it cannot be cut" {
    "$ROOT/tests/tool/tiny_stream.py" '{"s": {"dtype": "<f4", "shape": [1]}}' > partly << 'END'
{"id": "a", "x": [[7], [8]], "s": [[1], [2], [3]]}
END
    run bash -c "seq-split --pieces 2 partly | seq-convert --to jsonl | jq -c 'select(.id) | [.s, .x]'"
    assert_output '[[[1],[2]],[[7],[8]]]
[[[3]],[[7],[8]]]'
    seq-info partly | grep -q ' 3 steps'
    run bash -c "seq-head --steps 2 partly | seq-convert --to jsonl | jq -c 'select(.id) | [.s, .x]'"
    assert_output '[[[1],[2]],[[7],[8]]]'
    "$ROOT/tests/tool/tiny_stream.py" '{}' > nothing << 'END'
{"id": "a", "x": [[7], [8]]}
END
    refuses 3 "nothing: record 1: the header describes no field, so nothing is known of steps" seq-split --pieces 1 -o never nothing
    refuses 3 "nothing: record 1: the header describes no field, so nothing is known of steps" seq-head --steps 1 -o never nothing
    seq-split --pieces 2 nothing | seq-info | grep -q ' 1 records, 1 sequences, 2 steps'
    # a mask is known, described or not
    "$ROOT/tests/tool/tiny_stream.py" '{}' > masked << 'END'
{"id": "a", "x": [[7], [8]], "mask": [1, 0, 1]}
END
    run bash -c "seq-split --pieces 2 masked | seq-convert --to jsonl | jq -c 'select(.id) | [.mask, .x]'"
    assert_output '[[1,0],[[7],[8]]]
[[1],[[7],[8]]]'
}
