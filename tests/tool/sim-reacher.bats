# sim-reacher: the arm of gen-reacher, live; poses, pictures, targets. (What any live plant does is tested with sim-pendulum.)

setup() { load helper; }

# controls STREAM STEPS: the controls of the first sequence that lead to so many observations, one a record.
controls() { seq-head -n 1 --steps $(($2 - 1)) "$1" | seq-split --pieces 1; }

# same FIELD STREAM STREAM: the field's numbers agree.
same() {
    run seq-mse --a "$1" "$2" "$3"
    assert_success
    jq -e '.mse == 0' <<< "$output"
}

# shows OPTION...: told the controls of sequence 2 of gen-reacher with these options, it shows that sequence.
shows() {
    gen-reacher -n 3 --steps 12 --seed 5 --noise 0.05 "$@" > all
    seq-split --every 3 all -o one > /dev/null
    seq-split --pieces 1 one > want
    controls one 12 | sim-reacher --seed 5 --noise 0.05 --sequence 2 "$@" > got
    seq-check got
    same s want got
    same x want got
    seq-info got | grep -q '^steps of a sequence: 12 to 12'
}

@test "told the controls of a sequence of gen-reacher, it shows that sequence, whatever is seen" {
    shows
    shows --observe sincos --preset paper
    shows --observe rgb --size 16
    shows --observe rgb --size 16 --style suite --target 0.1,-0.1 --limit 90 --damping 0.02
    shows --observe rgb --size 16 --target random --burn-in 3
}

@test "a pose to start from, at rest, in degrees" {
    sim-reacher --start 90,-30 --steps 1 < /dev/null | seq-convert --to jsonl | jq -e 'select(.id) | .s[0] | map(. * 1000 | round) == [1571, -524, 0, 0]'
    gen-reacher --start 90,-30 -n 2 --steps 1 | seq-convert --to jsonl | jq -es 'map(select(.id) | .s[0]) | .[0] == .[1]'
    sim-reacher --start 90,-30 --steps 1 --observe rgb < /dev/null | seq-frames -o pose.png
    assert_file_exist pose.png
    refuses 2 "--start: expected uniform or S,W" sim-reacher --start 90 --steps 1
    refuses 2 "--start: expected uniform or S,W (degrees, W within --limit), got '0,170'" sim-reacher --start 0,170 --steps 1
}

@test "what it takes stands in its header; controls beyond 1 act as 1, and other shapes are refused" {
    sim-reacher --steps 1 < /dev/null | seq-convert --to jsonl | head -n 1 | jq -e '.control.shape == [2] and .control.names == ["shoulder", "wrist"]'
    python3 -c 'print("{\"id\": \"a\", \"u\": [[9, -9]]}\n" * 8, end="")' > strong.json
    sed 's/9/1/g' strong.json > one.json
    for name in strong one; do
        "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f4", "shape": [2]}}' < $name.json | sim-reacher > $name
    done
    same s strong one
    gen-pendulum -n 1 --steps 4 | seq-split --pieces 1 > torques
    run --separate-stderr bash -c 'sim-reacher < torques > out'
    assert_failure 3
    [[ $stderr == *"record 1: field u: expected shape [1,2]"* ]]
}

@test "a target that nobody would see is refused; the true state is told, or not" {
    refuses 2 "only a picture shows it" sim-reacher --target 0.1,0.1 --steps 1
    sim-reacher --observe rgb --size 8 --target random --steps 1 < /dev/null | seq-info | grep -q '^s  *\[T,6\]'
    run bash -c 'sim-reacher --no-truth --steps 1 < /dev/null | seq-info'
    assert_success
    refute_line --regexp '^s  '
}
