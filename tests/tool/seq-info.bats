#!/usr/bin/env bats

setup() {
    load helper
    GOOD=$ROOT/formats/vectors/good
}

@test "text: counts, lengths, fields, history" {
    run seq-info "$GOOD/S06-history.msgpack"
    assert_success
    assert_line --partial "1 records, 1 sequences, 3 steps"
    assert_line "steps of a sequence: 3 to 3, median 3"
    assert_line --regexp '^x +\[T,2\] <f4 +0 +2\.5 +1\.25 +0\.85391 +0\.00%  observation$'
    assert_line --regexp '^u +\[T\] <f4 +0 +0\.5 +0\.25 +0\.20412 +0\.00%  , N m$'
    assert_line "  gen-pendulum -n 1"
}

@test "--json: numbers that can be computed by hand" {
    run bash -c "seq-info --json '$GOOD/S01-three-records.msgpack' | jq -c '[.records, .sequences, .steps, .length, .fields.u.min, .fields.u.max, .fields.u.count]'"
    assert_output '[3,3,12,{"min":3,"median":4,"max":5},0,1,12]'
    run bash -c "seq-info --json '$GOOD/S01-three-records.msgpack' | jq -c '.fields.x | [.sum, (.mean * 1000 | round), (.std * 1000 | round), .dtype, .shape]'"
    assert_output '[44,1833,1280,"<f4",[2]]'
}

@test "missing numbers are counted and left out" {
    run bash -c "seq-info --json '$GOOD/S16-missing-x.msgpack' | jq -c '.fields.x | [.count, .missing, .min, .max, .sum]'"
    assert_output "[6,2,1,4,10]"
}

@test "a field without numbers has null, not NaN" {
    run bash -c "seq-info --json '$GOOD/S01-no-record.msgpack' | jq -c '[.fields.x.mean, .fields.x.min, .fields.x.std, .fields.x.count]'"
    assert_output "[null,null,null,0]"
}

@test "masked steps, declared or not" {
    run bash -c "seq-info --json '$GOOD/S15-masks.msgpack' | jq -c '[.masked, .fields.mask.count]'"
    assert_output "[4,6]"
}

@test "pieces are one sequence" {
    run bash -c "seq-info --json '$GOOD/S17-pieces.msgpack' | jq -c '[.records, .sequences, .length]'"
    assert_output '[4,3,{"min":3,"median":3,"max":3}]'
}

@test "a bad stream is refused" {
    refuses 5 "ended after record 1, before its trailer" seq-info "$ROOT/formats/vectors/bad/S22-in-record.msgpack"
}

@test "a full disk is noticed" {
    run bash -c "seq-info '$GOOD/S20-crc.msgpack' >/dev/full"
    assert_failure 1
    assert_output --partial "No space left on device"
}
