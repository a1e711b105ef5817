#!/usr/bin/env bats

setup() {
    load helper
    GOOD=$ROOT/formats/vectors/good
}

@test "records of all, one after the other" {
    run bash -c "seq-cat '$GOOD/S01-three-records.msgpack' '$GOOD/S20-crc.msgpack' | seq-info --json | jq -c '[.records, .steps, .fields.x.sum]'"
    assert_output "[5,18,59]"
}

@test "standard input alone, and as one of several" {
    run bash -c "seq-cat <'$GOOD/S20-crc.msgpack' | seq-check"
    assert_output --partial "2 records"
    run bash -c "seq-cat '$GOOD/S01-three-records.msgpack' - <'$GOOD/S20-crc.msgpack' | seq-check"
    assert_output --partial "5 records"
    refuses 2 "seq-cat: standard input can be read only once" bash -c "seq-cat - - <'$GOOD/S20-crc.msgpack'"
}

@test "the history of all, each line once" {
    seq-head -n 1 "$GOOD/S06-history.msgpack" -o a
    seq-head -n 0 "$GOOD/S06-history.msgpack" -o b
    run bash -c "seq-cat --renumber a b | seq-info --json | jq -c '[.history[].program]'"
    assert_output '["gen-pendulum","gen-pendulum","seq-head","seq-head","seq-cat"]'
}

@test "a sequence of one stream does not seem to go on in the next" {
    refuses 3 "S21-nothing-follows.msgpack: record 1: id a: the stream before ends with the same id; give --renumber" \
        seq-cat "$GOOD/S21-nothing-follows.msgpack" "$GOOD/S21-nothing-follows.msgpack" -o out
    assert_not_exist out
    run bash -c "seq-cat --renumber '$GOOD/S21-nothing-follows.msgpack' '$GOOD/S21-nothing-follows.msgpack' | seq-check"
    assert_output --partial "2 records, 2 sequences"
}

@test "--renumber keeps pieces together" {
    run bash -c "seq-cat --renumber '$GOOD/S17-pieces.msgpack' '$GOOD/S17-pieces.msgpack' | seq-check"
    assert_output --partial "8 records, 6 sequences"
}

@test "fields must agree, meaning apart" {
    refuses 3 "S05-descriptions.msgpack: header: field u: missing, but $GOOD/S20-crc.msgpack has it" \
        seq-cat "$GOOD/S20-crc.msgpack" "$GOOD/S05-descriptions.msgpack"
    seq-mask --steps 1 "$GOOD/S20-crc.msgpack" -o masked
    refuses 3 "masked: header: field mask: $GOOD/S20-crc.msgpack has none" seq-cat "$GOOD/S20-crc.msgpack" masked
    sed 's/observation/observatioN/; s/N m/N M/' "$GOOD/S01-no-record.msgpack" >other
    python3 - <<'PY'
import zlib
data = open("other", "rb").read()
at = data.rindex(b"\x83\xa3end")
open("unit", "wb").write(data[:-4] + zlib.crc32(data[:at]).to_bytes(4, "big"))
data = data.replace(b"N M", b"N m")
open("meaning", "wb").write(data[:-4] + zlib.crc32(data[:at]).to_bytes(4, "big"))
PY
    refuses 3 "unit: header: field u: described otherwise than in $GOOD/S20-crc.msgpack" seq-cat "$GOOD/S20-crc.msgpack" unit
    run bash -c "seq-cat '$GOOD/S20-crc.msgpack' meaning | seq-check"
    assert_success
}

@test "--bin-keys writes the keys of arrays as bin" {
    seq-cat --bin-keys "$GOOD/S20-crc.msgpack" -o bin
    run env LC_ALL=C grep -c -aP '\xc4\x02nd' bin
    assert_success
    seq-check -q bin
    run python3 "$ROOT/formats/readers/read_stream.py" bin
    assert_output "records 2 steps 6 sum_x 15.000000"
}

@test "a full disk is noticed, a reader that leaves is not" {
    refuses 1 "seq-cat: /dev/full: cannot write: No space left on device" seq-cat "$GOOD/S20-crc.msgpack" -o /dev/full
    run bash -c "seq-cat '$GOOD/S20-crc.msgpack' >/dev/full"
    assert_failure 1
    run bash -c "seq-cat '$GOOD/S20-crc.msgpack' | true"
    assert_success
    assert_output ""
}
