# seq-mse: one stream, two streams, steps, masks, refusals.

setup() {
    load helper
    tiny '{"x": {"dtype": "<f4", "shape": [1]}, "x_pred": {"dtype": "<f4", "shape": [1]}}' > both << 'END'
{"id": "a", "x": [[0], [0], [0]], "x_pred": [[1], [2], [3]]}
{"id": "b", "x": [[0], [0]], "x_pred": [[0], [1]]}
{"id": "c", "x": [[0], [0]], "x_pred": [[2], [0]]}
END
}

tiny() {
    "$ROOT/tests/tool/tiny_stream.py" "$@"
}

@test "x against x_pred by hand" {
    run seq-mse both
    assert_success
    jq -e '.a == "x" and .b == "x_pred" and .sequences == 3 and .n == 7' <<< "$output"
    jq -e '(.mse - 19 / 7 | fabs) < 1e-7 and .median == 2' <<< "$output"
}

@test "steps: a range, one, from one to the end, and the error at each" {
    for case in '2-3:3.5' '2:1.6666667' '2-:3.5' '1-1:1.6666667' '3-9:9'; do
        run seq-mse --steps "${case%:*}" both
        assert_success
        jq -e --argjson expected "${case#*:}" '.mse - $expected | fabs < 1e-6' <<< "$output"
    done
    run seq-mse --per-step both
    jq -e '.per_step | length == 3 and .[2] == 9 and (.[0] - 5 / 3 | fabs) < 1e-6' <<< "$output"
    run seq-mse --per-step --steps 3- both
    assert_equal "$(jq -c .per_step <<< "$output")" '[null,null,9]'
    for wrong in 0 3-2 x 1-2-3 - -3 ' 1' 1x 18446744073709551617; do
        refuses 2 "--steps" seq-mse "--steps=$wrong" both
    done
}

@test "masked and missing numbers do not count; unpredicted ones are told" {
    tiny '{"x": {"dtype": "<f4", "shape": [2]}, "x_pred": {"dtype": "<f4", "shape": [2]}}' > a << 'END'
{"id": "a", "x": [[0, NaN], [5, 5], [0, 0]], "x_pred": [[1, 7], [9, 9], [NaN, 3]], "mask": [1, 0, 1]}
END
    run --separate-stderr seq-mse a
    assert_success
    assert_equal "$(jq -c '[.mse, .n, .unpredicted]' <<< "$output")" '[5,2,1]'
    [[ $stderr == *"field x_pred: 1 numbers are not finite"* ]]
    run --separate-stderr seq-mse -q a
    assert_equal "$stderr" ""
    # what is infinite was not observed, or not predicted, either
    tiny '{"x": {"dtype": "<f4", "shape": [2]}, "x_pred": {"dtype": "<f4", "shape": [2]}}' > b << 'END'
{"id": "a", "x": [[0, Infinity], [-Infinity, 0]], "x_pred": [[1, 7], [9, Infinity]]}
END
    assert_equal "$(seq-mse -q b | jq -c '[.mse, .n, .unpredicted]')" '[1,1,1]'
}

@test "bytes mean value/255" {
    tiny '{"x": {"dtype": "|u1", "shape": [2]}, "x_pred": {"dtype": "<f4", "shape": [2]}}' > a << 'END'
{"id": "a", "x": [[0, 255]], "x_pred": [[0.5, 0.5]]}
END
    run seq-mse a
    assert_equal "$(jq .mse <<< "$output")" 0.25
}

@test "two streams, one of them from standard input" {
    gen-pendulum -n 10 --observe angle > a
    gen-pendulum -n 10 --observe angle --noise 0.5 > b
    run seq-mse a b
    assert_success
    jq -e '.sequences == 10 and .mse > 0.1 and .mse < 0.5 and .b == "x"' <<< "$output"
    run bash -c 'seq-mse a - < b'
    assert_success
    jq -e '.mse > 0.1' <<< "$output"
    run seq-mse a a
    jq -e '.mse == 0' <<< "$output"
}

@test "streams that do not go together are refused" {
    gen-pendulum -n 3 > three
    gen-pendulum -n 2 > two
    gen-pendulum -n 3 --seed 2 > other
    gen-pendulum -n 3 --steps 7 > short
    refuses 3 "two ends after 2 sequences, three does not" seq-mse three two
    refuses 3 "two ends after 2 sequences, three does not" seq-mse two three
    refuses 3 "other: record 1: expected id pendulum-1-000000, as in three, got pendulum-2-000000" seq-mse three other
    refuses 3 "short: record 1: field x: expected 15 steps of 256 numbers, as in x, got 7 of 256" seq-mse three short
    refuses 3 "three: record 1: field x_pred: not in the record" seq-mse three
    refuses 2 "standard input" seq-mse - -
}

@test "nothing to compare is null" {
    tiny '{}' < /dev/null > none
    run seq-mse none
    assert_success
    assert_equal "$(jq -c '[.mse, .median, .n]' <<< "$output")" '[null,null,0]'
}
