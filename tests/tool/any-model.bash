# shellcheck shell=bash
# What the trainer of any kind and its models must do, as functions for the kinds' .bats files, which load helper first and define
# small OPTION...: a small training, quiet and fast; what is given overrides.

# A stream to train on and one to test with, in the working folder: 30 and 10 sequences of 8x8 frames.
any_data() {
    gen-pendulum -n 30 --size 8 --seed 1 > train.msgpack
    gen-pendulum -n 10 --size 8 --seed 2 > test.msgpack
}

# near FIELD A B: the field of two streams agrees up to single precision's noise.
near() {
    seq-mse --a "$1" "$2" "$3" | jq -e '.n > 0 and .mse < 1e-9' > /dev/null || fail "$1 of $2 and $3: $(seq-mse --a "$1" "$2" "$3")"
}

# apart FIELD A B: it does not.
apart() {
    seq-mse --a "$1" "$2" "$3" | jq -e '.mse > 1e-6' > /dev/null || fail "$1 of $2 and $3 agree: $(seq-mse --a "$1" "$2" "$3")"
}

# One thread, two threads: the same parameters, to the byte.
any_threads() {
    for threads in 1 2; do
        mkdir "$threads"
        (cd "$threads" && small --threads "$threads" -o m.npz "$1" && unzip -q m.npz '*.npy' -d tensors)
    done
    diff -r 1/tensors 2/tensors
    [ "$(find 1/tensors -name '*.npy' | wc -l)" -gt 20 ]
}

# any_killed STREAM: killed some time after its first checkpoint and run again, a training gives what an uninterrupted one gives.
any_killed() {
    local pid long=(small --updates 150 --checkpoint run.ck --checkpoint-every 1 -o m.npz "$1")
    "${long[@]}"
    mv m.npz whole.npz
    rm run.ck
    "${long[@]}" &
    pid=$!
    until [ -e run.ck ] || ! kill -0 "$pid" 2> /dev/null; do sleep 0.01; done
    kill -KILL "$pid" 2> /dev/null || true
    wait "$pid" || true
    "${long[@]}"
    cmp whole.npz m.npz
}

# any_trains STREAM TEST OPTIONS...: it trains in each of these ways, and gives numbers.
any_trains() {
    local train=$1 test=$2 options
    shift 2
    for options in "$@"; do
        # shellcheck disable=SC2086
        small --updates 5 $options -o m.npz "$train"
        dssm-eval m.npz "$test" | jq -e '[.elbo, .r2_angle, .mse_smoothed, .mse_filtered] | all(type == "number")' > /dev/null ||
            fail "$options: $(dssm-eval m.npz "$test")"
    done
}

# any_chain MODEL STREAM: everything that a model is for gives streams that obey the rules, and finite numbers.
any_chain() {
    dssm-infer --smoothed --decode "$1" "$2" -o chain.smoothed
    dssm-infer --filtered --samples 2 "$1" "$2" -o chain.filtered
    rollout -k 3 "$1" "$2" -o chain.predicted
    rollout --generate 3 --steps 6 "$1" -o chain.made
    seq-check chain.smoothed chain.filtered chain.predicted chain.made
    dssm-eval "$1" "$2" | jq -e '[.elbo, .distortion, .rate, .mse_smoothed, .mse_filtered] | all(type == "number")' > /dev/null ||
        fail "$(dssm-eval "$1" "$2")"
    dssm-info "$1" | grep -q ' theta '
    rollout -k 100 --z1 mean "$1" "$2" | seq-head --steps 1 > chain.rolled
    seq-head --steps 1 chain.smoothed > chain.decoded
    near x_pred chain.rolled chain.decoded
    local name
    for name in smoothed filtered; do
        seq-convert "chain.$name" --to jsonl | tail -n +2 | jq -e '.z | flatten | all(type == "number")' > /dev/null ||
            fail "beliefs of $name that are no numbers"
    done
}

# any_missing TRAIN: masked frames with sequences of unequal length; no controls.
any_missing() {
    gen-pendulum -n 20 --size 8 --steps 9 --seed 5 | seq-cat "$1" - | seq-mask --rate 0.3 --seed 1 > masked
    small -o m.npz masked
    any_chain m.npz masked
    {
        echo id,x.0,x.1
        seq 7 | awk '{ print "a," $1 / 10 ",-0.5" }'
        seq 6 | awk '{ print "b," $1 % 3 ",0." $1 }'
    } > free.csv
    seq-convert free.csv -o free.msgpack
    small -o free.npz free.msgpack
    any_chain free.npz free.msgpack
}

# any_place STREAM: whether the observations are in memory or stay in the file, whatever their type, the model is the same to the byte,
# and so is what is said of it.
any_place() {
    local place form
    seq-mask --rate 0.3 --seed 1 "$1" > place.u1
    seq-convert place.u1 --to jsonl | sed '1s/"x":{"dtype":"|u1"/"x":{"dtype":"<f4"/' | seq-convert --from jsonl -o place.f4
    seq-convert place.u1 --to jsonl | sed '1s/"x":{"dtype":"|u1"/"x":{"dtype":"<f8"/' | seq-convert --from jsonl -o place.f8
    for form in u1 f4 f8; do
        seq-info --json "place.$form" | jq -e --arg form "$form" '.fields.x.dtype | endswith($form)' > /dev/null || fail "no $form"
        for place in memory file auto; do
            small --data-in $place --crop-every 3 --validation place.u1 --metrics place.jsonl --eval-every 10 -o m.npz "place.$form"
            mv m.npz "$form.$place.npz"
            jq -c 'del(.seconds)' place.jsonl > "$form.$place.jsonl"
            dssm-eval --data-in $place "$form.$place.npz" "place.$form" > "$form.$place.eval"
        done
        for place in file auto; do
            cmp "$form.memory.npz" "$form.$place.npz"
            cmp "$form.memory.jsonl" "$form.$place.jsonl"
            cmp "$form.memory.eval" "$form.$place.eval"
        done
    done
}

# Convolutions over colour pictures: they train, and the model does what any model does; numbers that are no picture are refused.
any_pictures() {
    gen-reacher -n 12 --steps 6 --observe rgb --size 16 > rgb.msgpack
    small --encoder conv:4-8 --decoder conv:4-8/16 -o pictures.npz rgb.msgpack
    any_chain pictures.npz rgb.msgpack
    gen-reacher -n 3 --steps 6 > angles.msgpack
    refuses 2 "--encoder: convolutions need pictures" small --encoder conv -o none.npz angles.msgpack
    assert_not_exists none.npz
}

# any_online MODEL STREAM: record by record, however it is cut, the beliefs are the filter's.
any_online() {
    seq-mask --rate 0.2 --seed 3 "$2" > online.gaps
    local stream pieces
    for stream in "$2" online.gaps; do
        dssm-infer --filtered "$1" "$stream" > online.whole
        for pieces in 1 4 99; do
            seq-split --pieces $pieces online.whole > online.expected
            seq-split --pieces $pieces "$stream" | dssm-infer --online "$1" > online.got
            near z online.expected online.got
            near z_cov online.expected online.got
        done
    done
    dssm-info "$1" | grep -q '^goes on record by record (dssm-infer --online), carrying [1-9][0-9]* numbers$'
}

# any_looks_ahead MODEL STREAM: smoothed beliefs differ from filtered ones, and --online is refused.
any_looks_ahead() {
    dssm-infer --smoothed "$1" "$2" > ahead.smoothed
    dssm-infer --filtered "$1" "$2" > ahead.filtered
    apart z ahead.smoothed ahead.filtered
    refuses 2 "looks ahead and cannot go on record by record; train one with --filter" dssm-infer --online "$1" "$2"
    dssm-info "$1" | grep -q '^looks ahead, so does not go on record by record (dssm-infer --online): a version trained with --filter does$'
    dssm-info --json "$1" | jq -e '.carried == 0' > /dev/null
}
