# gen-reacher: protocol, presets, what is seen, replay, errors.

setup() {
    load helper
}

# The records' bytes, without the header (whose history has the command line) and the trailer: from the first id on.
records() {
    python3 -c '
import sys
data = sys.stdin.buffer.read()
start = data.index(b"reacher-", data.rindex(b"command"))
sys.stdout.buffer.write(data[start:data.rindex(b"crc32")])'
}

# same FIELD A B: the field's numbers agree in both streams.
same() {
    run seq-mse --a "$1" "$2" "$3"
    assert_success
    jq -e '.mse == 0' <<< "$output"
}

@test "the default is 2000 sequences of 30 steps, with both angles, controls and true states" {
    gen-reacher > default.msgpack
    run seq-info default.msgpack
    assert_success
    assert_line --partial "2000"
    # the states explain themselves: a circle for the shoulder, a line for all others
    run ols-r2 --from s default.msgpack
    jq -e '.n == 60000 and .r2_wrist > 0.999999 and .r2_shoulder_velocity > 0.999999 and .r2_wrist_velocity > 0.999999' <<< "$output"
    jq -e 'has("r2_sin") and has("r2_cos") and has("r2_shoulder") and (has("r2_wrist_sin") | not)' <<< "$output"
    # angles alone do not tell velocities
    run ols-r2 --from x default.msgpack
    jq -e '.r2_wrist > 0.999999 and .r2_shoulder_velocity < 0.2 and .r2_wrist_velocity < 0.2' <<< "$output"
    run grep -ac 'reacher-1-001999' default.msgpack
    assert_output 1
}

@test "the header describes every field" {
    gen-reacher -n 1 > a
    run seq-convert a -o a.jsonl
    assert_success
    head -n 1 a.jsonl > header
    jq -e '.fields.s | .names == ["shoulder", "wrist", "shoulder_velocity", "wrist_velocity"] and .kinds == ["circle", "line", "line", "line"]
        and .unit == "rad,rad,rad/s,rad/s" and .dtype == "<f8"' header
    jq -e '.fields.u.shape == [2] and .fields.x.shape == [2] and .fields.x.unit == "rad"' header
    gen-reacher -n 1 --observe rgb --size 20 | seq-convert --to jsonl - -o - | head -n 1 > header
    jq -e '.fields.x | .image == [20, 20, 3] and .shape == [1200] and .dtype == "|u1"' header
}

@test "the same seed gives the same bytes, another seed others; threads and number change nothing" {
    gen-reacher -n 20 --seed 3 --observe rgb --size 16 > a
    gen-reacher -n 20 --seed 3 --observe rgb --size 16 > b
    cmp a b
    gen-reacher -n 20 --seed 4 --observe rgb --size 16 > c
    run cmp -s <(records < a) <(records < c)
    assert_failure 1
    for threads in 1 3; do
        gen-reacher -n 31 --seed 3 --observe rgb --size 16 --threads $threads | records > "of$threads"
    done
    cmp of1 of3
    cmp <(head -c 400000 of1) <(records < a | head -c 400000)
}

@test "a sequence of known start and controls gives the end that MuJoCo gives" {
    python3 - > given.json << 'END'
print('{"id": "a", "u": [%s], "s": [[0.5, 2.7, 1, 4]]}' % ", ".join(["[0.3, 1]"] * 11))
END
    "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f8", "shape": [2]}}' < given.json > given.msgpack
    gen-reacher --from-controls given.msgpack --substeps 1 | seq-convert --to jsonl - -o - | tail -n +2 | head -n 1 > out.json
    jq -e '(.s[1][0] - 0.525545606166 | fabs) < 1e-8 and (.s[1][3] - 4.550632562764 | fabs) < 1e-6' out.json
    jq -e '(.s[10][1] - 2.903154906153 | fabs) < 1e-7 and (.x[10][1] - 2.9031549 | fabs) < 1e-6' out.json
}

@test "replaying a stream's own controls gives it again, in another view too" {
    gen-reacher -n 12 --actions bang:3 --observe rgb --size 24 > a
    gen-reacher --from-controls a --seed 99 --observe rgb --size 24 > b
    for field in x s u; do
        same $field a b
    done
    gen-reacher --from-controls a --observe angles > angles
    same s a angles
    gen-reacher -n 12 --actions bang:3 > drawn
    same x angles drawn
    gen-reacher --from-controls a --damping 0.02 > other
    run seq-mse --a s a other
    jq -e '.mse > 0.01' <<< "$output"
}

@test "the paper-like preset, which other options override wherever they stand" {
    gen-reacher -n 5 --preset paper | records > a
    gen-reacher -n 5 --substeps 1 --burn-in 20 --v0 0 | records > b
    cmp a b
    gen-reacher -n 5 --v0 3 --preset paper | records > a
    gen-reacher -n 5 --preset=paper --v0 3 | records > c
    gen-reacher -n 5 --substeps 1 --burn-in 20 --v0 3 | records > b
    cmp a b
    cmp c b
    gen-reacher -n 5 --preset standard | records > a
    gen-reacher -n 5 | records > b
    cmp a b
    gen-reacher -n 1 --preset paper > noted
    run seq-info noted
    assert_line --partial "gen-reacher -n 1 --preset paper"
}

@test "a burn-in comes before: the sequence is the end of a longer one" {
    gen-reacher -n 3 --steps 25 | seq-convert --to jsonl - -o - | jq -c 'select(.id) | .s[5:]' > a
    gen-reacher -n 3 --steps 20 --burn-in 5 | seq-convert --to jsonl - -o - | jq -c 'select(.id) | .s' > b
    assert [ -s a ]
    cmp a b
}

@test "sines and cosines are those of the angles" {
    gen-reacher -n 3 --observe sincos | seq-convert --to jsonl - -o - | jq -c 'select(.id)' > a
    jq -e '[.x, .s] | transpose | all(.[0][0] - (.[1][0] | sin) | fabs < 1e-6)' a
    jq -e '[.x, .s] | transpose | all(.[0][3] - (.[1][1] | cos) | fabs < 1e-6)' a
}

@test "pictures: styles, sizes and edges differ, noise has its size, seq-frames shows them" {
    local base="-n 2 --steps 5 --observe rgb"
    # shellcheck disable=SC2086
    gen-reacher $base > plain
    for other in "--style thin" "--style suite" "--edge 1" "--target 0.1,0.1" "--noise 0.05"; do
        # shellcheck disable=SC2086
        gen-reacher $base $other > other
        run seq-mse plain other
        jq -e '.mse > 1e-4 and .mse < 0.05' <<< "$output"
    done
    jq -e '.mse > 0.0018 and .mse < 0.0027' <<< "$output" # of the last, the noise: 0.0025, less what is cut
    seq-frames plain --scale 1 -o plain.png
    run head -c 26 plain.png
    assert_equal "$(head -c 26 plain.png | tail -c 10 | od -An -tu1 | tr -s ' ')" " 0 0 1 80 0 0 0 146 8 2" # 336×146 pixels, colour
}

@test "a random target is another in each sequence, stays, and is in the true state and the picture" {
    gen-reacher -n 4 --steps 3 --observe rgb --size 32 --target random > a
    seq-convert a --to jsonl -o - | jq -c 'select(.id) | .s' > states
    jq -e '.[0][4:6] == .[2][4:6] and (.[0] | length) == 6' states
    jq -e '(.[0][4] * .[0][4] + .[0][5] * .[0][5] | sqrt) as $r | $r >= 0.05 and $r <= 0.2' states
    assert_equal "$(jq -c '.[0][4:6]' states | sort -u | wc -l)" 4
    gen-reacher --from-controls a --observe rgb --size 32 --target random --seed 77 > again
    same x a again
    refuses 3 "field s: expected shape [T,4]" gen-reacher --from-controls a --observe rgb -o out
}

@test "a replay starts from the field that it is told to" {
    gen-reacher -n 3 -o a
    gen-reacher -n 3 --seed 2 -o b
    ols-predict --from s --unwrapped b a -o told
    gen-reacher --from-controls told --start-from s_pred -o again
    seq-mse a again | jq -e '.mse < 1e-12 and .n == 180'
    refuses 3 "a: record 1: field u: expected shape [T,4]" gen-reacher --from-controls a --start-from u -o out
    refuses 3 "a: record 1: field guess: expected shape [T,4]" gen-reacher --from-controls a --start-from guess -o out
    refuses 2 "--start-from: only with --from-controls" gen-reacher --start-from s -o out
    for option in "-n 3" "--steps 5" "--actions zero"; do
        refuses 2 "not together with --from-controls" gen-reacher --from-controls a $option -o out
    done
    refuses 4 "reacher-1-000000: step " gen-reacher -n 2 --damping 0 --v0 1e6 -o out
}

@test "standing still: no control, no velocity" {
    gen-reacher -n 3 --v0 0 --actions zero --steps 40 | seq-convert --to jsonl - -o - | jq -c 'select(.id)' > a
    jq -e '.s[0] == .s[39] and .u[7] == [0, 0]' a
}

@test "no sequences is a stream too; -o writes the file that standard output would give" {
    gen-reacher -n 0 > none
    seq-check none
    gen-reacher -n 3 -o a
    cmp <(records < a) <(gen-reacher -n 3 | records)
}

@test "a mistake on the command line ends with status 2" {
    refuses 2 "expected iid, hold:K, geometric:K, bang:K" gen-reacher --actions bang
    refuses 2 "--limit" gen-reacher --limit 181
    refuses 2 "--preset" gen-reacher --preset papers
    refuses 2 "--style" gen-reacher --style fancy
    refuses 2 "--target: expected X,Y" gen-reacher --observe rgb --target left
    refuses 2 "only a picture shows it" gen-reacher --target random
    refuses 2 "more than a record's" gen-reacher --observe rgb --size 512 --steps 1000
    refuses 2 "--edge" gen-reacher --edge 0
}

@test "controls that do not fit are refused with their place" {
    gen-pendulum -n 2 > pendulum
    refuses 3 "pendulum: record 1: field u: expected shape [T,2], T from 1 to 1000000, got [15,1]" gen-reacher --from-controls pendulum -o out
    assert_not_exist out
    printf '{"id": "a", "u": [[1, 0], [NaN, 0], [1, 0]]}' | "$ROOT/tests/tool/tiny_stream.py" '{}' > nan
    refuses 3 "nan: record 1: field u: step 2: expected a finite number" gen-reacher --from-controls nan -o out
    gen-reacher -n 20 | head -c 3000 > cut
    run gen-reacher --from-controls cut -o out
    assert_equal "$status" 5
    run bash -c 'gen-reacher > /dev/full'
    assert_failure 1
}
