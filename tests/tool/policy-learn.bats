# policy-learn: same seed, same bytes, whatever threads and interruptions; goals; what stands in its files; refusals.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 30 --size 8 --seed 1 > train.msgpack
    gen-pendulum -n 1 --steps 1 --start upright --size 8 > goal.msgpack
    gen-pendulum -n 5 --size 8 --gravity 0 --friction 0 --actions zero --seed 4 > turning.msgpack
    ekvae-train -q --starts 1 --updates 60 --d0 excess:100 --encoder 16 --decoder 16 -o m.npz train.msgpack
    mkdir reference
    (cd reference && learn)
}

setup() {
    load helper
    DATA=$BATS_FILE_TMPDIR
    REFERENCE=$BATS_FILE_TMPDIR/reference
}

SMALL=(policy-learn -q --seed 3 --hidden 8 --updates 60 --horizon 8 --batch 60 --eval-every 20 --checkpoint-every 10
    --checkpoint run.ck --metrics p.jsonl --goal-position ../goal.msgpack -o p.npz ../m.npz ../train.msgpack)

# learn OPTION...: the small learning of these tests, in a folder beside the data.
learn() { "${SMALL[@]}" "$@"; }

folder() {
    mkdir -p "$DATA/$1"
    cd "$DATA/$1" || exit 1
}

without_seconds() { jq -c 'del(.seconds)' "$1"; }

same_metrics() { cmp <(without_seconds "$1") <(without_seconds "$2"); }

@test "same seed, same bytes; another seed, another policy" {
    folder twice
    learn
    cmp p.npz "$REFERENCE/p.npz"
    same_metrics p.jsonl "$REFERENCE/p.jsonl"
    folder seed
    learn --seed 4
    run cmp -s p.npz "$REFERENCE/p.npz"
    assert_failure
}

@test "one thread, two threads, three threads: same bytes" {
    for threads in 1 2 3; do
        folder "threads$threads"
        learn --threads "$threads"
        cmp p.npz "$REFERENCE/p.npz"
    done
}

@test "stopped at a random moment and run again: same bytes" {
    folder long
    learn --updates 400
    for round in 1 2; do
        folder "stopped$round"
        local status=0
        "${SMALL[@]}" --updates 400 2> words &
        local pid=$!
        while [ ! -e run.ck ] && kill -0 "$pid" 2> /dev/null; do sleep 0.01; done
        kill -TERM "$pid" 2> /dev/null || true
        wait "$pid" || status=$?
        if [ "$status" -ne 0 ]; then
            assert_equal "$status" 1
            grep -q 'policy-learn: stopped at update [0-9]*; the same command goes on from the checkpoint' words
            assert_not_exists p.npz
            learn --updates 400
        fi
        cmp p.npz ../long/p.npz
        same_metrics p.jsonl ../long/p.jsonl
    done
    learn --updates 400 # it is done: the same again
    cmp p.npz ../long/p.npz
}

@test "a checkpoint of another goal is refused" {
    folder other-goal
    learn
    gen-pendulum -n 1 --steps 1 --start hang --size 8 > hang.msgpack
    refuses 3 "run.ck: checkpoint is of another run: goal." learn --goal-position hang.msgpack
}

@test "metrics: settings first, then a line an evaluation" {
    assert_equal "$(wc -l < "$REFERENCE/p.jsonl")" 4
    head -n 1 "$REFERENCE/p.jsonl" | jq -e '.type == "settings" and .goal.kind == "position" and .settings.horizon == 8 and .settings.seed == 3'
    tail -n +2 "$REFERENCE/p.jsonl" | jq -es 'map(.update) == [20, 40, 60] and all(.type == "eval" and .reward < 0 and .full_controls >= 0 and .skipped == 0)'
}

@test "the policy says what it is for and where it came from" {
    unzip -p "$REFERENCE/p.npz" meta.json > meta
    jq -e '.format == "dssm-policy" and .version == 1 and .dz == 3 and .du == 1 and .goal.kind == "position" and (.goal.value | length) == 2' meta
    assert_equal "$(jq -r '[.history[].program] | join(" ")' meta)" "gen-pendulum ekvae-train policy-learn"
    jq -e '.settings.u_max > 4.9 and .settings.u_max <= 5' meta # the largest control of the data
    jq -e '.training.updates == 60 and .model.kind == "ekvae"' meta
    unzip -l "$REFERENCE/p.npz" | grep -q policy.0.weight.npy
}

@test "a velocity as a goal, a bound of one's own, a stream from standard input" {
    folder velocity
    policy-learn -q --goal-velocity ../turning.msgpack --u-max 2 --updates 3 --horizon 5 -o v.npz ../m.npz < ../train.msgpack
    unzip -p v.npz meta.json | jq -e '.goal.kind == "velocity" and .goal.from == 2 and (.goal.value | length) == 1 and .settings.u_max == 2'
}

@test "--spread: distances in deviations of the start states" {
    folder spread
    policy-learn -q --goal-position ../goal.msgpack --spread --hidden 8 --updates 3 --metrics p.jsonl -o p.npz ../m.npz ../train.msgpack
    unzip -p p.npz meta.json | jq -e '(.goal.spread | length) == 2 and (.goal.spread | all(. > 0)) and .training.settings.spread'
    policy-learn -q --goal-position ../goal.msgpack --hidden 8 --updates 3 --metrics plain.jsonl -o plain.npz ../m.npz ../train.msgpack
    unzip -p plain.npz meta.json | jq -e '.goal | has("spread") | not'
    jq -es '.[1].reward != .[3].reward' p.jsonl plain.jsonl
}

@test "any position: a goal of its own in each dream, whatever the threads" {
    folder any
    for threads in 1 3; do
        policy-learn -q --seed 3 --hidden 8 --updates 30 --horizon 8 --batch 60 --threads $threads --goal-any-position --width 0.5 \
            --metrics "$threads.jsonl" -o "$threads.npz" ../m.npz ../train.msgpack
    done
    for tensor in policy.0.weight policy.1.bias state.centre; do cmp <(unzip -p 1.npz "$tensor.npy") <(unzip -p 3.npz "$tensor.npy"); done
    unzip -p 1.npz meta.json | jq -e '.dg == 2 and .goal.any and .goal.n == 2 and .goal.from == 0 and (.goal | has("value") | not)'
    head -n 1 1.jsonl | jq -e '.goal.any'
    tail -n +2 1.jsonl | jq -es 'all(.reward < 0)'
    refuses 2 "--from: 1.npz: it was learned for any goal, not for one" \
        policy-learn -q --hidden 8 --goal-position ../goal.msgpack --updates 1 --from 1.npz -o no.npz ../m.npz ../train.msgpack
}

@test "--from: begins with what another policy has learned" {
    folder from
    policy-learn -q --goal-position ../goal.msgpack --hidden 8 --updates 1 --learning-rate 0 --from ../reference/p.npz -o p.npz ../m.npz ../train.msgpack
    cmp <(unzip -p p.npz policy.0.weight.npy) <(unzip -p ../reference/p.npz policy.0.weight.npy)
    refuses 2 "--from: ../reference/p.npz: its network has other layers" \
        policy-learn -q --goal-position ../goal.msgpack --hidden 9 --updates 1 --from ../reference/p.npz -o no.npz ../m.npz ../train.msgpack
}

@test "updates that are all skipped, and start states that are at the goal" {
    folder astray
    seq-head -n 2 ../train.msgpack | seq-convert --to jsonl | jq -c 'if .u then .u[1] = [3e38] else . end' | seq-convert --from jsonl -o wild
    refuses 4 "all 3 updates had to be skipped, so nothing was learned" \
        policy-learn -q --goal-any-position --u-max 1 --updates 3 --batch 60 --horizon 4 -o p.npz ../m.npz wild
    refuses 2 "--u-max: expected a bound, for wild has a control of 3e+38" policy-learn -q --goal-any-position -o p.npz ../m.npz wild
    seq-head -n 1 --steps 1 ../train.msgpack -o one
    refuses 3 "start states: expected some that are away from the goal, got none" \
        policy-learn -q --goal-any-position --u-max 1 -o p.npz ../m.npz one
}

@test "a checkpoint knows what --from was, not what it was called" {
    folder from-other
    cp ../reference/p.npz first.npz
    learn=(policy-learn -q --goal-position ../goal.msgpack --hidden 8 --updates 2 --horizon 4 --from first.npz --checkpoint ck -o p.npz ../m.npz
           ../train.msgpack)
    "${learn[@]}"
    "${learn[@]}"
    cp p.npz first.npz
    refuses 3 "ck: checkpoint is of another run: settings." "${learn[@]}"
}

@test "refusals" {
    folder refusals
    refuses 2 "--output: expected" policy-learn --goal-position ../goal.msgpack ../m.npz ../train.msgpack
    refuses 2 "expected one of --goal-position, --goal-any-position and --goal-velocity, got none" policy-learn -o p.npz ../m.npz ../train.msgpack
    refuses 2 "got two" policy-learn --goal-position a --goal-any-position -o p.npz ../m.npz ../train.msgpack
    refuses 2 "got two" policy-learn --goal-position a --goal-velocity b -o p.npz ../m.npz ../train.msgpack
    refuses 1 "nowhere/p.npz" policy-learn --goal-position ../goal.msgpack -o nowhere/p.npz ../m.npz ../train.msgpack
    gen-pendulum -n 1 --steps 1 > large.msgpack
    refuses 3 "large.msgpack: field x: the model expects 64 numbers a step, got 256" policy-learn --goal-position large.msgpack -o p.npz ../m.npz ../train.msgpack
    refuses 3 "large.msgpack: field x" policy-learn --goal-position ../goal.msgpack -o p.npz ../m.npz large.msgpack
    dvbs-train -q --starts 1 --d0 excess:100 --updates 1 --encoder 8 --decoder 8 -o dvbs.npz ../train.msgpack
    refuses 2 "a goal needs a model whose state is divided into position and velocity (ekvae), got one of kind dvbs" \
        policy-learn --goal-position ../goal.msgpack -o p.npz dvbs.npz ../train.msgpack
    refuses 2 "--horizon" policy-learn --horizon 1 --goal-position ../goal.msgpack -o p.npz ../m.npz ../train.msgpack
    assert_not_exists p.npz
}
