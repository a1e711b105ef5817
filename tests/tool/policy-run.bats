# policy-run: the loop closes; what it leaves is a stream like any other; and a plant that dies, hangs or talks nonsense.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 30 --size 8 --seed 1 > train.msgpack
    gen-pendulum -n 1 --steps 1 --start upright --size 8 > goal.msgpack
    ekvae-train -q --starts 1 --updates 60 --d0 excess:100 --encoder 16 --decoder 16 -o m.npz train.msgpack
    ekvae-train -q --starts 1 --updates 1 --d0 excess:100 --encoder 16 --decoder 16 -o other.npz train.msgpack
    policy-learn -q --hidden 8 --updates 20 --horizon 8 --batch 20 --noise 0.3 --goal-position goal.msgpack -o p.npz m.npz train.msgpack
}

setup() {
    load helper
    M=$BATS_FILE_TMPDIR/m.npz
    P=$BATS_FILE_TMPDIR/p.npz
    PLANT=(sim-pendulum --size 8)
}

# near FIELD LIMIT STREAM STREAM
near() {
    run seq-mse --a "$1" "$3" "$4"
    assert_success
    jq -e ".mse <= $2" <<< "$output"
}

# recorded STEPS: a file `recorded` with so many observations of a conversation, and no trailer.
recorded() {
    gen-pendulum -n 1 --steps "$1" --size 8 --actions zero | seq-split --pieces 1 | head -c -26 > recorded
}

# fails STATUS TEXT STEPS COMMAND...: the run against the plant ends with the status and the text, and `out` has so many steps, whole.
fails() {
    local wanted=$1 text=$2 steps=$3
    shift 3
    run --separate-stderr policy-run -q --timeout 0.5 --steps 30 -o out "$M" "$P" -- "$@"
    assert_equal "$status" "$wanted"
    [[ $stderr == *"$text"* ]] || fail "expected: $text
got: $stderr"
    if [ "$steps" -eq 0 ]; then
        assert_not_exists out
    else
        seq-check out
        seq-info out | grep -q " 1 records, 1 sequences, $steps steps" || fail "$(seq-info out)"
    fi
    rm -f out
}

@test "episodes are a stream that every program understands" {
    policy-run -n 3 --steps 25 -o runs "$M" "$P" -- "${PLANT[@]}" --seed '{seed}'
    seq-check runs
    seq-info runs > info
    grep -q ' 3 records, 3 sequences, 75 steps' info
    for field in 'x        \[T,64\] |u1' 's        \[T,2\] <f8' 'u        \[T,1\] <f4' 'z        \[T,3\] <f4' 'z_cov    \[T,3,3\] <f4'; do
        grep -q "^$field" info || fail "$field"
    done
    grep -q 'torque' info
    grep -q 'policy-run -n 3' info
    seq-frames -o sheet.png runs
    assert_file_exist sheet.png
    ols-r2 runs | jq -e '.n == 75'
}

@test "beliefs are those of the filter, states those of the plant, controls within the bound" {
    policy-run --steps 40 "$M" "$P" -- "${PLANT[@]}" > run
    dssm-infer --filtered "$M" run > again
    near z 1e-7 run again
    near z_cov 1e-7 run again
    gen-pendulum --size 8 --from-controls run > replayed
    near s 0 run replayed
    near x 0 run replayed
    seq-convert --to jsonl run | jq -es 'map(select(.id)) | .[0].u | all(.[0] <= 5 and .[0] >= -5)'
}

@test "the same command, the same bytes; {seed} and {episode} are replaced" {
    policy-run -n 2 --steps 10 --seed 7 "$M" "$P" -- "${PLANT[@]}" --seed '{seed}' --sequence '{episode}' > a
    policy-run -n 2 --steps 10 --seed 7 "$M" "$P" -- "${PLANT[@]}" --seed '{seed}' --sequence '{episode}' > b
    cmp a b
    policy-run --steps 10 "$M" "$P" -- "${PLANT[@]}" --seed 8 --sequence 1 > second
    seq-split --every 2 a -o held > /dev/null
    near s 0 <(seq-cat --renumber held) <(seq-cat --renumber second)
    policy-run -n 2 --steps 5 "$M" "$P" -- sh -c 'echo "$1 $2" >> told; exec sim-pendulum --size 8' plant 'e{episode}{episode}' 's={seed}' > /dev/null
    assert_equal "$(cat told)" "$(printf 'e00 s=1\ne11 s=2')"
}

@test "--noise acts as it was learned with, from the seed" {
    policy-run --steps 10 "$M" "$P" -- "${PLANT[@]}" > plain
    policy-run --steps 10 --noise --seed 2 "$M" "$P" -- "${PLANT[@]}" > a
    policy-run --steps 10 --noise --seed 2 "$M" "$P" -- "${PLANT[@]}" > b
    cmp a b
    run seq-mse --a u plain a
    jq -e '.mse > 0' <<< "$output"
}

@test "--random: uniform within the policy's bound, from the seed, while all else goes on" {
    policy-run -n 20 --steps 30 --random "$M" "$P" -- "${PLANT[@]}" --seed '{seed}' > a
    policy-run -n 20 --steps 30 --random "$M" "$P" -- "${PLANT[@]}" --seed '{seed}' > b
    cmp a b
    # 600 numbers between -5 and 5: extremes, mean and deviation (10/sqrt(12)) within five standard errors
    seq-info --json a | jq -e '.fields.u | .min >= -5 and .min < -4.8 and .max <= 5 and .max > 4.8
        and (.mean | fabs) < 0.6 and (.std - 2.8868 | fabs) < 0.27' > /dev/null || fail "$(seq-info a)"
    seq-convert --to jsonl a | jq -es 'map(select(.id) | .u) | (map(.[0]) | unique | length) == 20 and (.[0] | unique | length) == 30'
    dssm-infer --filtered "$M" a > again
    near z 1e-7 a again
    gen-pendulum --size 8 --seed 1 --from-controls a > replayed
    near s 0 <(seq-head -n 1 a) <(seq-head -n 1 replayed)
    policy-run -n 20 --steps 30 --random --seed 2 "$M" "$P" -- "${PLANT[@]}" --seed '{seed}' > other
    run seq-mse --a u a other
    jq -e '.mse > 1' <<< "$output"
    refuses 2 "--random: not together with --noise" policy-run --random --noise "$M" "$P" -- "${PLANT[@]}"
    refuses 2 "--random: not together with --goal-position" policy-run --random --goal-position a "$M" "$P" -- "${PLANT[@]}"
}

@test "a policy for any position goes where it is shown, another place in each episode" {
    gen-pendulum -n 3 --steps 2 --size 8 --seed 5 > goals
    seq-split --every 3 goals -o third --rest first2 > /dev/null
    policy-learn -q --hidden 8 --updates 40 --horizon 8 --batch 20 --goal-any-position -o any.npz "$M" "$BATS_FILE_TMPDIR/train.msgpack"
    policy-run -n 3 --steps 6 --goal-position goals "$M" any.npz -- "${PLANT[@]}" > each
    policy-run -n 3 --steps 6 --goal-position third "$M" any.npz -- "${PLANT[@]}" > all
    seq-split --every 3 each -o each3 --rest each12 > /dev/null
    seq-split --every 3 all -o all3 --rest all12 > /dev/null
    near u 0 each3 all3
    run seq-mse --a u each12 all12
    jq -e '.mse > 1e-6' <<< "$output"
    refuses 2 "the policy goes to any position: show it one by --goal-position" policy-run "$M" any.npz -- "${PLANT[@]}"
    refuses 2 "--goal-position: the policy was learned for one goal" policy-run --goal-position goals "$M" "$P" -- "${PLANT[@]}"
    refuses 2 "goals: expected one goal, or one for each of 4 episodes, got 3" policy-run -n 4 --goal-position goals "$M" any.npz -- "${PLANT[@]}"
    policy-run --random --steps 6 "$M" any.npz -- "${PLANT[@]}" | seq-check
    gen-pendulum -n 3 --size 8 | seq-mask --steps 1- > unseen
    refuses 3 "unseen: field x: expected an observed frame of the goal" policy-run --goal-position unseen "$M" any.npz -- "${PLANT[@]}"
}

@test "a plant in another language; one that ends by itself" {
    gen-pendulum -n 20 --seed 1 | ekvae-train -q --starts 1 --updates 20 --d0 excess:100 --encoder 8 --decoder 8 -o m16.npz
    gen-pendulum -n 1 --steps 1 > goal16
    gen-pendulum -n 20 --seed 1 | policy-learn -q --updates 2 --horizon 3 --goal-position goal16 -o p16.npz m16.npz
    policy-run --steps 12 m16.npz p16.npz -- python3 "$ROOT/formats/examples/plant.py" --seed 2 > run
    seq-check run
    seq-info run | grep -q ' 1 records, 1 sequences, 12 steps'
    policy-run --steps 12 m16.npz p16.npz -- python3 "$ROOT/formats/examples/plant.py" --steps 5 | seq-info | grep -q ' 1 sequences, 5 steps'
}

@test "a plant that dies: what was seen till then is whole" {
    recorded 6
    fails 5 "episode 0: plant: ended after record 6, before its trailer; it ended with status 3" 6 sh -c 'cat recorded; exit 3'
    fails 5 "it was ended by signal 9" 6 sh -c 'cat recorded; kill -9 $$'
    fails 5 "plant: ended before its header; it ended with status 1" 0 false
    fails 1 "nowhere-to-be-found: cannot start: No such file or directory" 0 nowhere-to-be-found
}

@test "P11: a plant that hangs is ended, with all that it started" {
    recorded 4
    fails 1 "plant: nothing whole came for 0.5 s; it did not end within 1 s, and was ended" 4 sh -c 'cat recorded; echo $$ > pid; sleep 1000'
    fails 1 "plant: nothing whole came for 0.5 s" 4 sh -c 'trap "" TERM; cat recorded; echo $$ > pid; while :; do sleep 0.1; done'
    run kill -0 "$(cat pid)"
    assert_failure
}

@test "--start-timeout: a plant may take longer to start than to answer" {
    policy-run --timeout 0.5 --steps 3 "$M" "$P" -- sh -c 'sleep 1; exec sim-pendulum --size 8' | seq-info | grep -q ' 3 steps'
    recorded 1
    fails 5 "plant: ended after record 1, before its trailer" 1 sh -c 'head -c -10 recorded; sleep 1; tail -c 10 recorded'
    fails 1 "plant: nothing whole came for 0.5 s" 1 sh -c 'cat recorded; sleep 1'
    run --separate-stderr policy-run --start-timeout 0.2 "$M" "$P" -- sleep 10
    assert_failure 1
    [[ $stderr == *"plant: header: nothing whole came for 0.2 s"* ]] || fail "$stderr"
}

@test "P8, P11: controls end with a trailer where all went well, and without one after an error" {
    policy-run --steps 4 "$M" "$P" -- sh -c 'tee heard | sim-pendulum --size 8' > run
    seq-check heard
    seq-info heard | grep -q ' 3 records'
    recorded 3
    (cat recorded; echo nonsense) > nonsense
    fails 3 "plant: record 4: expected a msgpack map" 3 sh -c 'cat nonsense; cat > heard'
    refuses 5 "heard: ended after record 3, before its trailer" seq-check heard
    fails 3 "plant: record 1: field x: the model expects 64 numbers a step, got 256" 0 sh -c 'tee heard | sim-pendulum'
    refuses 5 "heard: ended after record 0, before its trailer" seq-check heard
}

@test "a plant that does not end when it should" {
    run --separate-stderr policy-run --timeout 0.5 --steps 4 -o out "$M" "$P" -- sh -c 'sim-pendulum --size 8; exec >&-; sleep 1000'
    assert_failure 1
    [[ $stderr == "policy-run: episode 0: plant: it did not end within 0.5 s, and was ended"* ]] || fail "$stderr"
    seq-info out | grep -q ' 4 steps'
}

@test "P11: a plant that sends and sends, and reads nothing" {
    recorded 3000
    run --separate-stderr policy-run -q --timeout 1 --steps 3000 -o out "$M" "$P" -- sh -c 'cat recorded; exec sleep 20'
    assert_failure 1
    [[ $stderr == "policy-run: episode 0: plant: it has not read its controls for 1 s"* ]] || fail "$stderr"
    seq-check out
    # a header that fills the pipe already: until it has started, the plant has the time that it may take for that
    long=$(printf 'a%.0s' {1..100000})
    policy-run -q --timeout 1 --steps 3 -o out "$M" "$P" -- sh -c 'sleep 2; exec sim-pendulum --size 8' "$long"
    run --separate-stderr policy-run -q --start-timeout 0.3 --steps 3 -o out "$M" "$P" -- sh -c 'exec sleep 20' "$long"
    assert_failure 1
    [[ $stderr == "policy-run: episode 0: plant: it has not read its controls for 0.3 s"* ]] || fail "$stderr"
    run --separate-stderr policy-run -q --steps 3 -o out "$M" "$P" -- sh -c 'exec <&-; exec sleep 20' "$long"
    assert_failure 1
    [[ $stderr == "policy-run: episode 0: plant: cannot write: Broken pipe"* ]] || fail "$stderr"
}

@test "P4, P7: wrong shapes and numbers that are none" {
    fails 3 "plant: record 1: field x: the model expects 64 numbers a step, got 256" 0 sim-pendulum
    python3 - > nan.json << 'END'
for step in range(3):
    print('{"id": "a", "x": [[%s]]}' % ", ".join(["0"] * 63 + ["NaN" if step == 2 else "0.5"]))
END
    "$ROOT/tests/tool/tiny_stream.py" '{"x": {"dtype": "<f4", "shape": [64]}}' < nan.json > nan
    fails 3 "plant: record 3: field x: expected finite numbers (or mask 0 for an observation that is missing)" 2 cat nan
    sed 's/}$/, "mask": [0]}/' nan.json | "$ROOT/tests/tool/tiny_stream.py" '{"x": {"dtype": "<f4", "shape": [64]}}' > masked
    policy-run --steps 30 "$M" "$P" -- cat masked > run
    seq-info run | grep -q ' 3 steps'
    seq-info run | grep -q '^masked steps: 3 '
    printf 'hello' > words
    fails 3 "plant: header: expected a msgpack map" 0 cat words
}

@test "SIGTERM: the plant is told to end, what was seen is whole, status 1" {
    mkdir bin
    printf '#!/bin/sh\nsim-pendulum --size 8; echo ended > ended\n' > bin/plant
    chmod +x bin/plant
    policy-run -q --steps 100000000 -o out "$M" "$P" -- bin/plant 2> words &
    local pid=$! status=0
    sleep 0.5
    kill -TERM "$pid"
    wait "$pid" || status=$?
    assert_equal "$status" 1
    grep -q 'stopped by signal 15' words
    seq-check out
    assert_exists ended
}

@test "a reader that has gone ends it quietly, and the plant with it" {
    run --separate-stderr bash -c "policy-run -n 300 --steps 100 '$M' '$P' -- sh -c 'echo \$\$ > pid; exec sim-pendulum --size 8' | head -c 10 | wc -c"
    assert_equal "$output" 10
    assert_equal "$stderr" ""
    run kill -0 "$(cat pid)"
    assert_failure
    run --separate-stderr bash -c "policy-run '$M' '$P' -- sim-pendulum --size 8 > /dev/full"
    assert_failure 1
    [[ $stderr == *"No space left"* ]]
}

@test "refusals" {
    refuses 2 "unknown option --start; did you mean --start-timeout? (options of the command stand behind --: MODEL POLICY -- COMMAND...)" \
        policy-run "$M" "$P" sim-pendulum --start hang
    refuses 2 "expected MODEL POLICY -- COMMAND..., got 2 operands" policy-run "$M" "$P"
    refuses 3 "p.npz: the policy was learned in another model" policy-run "$BATS_FILE_TMPDIR/other.npz" "$P" -- "${PLANT[@]}"
    refuses 3 "m.npz: meta.json: format: expected \"dssm-policy\", got \"dssm-model\"" policy-run "$M" "$M" -- "${PLANT[@]}"
    dvbs-train -q --starts 1 --d0 excess:100 --updates 1 --encoder 8 --decoder 8 -o ahead.npz "$BATS_FILE_TMPDIR/train.msgpack"
    refuses 2 "ahead.npz: the model (dvbs) looks ahead and cannot go on record by record" policy-run ahead.npz "$P" -- "${PLANT[@]}"
}
