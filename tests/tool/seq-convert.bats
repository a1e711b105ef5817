#!/usr/bin/env bats

setup() {
    load helper
    GOOD=$ROOT/formats/vectors/good
    three=$GOOD/S01-three-records.msgpack
}

tiny() {
    "$ROOT/tests/tool/tiny_stream.py" "$@"
}

@test "every form there and back, by names" {
    local form
    for form in csv tsv jsonl npz; do
        seq-convert "$three" -o "there.$form"
        seq-convert "there.$form" -o back.msgpack
        run bash -c "seq-info --json back.msgpack | jq -c '[.records, .length, .fields.x.sum, .fields.u.sum, .fields.x.dtype, .fields.x.shape, .fields.u.shape]'"
        assert_output '[3,{"min":3,"median":4,"max":5},44,4.75,"<f4",[2],[]]'
    done
}

@test "npz and jsonl keep descriptions, history and masks" {
    local form
    for form in jsonl npz; do
        seq-convert --to "$form" "$GOOD/S05-descriptions.msgpack" | seq-convert --from "$form" -o back.msgpack
        run bash -c "seq-info --json back.msgpack | jq -c '[.fields.s.kinds, .fields.s.missing, .fields.x.shape, .fields.mask.dtype, (.history | length)]'"
        assert_output '[["circle","line"],1,[2,2],"|b1",2]'
    done
}

@test "a mask that the header does not describe goes with the other fields" {
    local form
    tiny '{"x": {"dtype": "<f4", "shape": [1]}}' >masked <<'END'
{"id": "a", "x": [[1], [2]], "mask": [1, 0]}
{"id": "b", "x": [[3]]}
END
    for form in npz csv tsv; do
        seq-convert --to "$form" masked -o there
        run bash -c "seq-convert --from '$form' there | seq-convert --to jsonl | jq -c 'select(.id) | [.id, .mask]' | tr '\n' ' '"
        assert_output '["a",[1,0]] ["b",[1]] '
    done
    seq-convert --to csv "$GOOD/S15-masks.msgpack" -o there
    run head -n 1 there
    assert_output --partial mask
    tiny '{"x": {"dtype": "<f4", "shape": [1]}}' >late <<'END'
{"id": "a", "x": [[1]]}
{"id": "b", "x": [[3]], "mask": [0]}
END
    for form in npz csv tsv; do
        refuses 3 "late: sequence b: field mask: the first record has none (seq-mask --rate 0 gives one to every record)" \
            seq-convert --to "$form" late -o never
        seq-mask --rate 0 late | seq-convert --to "$form" -o there
        run bash -c "seq-convert --from '$form' there | seq-convert --to jsonl | jq -c 'select(.id) | .mask' | tr '\n' ' '"
        assert_output '[1] [0] '
    done
    assert_not_exist never
}

@test "values that the header does not describe are in no table, whatever their length" {
    printf '{"id": "a", "u": [[1], [2]], "x": [[5], [6], [7], [8]]}' | tiny '{"u": {"dtype": "<f4", "shape": [1]}}' >longer
    run seq-convert --to csv longer
    assert_output 'id,step,u.0
a,1,1
a,2,2'
}

@test "zip and .npy of the npz are read by others" {
    seq-convert "$GOOD/S20-crc.msgpack" -o two.npz
    run python3 - <<'PY'
import ast, json, struct, zipfile
z = zipfile.ZipFile("two.npz")
assert z.testzip() is None
print(z.namelist(), json.loads(z.read("meta.json"))["ids"])
x = z.read("x.npy")
n = struct.unpack("<H", x[8:10])[0]
print(ast.literal_eval(x[10:10 + n].decode()), (10 + n) % 64, struct.unpack("<12f", x[10 + n:])[:4])
PY
    assert_line --index 0 "['meta.json', 'x.npy', 'u.npy'] ['0', '1']"
    assert_line --index 1 "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 2)} 0 (0.0, 0.5, 1.0, 1.5)"
}

@test "the same stream makes the same npz" {
    seq-convert "$three" --to npz >a
    seq-convert "$three" --to npz >b
    cmp a b
}

@test "a table of one's own" {
    printf 'id,u,x.0,x.1\nrun 1,0.5,1,2\nrun 1,0.25,,4\nrun 2,0,5,6\n' >mine.csv
    seq-convert mine.csv -o mine.msgpack
    run bash -c "seq-info --json mine.msgpack | jq -c '[.sequences, .steps, .fields.x.shape, .fields.x.missing, .fields.x.sum, .fields.u.sum]'"
    assert_output "[2,3,[2],1,18,0.75]"
}

@test "a table as a spreadsheet writes it" {
    printf '\xef\xbb\xbfid, step, x, u\r\na, 1, 2, 0\r\na, 2, , 1\r\n' >mine.csv
    run bash -c "seq-convert mine.csv | seq-info --json | jq -c '[.sequences, .steps, .fields.x.sum, .fields.x.missing, (.fields | keys)]'"
    assert_output '[1,2,2,1,["u","x"]]'
}

@test "a table whose rows are out of order, missing or scattered is refused" {
    printf 'id,step,x\na,1,1\na,3,3\na,2,2\n' >mixed.csv
    refuses 3 "seq-convert: mixed.csv: line 3: sequence a: column step: expected 2, got 3 (a step that was not observed is a row with empty x)" \
        seq-convert mixed.csv -o never
    printf 'id\tx\na\t1\nb\t2\na\t3\n' >scattered.tsv
    refuses 3 "seq-convert: scattered.tsv: line 4: sequence a: its rows do not stand together" \
        seq-convert scattered.tsv -o never
    assert_not_exist never
}

@test "--dtype" {
    printf 'x.0\tx.1\n0\t255\n' | seq-convert --from tsv --dtype u1 -o images.msgpack
    run bash -c "seq-info --json images.msgpack | jq -c '[.fields.x.dtype, .fields.x.max]'"
    assert_output '["|u1",255]'
    printf 'x\n256\n' >large.tsv
    refuses 3 "seq-convert: large.tsv: sequence 0: step 1: field x: 256 is no |u1" seq-convert --dtype u1 large.tsv -o never
    assert_not_exist never
}

@test "pieces keep counting steps in a table" {
    run bash -c "seq-split --pieces 2 '$three' | seq-convert --to csv | cut -d, -f1,2 | tail -n +2 | tr '\n' ' '"
    assert_output "0,1 0,2 0,3 1,1 1,2 1,3 1,4 1,5 2,1 2,2 2,3 2,4 "
}

@test "JSON lines without a header: what is not as long as x is refused" {
    local field
    for field in u s mask; do
        printf '{"id": 7, "x": [[1], [2], [3]], "%s": [0, 1]}\n' "$field" >short.jsonl
        refuses 3 "seq-convert: short.jsonl: sequence 7: field $field: expected 3 steps as x has, got 2" seq-convert short.jsonl -o never
    done
    printf '{"id": 7, "x": [[1], [2], [3]], "u": [0, 1]}\n' >short.jsonl
    refuses 3 "got 2 (the last control has no effect: any finite row will do)" seq-convert short.jsonl -o never
    printf '{"id": 7, "x": [[1], [2]], "u": 0.5}\n' >one.jsonl
    refuses 3 "seq-convert: one.jsonl: line 1: field u: expected lists of numbers" seq-convert one.jsonl -o never
    assert_not_exist never
    printf '{"id": 7, "x": [[1], [2]], "other": [1, 2, 3], "u": [1, null]}\n' >good.jsonl
    run bash -c "seq-convert good.jsonl | seq-info --json | jq -c '.fields | keys'"
    assert_output '["u","x"]'
}

@test "bad input is refused and leaves no file" {
    printf 'x,u\n1\n' >short.csv
    refuses 3 "seq-convert: short.csv: line 2: expected 2 columns, got 1" seq-convert short.csv -o out.npz
    assert_not_exist out.npz
    refuses 3 "member w.npy: holds Python objects" seq-convert "$ROOT/formats/vectors/bad/A05-pickle.npz"
    refuses 5 "the file ends inside it" seq-convert "$ROOT/formats/vectors/bad/A09-in-member.npz"
    refuses 5 "before its trailer" seq-convert "$ROOT/formats/vectors/bad/S22-in-record.msgpack" -o out.csv
    assert_not_exist out.csv
}

@test "a full disk is noticed in every form" {
    local form
    for form in stream npz jsonl csv tsv; do
        run bash -c "seq-convert '$three' --to $form >/dev/full"
        assert_failure 1
        assert_output --partial "No space left on device"
    done
}
