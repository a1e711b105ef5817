# gen-pendulum: protocol, options, replay, errors.

setup() {
    load helper
}

# The records' bytes, without the header (whose history has the command line) and the trailer: from the first id on.
records() {
    python3 -c '
import sys
data = sys.stdin.buffer.read()
start = data.index(b"pendulum-", data.rindex(b"command"))
sys.stdout.buffer.write(data[start:data.rindex(b"crc32")])'
}

tiny() {
    "$ROOT/tests/tool/tiny_stream.py" "$@"
}

@test "the default is 500 sequences of 15 images, with controls and true states" {
    gen-pendulum > default.msgpack
    run ols-r2 --from s default.msgpack
    assert_success
    assert_equal "$(jq .n <<< "$output")" 7500
    run jq -e '.r2_velocity > 0.999999' <<< "$output"
    assert_success
    run grep -ac 'pendulum-1-000499' default.msgpack
    assert_output 1
}

@test "the same seed gives the same bytes, another seed others" {
    gen-pendulum -n 20 --seed 3 > a
    gen-pendulum -n 20 --seed 3 > b
    cmp a b
    gen-pendulum -n 20 --seed 4 > c
    run cmp -s <(records < a) <(records < c)
    assert_failure 1
}

@test "one thread or three: the same records" {
    gen-pendulum -n 50 --threads 1 | records > a
    gen-pendulum -n 50 --threads 3 | records > b
    assert [ -s a ]
    cmp a b
}

@test "a sequence does not depend on how many there are" {
    gen-pendulum -n 7 | records > few
    gen-pendulum -n 30 | records > many
    cmp <(head -c 10000 few) <(head -c 10000 many)
}

@test "a sequence of known start and controls gives the known end" {
    python3 - > given.json << 'END'
print('{"id": "a", "u": [%s], "s": [[1, 0.5]]}' % ", ".join(["[2]"] * 16))
END
    "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f4", "shape": [1]}}' < given.json > given.msgpack
    printf '{"id": "a", "s": [%s[3.825522769313, 4.978770760272]]}' "$(printf '[0, 0], %.0s' {1..15})" > truth.json
    "$ROOT/tests/tool/tiny_stream.py" '{"s": {"dtype": "<f8", "shape": [2]}}' < truth.json > truth.msgpack
    gen-pendulum --from-controls given.msgpack > out.msgpack
    run seq-mse --a s --steps 16 truth.msgpack out.msgpack
    assert_success
    jq -e '.mse < 1e-18 and .n == 2' <<< "$output"
}

@test "replaying a stream's own controls gives its images and states again" {
    gen-pendulum -n 20 --actions hold:3 > a
    gen-pendulum --from-controls a --seed 99 > b
    for field in x s u; do
        run seq-mse --a $field a b
        assert_success
        jq -e '.mse == 0 and .sequences == 20' <<< "$output"
    done
}

@test "controls of other types and shapes are replayed, and the last one may be missing" {
    printf '{"id": "a", "u": [[1], [-2], [2]], "s": [[1, 0.5]]}' | tiny '{"u": {"dtype": "<f4", "shape": [1]}}' | \
        gen-pendulum --observe angle --from-controls - >plain
    printf '{"id": "a", "u": [[1], [-2], [NaN]], "s": [[1, 0.5]]}' | tiny '{"u": {"dtype": "<f8", "shape": [1]}}' >double
    printf '{"id": "a", "u": [1, -2, 2], "s": [[1, 0.5]]}' | tiny '{"u": {"dtype": "<i8", "shape": []}}' >integer
    local given
    for given in double integer; do
        gen-pendulum --observe angle --from-controls "$given" >replayed
        seq-check replayed
        run seq-mse --a s plain replayed
        jq -e '.mse == 0 and .n == 6' <<<"$output"
        run bash -c "seq-info --json replayed | jq -c '[.fields.u.dtype, .fields.u.shape, .fields.u.min]'"
        assert_output '["<f4",[1],-2]'
    done
}

@test "replay from standard input, another plant: other states" {
    gen-pendulum -n 20 > a
    gen-pendulum --from-controls - --friction 2 < a > b
    run seq-mse --a s a b
    jq -e '.mse > 0.1' <<< "$output"
}

@test "noise of standard deviation 0.1 has the mean square 0.01" {
    gen-pendulum -n 400 --observe angle > a
    gen-pendulum -n 400 --observe angle --noise 0.1 > b
    run seq-mse a b
    jq -e '.mse > 0.0093 and .mse < 0.0107 and .n == 6000' <<< "$output"
}

@test "what is seen: the angle, its sine and cosine, larger images, a ball" {
    gen-pendulum -n 20 --observe sincos > sincos.msgpack
    run ols-r2 --from x sincos.msgpack
    jq -e '.r2_angle > 0.9999999' <<< "$output"
    gen-pendulum -n 2 --size 32 > large.msgpack
    seq-frames large.msgpack --scale 1 -o large.png
    gen-pendulum -n 2 --ball > ball.msgpack
    gen-pendulum -n 2 > blob.msgpack
    run seq-mse ball.msgpack blob.msgpack
    jq -e '.mse > 1e-3 and .mse < 2e-2' <<< "$output"
}

@test "hanging at rest without torque stays" {
    gen-pendulum -n 3 --start hang --actions zero --observe angle --steps 50 > still.msgpack
    gen-pendulum -n 3 --start hang --actions zero --observe angle --steps 50 --friction 7 > too.msgpack
    run seq-mse still.msgpack too.msgpack
    jq -e '.mse == 0' <<< "$output"
}

@test "no sequences is a stream too" {
    gen-pendulum -n 0 > none.msgpack
    refuses 3 "no sequences to judge" ols-r2 none.msgpack
}

@test "-o writes the file that standard output would give" {
    gen-pendulum -n 3 -o a
    assert_file_exist a
    cmp <(records < a) <(gen-pendulum -n 3 | records)
}

@test "a mistake on the command line ends with status 2" {
    refuses 2 "expected iid, hold:K" gen-pendulum --actions bang
    refuses 2 "--steps" gen-pendulum --steps 0
    refuses 2 "--start" gen-pendulum --start sideways
    refuses 2 "more than a record's" gen-pendulum --size 512 --steps 1000
    refuses 2 "" gen-pendulum operand
}

@test "controls that do not fit are refused with their place" {
    printf '{"id": "a", "u": [[1, 2]]}' | "$ROOT/tests/tool/tiny_stream.py" '{}' > wide.msgpack
    run --separate-stderr gen-pendulum --from-controls wide.msgpack
    assert_equal "$status" 3
    [[ $stderr == *"wide.msgpack: record 1: field u: expected shape [T,1] or [T], T from 1 to 1000000, got [1,2]"* ]]
    printf '{"id": "a", "u": [[1], [NaN], [1]]}' | "$ROOT/tests/tool/tiny_stream.py" '{}' > nan.msgpack
    run --separate-stderr gen-pendulum --from-controls nan.msgpack
    assert_equal "$status" 3
    [[ $stderr == *"nan.msgpack: record 1: field u: step 2: expected a finite number"* ]]
    printf '{"id": "a", "u": [[1], [2]], "s": [[1], [2]]}' | "$ROOT/tests/tool/tiny_stream.py" '{}' > state.msgpack
    run --separate-stderr gen-pendulum --from-controls state.msgpack
    assert_equal "$status" 3
    [[ $stderr == *"field s: expected shape [T,2] (angle,velocity), got [2,1]"* ]]
    printf '{"id": "a", "u": [[1]]}' | "$ROOT/tests/tool/tiny_stream.py" '{}' cut > cut.msgpack
    run gen-pendulum --from-controls cut.msgpack
    assert_equal "$status" 5
}

@test "a file that is not there is a failure, a full disk too" {
    refuses 1 "absent.msgpack" gen-pendulum --from-controls absent.msgpack
    run bash -c 'gen-pendulum > /dev/full'
    assert_failure 1
}
