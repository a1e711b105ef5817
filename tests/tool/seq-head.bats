#!/usr/bin/env bats

setup() {
    load helper
    GOOD=$ROOT/formats/vectors/good
}

@test "the first records, with a trailer of their own" {
    seq-head -n 2 "$GOOD/S01-three-records.msgpack" -o two
    run seq-check two
    assert_output --partial "2 records, 2 sequences, 8 steps"
}

@test "more than there are, none, all" {
    run bash -c "seq-head -n 100 '$GOOD/S01-three-records.msgpack' | seq-check"
    assert_output --partial "3 records"
    run bash -c "seq-head -n 0 '$GOOD/S01-three-records.msgpack' | seq-check"
    assert_output --partial "3 records"
}

@test "--steps cuts every sequence" {
    run bash -c "seq-head -n 0 --steps 4 '$GOOD/S01-three-records.msgpack' | seq-info --json | jq -c '[.steps, .length.min, .length.max, .fields.x.sum]'"
    assert_output "[11,3,4,$(python3 -c 'print(int(7.5 + 14 + 14))' | tr -d '\n').5]"
}

@test "--steps counts over pieces" {
    run bash -c "seq-head -n 0 --steps 2 '$GOOD/S17-pieces.msgpack' | seq-info --json | jq -c '[.records, .sequences, .length]'"
    assert_output '[3,3,{"min":2,"median":2,"max":2}]'
}

@test "what the header does not describe is passed on" {
    seq-head -n 1 --steps 2 "$GOOD/S18-more-values.msgpack" -o out
    grep -q hello out
    run python3 - "$ROOT" <<'PY'
import sys
sys.path.insert(0, sys.argv[1] + "/formats/readers")
import read_stream
for header, record in read_stream.read(open("out", "rb")):
    print(list(record["weights"][1]), record["deep"], record["half"], record["x"][0], record["time"][0] == "ext")
    print(header["history"][-1]["command"])
PY
    assert_line --index 0 "[0, 1, 2, 3, 4, 5, 6] {'a': [1, {'b': None}]} 0.5 (2, 2) True"
    assert_line --index 1 "seq-head -n 1 --steps 2 $GOOD/S18-more-values.msgpack -o out"
}

@test "unknown keys of the header are passed on" {
    run bash -c "seq-head '$GOOD/S07-unknown-keys.msgpack' | python3 -c '
import sys
sys.path.insert(0, \"$ROOT/formats/readers\")
import read_stream
print(next(read_stream.read(sys.stdin.buffer))[0][\"plant\"])'"
    assert_output "{'name': 'π', 'g': 9.81, 'list': [1, -1, None, True, 4611686018427387904]}"
}

@test "reading stops early: what comes later is not looked at" {
    run bash -c "seq-head -n 1 '$ROOT/formats/vectors/bad/S22-between-records.msgpack' | seq-check"
    assert_success
}

@test "a stream that ends before enough came is cut short, and no file appears" {
    refuses 5 "ended after record 1, before its trailer" seq-head -n 5 "$ROOT/formats/vectors/bad/S22-between-records.msgpack" -o out
    assert_not_exist out
}

@test "a negative number is refused" {
    run seq-head -n -1 "$GOOD/S20-crc.msgpack"
    assert_failure 2
}
