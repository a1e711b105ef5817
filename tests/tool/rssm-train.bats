# rssm-train: it trains in every way, same bytes whatever threads and interruptions; its models do what any model does; refusals.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 30 --size 8 --seed 1 > train.msgpack
    gen-pendulum -n 10 --size 8 --seed 2 > test.msgpack
    small -o m.npz train.msgpack
    small --filter -o f.npz train.msgpack
}

setup() {
    load helper
    S=$BATS_FILE_TMPDIR/test.msgpack
    M=$BATS_FILE_TMPDIR/m.npz F=$BATS_FILE_TMPDIR/f.npz
}

# The small training of these tests; what is given overrides.
small() {
    rssm-train -q --seed 3 --encoder 16 --decoder 16 --gru-units 8 --ahead-units 8 --starts 1 --updates 20 --d0 excess:500 "$@"
}

# near FIELD A B: the field of two streams agrees up to single precision's noise.
near() {
    seq-mse --a "$1" "$2" "$3" | jq -e '.n > 0 and .mse < 1e-9' > /dev/null || fail "$1 of $2 and $3: $(seq-mse --a "$1" "$2" "$3")"
}

@test "one thread, two threads: same bytes" {
    for threads in 1 2; do
        mkdir "$threads"
        (cd "$threads" && small --threads "$threads" -o m.npz "$BATS_FILE_TMPDIR/train.msgpack" && unzip -q m.npz '*.npy' -d tensors)
    done
    diff -r 1/tensors 2/tensors
    [ "$(find 1/tensors -name '*.npy' | wc -l)" -gt 20 ]
}

@test "killed and run again: what an uninterrupted run gives, to the byte" {
    for round in whole parts; do
        mkdir $round
        cd $round
        if [ $round = parts ]; then
            small --updates 150 --checkpoint run.ck --checkpoint-every 1 -o m.npz "$BATS_FILE_TMPDIR/train.msgpack" &
            local pid=$!
            until [ -e run.ck ] || ! kill -0 "$pid" 2> /dev/null; do sleep 0.01; done
            kill -KILL "$pid" 2> /dev/null || true
            wait "$pid" || true
        fi
        small --updates 150 --checkpoint run.ck --checkpoint-every 1 -o m.npz "$BATS_FILE_TMPDIR/train.msgpack"
        cd ..
    done
    cmp whole/m.npz parts/m.npz
}

@test "every objective, prior, mean and version trains" {
    for options in "--objective annealing" "--objective elbo --prior normal" "--prior normal" "--filter --prior-mean free" "--prior-mean free" \
        "--initial-phase coders" "--starts 2 --start-updates 2"; do
        # shellcheck disable=SC2086
        small --updates 5 $options -o m.npz "$BATS_FILE_TMPDIR/train.msgpack"
        dssm-eval m.npz "$S" | jq -e '[.elbo, .r2_angle, .mse_smoothed, .mse_filtered] | all(type == "number")'
    done
}

@test "masked frames, sequences of unequal length, no controls" {
    gen-pendulum -n 20 --size 8 --steps 9 --seed 5 | seq-cat "$BATS_FILE_TMPDIR/train.msgpack" - | seq-mask --rate 0.3 --seed 1 > masked
    small --updates 5 -o m.npz masked
    dssm-eval m.npz masked | jq -e '.elbo | type == "number"'
    dssm-infer m.npz masked | seq-check
    printf 'x.0,x.1\n1,2\n2,3\n3,4\n' > free.csv
    seq-convert free.csv -o free.msgpack
    small --updates 5 -o m.npz free.msgpack
    rollout -k 1 m.npz free.msgpack | seq-check
}

@test "beliefs: smoothed, filtered, and online with the filter version" {
    seq-mask --rate 0.2 --seed 3 "$S" > gaps
    dssm-infer "$M" gaps > smoothed
    dssm-infer --filtered "$M" gaps > filtered
    seq-mse --a z smoothed filtered | jq -e '.mse > 1e-6'
    seq-check smoothed filtered
    for stream in "$S" gaps; do
        dssm-infer "$F" "$stream" > whole
        dssm-infer --online "$F" "$stream" > online
        near z whole online
        for pieces in 1 4; do
            seq-split --pieces $pieces whole > expected
            seq-split --pieces $pieces "$stream" | dssm-infer --online "$F" > got
            near z expected got
            near z_cov expected got
        done
    done
}

@test "predictions and generated sequences" {
    rollout "$M" "$S" -o predicted
    rollout --generate 3 "$M" -o made
    seq-check predicted made
    run dssm-info "$M"
    assert_line --regexp 'transition.gru.U +24x8 +psi'
}

@test "what is wrong is refused" {
    refuses 2 "--prior-mean" rssm-train -o m.npz --prior-mean far "$BATS_FILE_TMPDIR/train.msgpack"
    refuses 2 "--gru-units" rssm-train -o m.npz --gru-units 0 "$BATS_FILE_TMPDIR/train.msgpack"
    refuses 1 "rssm-train: absent: No such file" rssm-train -o m.npz absent
    assert_not_exists m.npz
}
