# sim-pendulum: the plant of gen-pendulum, live; the conversation of formats/plant.md, which the example in Python speaks too.

setup() { load helper; }

# pieces STREAM: its sequences cut into records of one step; what a controller sends, for a plant does not mind more than u.
pieces() { seq-split --pieces 1 "$@"; }

# controls STREAM STEPS: the controls of the first sequence that lead to so many observations.
controls() { seq-head -n 1 --steps $(($2 - 1)) "$1" | pieces; }

# near FIELD LIMIT STREAM STREAM: the mean squared error of the field is below the limit.
near() {
    run seq-mse --a "$1" "$3" "$4"
    assert_success
    jq -e ".mse <= $2" <<< "$output"
}

@test "told the controls of a sequence of gen-pendulum, it shows that sequence" {
    gen-pendulum -n 3 --steps 20 --seed 5 --noise 0.1 > all
    for i in 0 2; do
        seq-head -n $((i + 1)) all | seq-split --every $((i + 1)) -o one > /dev/null
        pieces one > want
        controls one 20 | sim-pendulum --seed 5 --noise 0.1 --sequence $i > got
        seq-check got
        near s 0 want got
        near x 0 want got
        assert_equal "$(seq-info got | grep -c '^steps of a sequence: 20 to 20')" 1
    done
}

@test "--burn-in: as gen-pendulum's sequences begin; a state that grows without bound" {
    gen-pendulum -n 1 --steps 5 --seed 5 --burn-in 7 > one
    pieces one > want
    controls one 5 | sim-pendulum --seed 5 --burn-in 7 > got
    near s 0 want got
    gen-pendulum -n 1 --steps 50 --seed 5 > long
    controls long 50 > told
    run --separate-stderr bash -c "sim-pendulum --friction 1000 --dt 10 --substeps 1 < told > out"
    assert_failure 4
    [[ $stderr == "sim-pendulum: step "*": the simulated state is not finite"* ]] || fail "$stderr"
    run seq-check out
    assert_failure 5
}

@test "P2, P6: an observation comes before anything is read, and after each control" {
    mkfifo in out
    gen-pendulum -n 1 --steps 4 --actions zero | pieces > questions
    sim-pendulum < in > out &
    exec 5> in 6< out
    controls questions 2 > /dev/null
    sim-pendulum --steps 1 < /dev/null > first
    local bytes
    bytes=$(($(wc -c < first) - 26)) # without its trailer; the command in its history is 10 bytes longer
    run bash -c "timeout 10 head -c $((bytes - 10)) <&6 | wc -c"
    exec 5>&- 6<&-
    assert_output "$((bytes - 10))"
    wait || true
}

@test "P8, P9: it ends when the controls end, or by itself" {
    gen-pendulum -n 1 --steps 9 > one
    controls one 9 | sim-pendulum | seq-info | grep -q ' 9 records, 1 sequences, 9 steps'
    controls one 9 | sim-pendulum --steps 4 | seq-info | grep -q ' 4 records'
    sim-pendulum --steps 1 < /dev/null | seq-check
}

@test "P10: controls that it cannot take, or that break off" {
    gen-pendulum -n 1 --steps 9 > one
    controls one 9 | head -c 3000 > cut
    run --separate-stderr bash -c 'sim-pendulum < cut > out'
    assert_failure 5
    [[ $stderr == "sim-pendulum: standard input: ended after record"* ]]
    run seq-check out
    assert_failure 5
    printf '{"id": "a", "u": [[1, 2]]}' | "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f4", "shape": [2]}}' > wide
    run --separate-stderr bash -c 'sim-pendulum < wide > out'
    assert_failure 3
    [[ $stderr == *"record 1: field u: expected shape [1,1]"* ]]
}

@test "the true state is told, or not" {
    sim-pendulum --steps 1 < /dev/null | seq-info | grep -q '^s  '
    run bash -c 'sim-pendulum --no-truth --steps 1 < /dev/null | seq-info'
    assert_success
    refute_line --regexp '^s  '
}

@test "torques are held within --u-max" {
    python3 -c 'print("{\"id\": \"a\", \"u\": [[50]]}\n" * 8, end="")' > strong.json
    sed 's/50/5/' strong.json > five.json
    for name in strong five; do
        "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f4", "shape": [1]}}' < $name.json | sim-pendulum > $name
    done
    near s 0 strong five
    "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f4", "shape": [1]}}' < strong.json | sim-pendulum --u-max 50 > fifty
    run seq-mse --a s strong fifty
    jq -e '.mse > 1' <<< "$output"
}

@test "the example in Python is the same pendulum" {
    gen-pendulum -n 1 --steps 40 --start hang > one
    controls one 40 > questions
    sim-pendulum --start hang < questions > ours
    python3 "$ROOT/formats/examples/plant.py" --hang < questions > theirs
    seq-check theirs
    for name in ours theirs; do seq-cat --renumber $name > $name.numbered; done
    near s 1e-20 ours.numbered theirs.numbered
    near x 1e-2 ours.numbered theirs.numbered # levels of 255; the last bit may be rounded the other way
    python3 "$ROOT/formats/examples/plant.py" --steps 1 < /dev/null | seq-check
    run --separate-stderr bash -c "head -c 2000 questions | python3 '$ROOT/formats/examples/plant.py' > out"
    assert_failure 3
    [[ $stderr == *"plant.py: controls: ended before their trailer"* ]]
}

@test "the example that records data: what acted, and what came of it" {
    python3 "$ROOT/formats/examples/record.py" --episodes 3 --steps 9 --seed 4 > recorded
    seq-info recorded | grep -q ' 3 records, 3 sequences, 27 steps'
    gen-pendulum --from-controls recorded --start-from s > replayed
    near s 1e-12 recorded replayed
    near x 1e-2 recorded replayed
    seq-head -n 0 --steps 1 recorded | seq-info | grep -q '^u .* torque'
}

@test "the example in Python made another plant: two controls; frames that are missing" {
    mkdir -p examples
    ln -s "$ROOT/formats/readers" readers
    sed -e '/^CONTROL/s/"shape": \[1\]/"shape": [2]/' -e 's/min(5.0, u\[0\])/min(5.0, u[0] + u[1])/' "$ROOT/formats/examples/plant.py" > examples/plant.py
    cmp "$ROOT/formats/examples/plant.py" examples/plant.py && fail "nothing was changed"
    yes '{"id": "a", "u": [[3, -1]]}' | head -n 5 | "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f4", "shape": [2]}}' > both
    yes '{"id": "a", "u": [[2]]}' | head -n 5 | "$ROOT/tests/tool/tiny_stream.py" '{"u": {"dtype": "<f4", "shape": [1]}}' > sum
    python3 examples/plant.py < both > two
    python3 "$ROOT/formats/examples/plant.py" < sum > one
    near s 0 one two
    run --separate-stderr bash -c 'python3 examples/plant.py < sum > out'
    assert_failure 3
    [[ $stderr == *"plant.py: controls: u: expected shape (1, 2), all finite, got [2.0] of (1, 1)"* ]] || fail "$stderr"
    python3 "$ROOT/formats/examples/plant.py" --drop-every 3 < sum | seq-convert --to jsonl > lines
    jq -es 'map(select(.id) | .mask) == [null, null, [0], null, null, [0]]' lines
}
