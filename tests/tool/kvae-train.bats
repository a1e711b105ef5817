# kvae-train: it trains in every way, same bytes whatever threads and interruptions; its models do what any model does; refusals.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 30 --size 8 --seed 1 > train.msgpack
    gen-pendulum -n 10 --size 8 --seed 2 > test.msgpack
    small -o m.npz train.msgpack
}

setup() {
    load helper
    DATA=$BATS_FILE_TMPDIR/train.msgpack
    S=$BATS_FILE_TMPDIR/test.msgpack
    M=$BATS_FILE_TMPDIR/m.npz
}

# The small training of these tests; what is given overrides.
small() {
    kvae-train -q --seed 3 --encoder 16 --decoder 16 --bases 4 --lstm-units 8 --starts 1 --updates 20 --d0 excess:500 "$@"
}

# near FIELD A B: the field of two streams agrees up to single precision's noise.
near() {
    seq-mse --a "$1" "$2" "$3" | jq -e '.n > 0 and .mse < 1e-9' > /dev/null || fail "$1 of $2 and $3: $(seq-mse --a "$1" "$2" "$3")"
}

@test "one thread, two threads: same bytes" {
    for threads in 1 2; do
        mkdir "$threads"
        (cd "$threads" && small --threads "$threads" -o m.npz "$DATA" && unzip -q m.npz '*.npy' -d tensors)
    done
    diff -r 1/tensors 2/tensors
    [ "$(find 1/tensors -name '*.npy' | wc -l)" -gt 20 ]
}

@test "killed and run again: what an uninterrupted run gives, to the byte" {
    local pid long=(small --updates 150 --checkpoint run.ck --checkpoint-every 1 -o m.npz "$DATA")
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

@test "every objective, prior and version trains" {
    for options in "--objective annealing" "--objective elbo --prior normal" "--prior normal" "--filter" "--base-decay 2 --dynamics-rate 3" \
        "--initial-phase coders" "--starts 2 --start-updates 2"; do
        # shellcheck disable=SC2086
        small --updates 5 $options -o m.npz "$DATA"
        dssm-eval m.npz "$S" | jq -e '[.elbo, .r2_angle, .mse_smoothed, .mse_filtered] | all(type == "number")'
    done
}

@test "masked frames, sequences of unequal length, no controls" {
    gen-pendulum -n 20 --size 8 --steps 9 --seed 5 | seq-cat "$DATA" - > unequal
    seq-mask --rate 0.3 --seed 1 unequal > masked
    for stream in unequal masked; do
        small --updates 5 -o m.npz "$stream"
        dssm-eval m.npz "$stream" | jq -e '.elbo | type == "number"'
        dssm-infer m.npz "$stream" | seq-check
    done
    printf 'x.0,x.1\n1,2\n2,3\n3,4\n' > free.csv
    seq-convert free.csv -o free.msgpack
    small --updates 5 -o m.npz free.msgpack
    rollout -k 1 m.npz free.msgpack | seq-check
}

@test "beliefs: smoothed, filtered, and the same filtered ones online, with and without gaps" {
    seq-mask --rate 0.2 --seed 3 "$S" > gaps
    for stream in "$S" gaps; do
        dssm-infer "$M" "$stream" > smoothed
        dssm-infer --filtered "$M" "$stream" > filtered
        seq-check smoothed filtered
        seq-mse --a z smoothed filtered | jq -e '.mse > 1e-6'
        for pieces in 1 4; do
            seq-split --pieces $pieces "$stream" | dssm-infer --online "$M" > online
            dssm-infer --filtered "$M" "$stream" | seq-split --pieces $pieces > parts
            near z parts online
            near z_cov parts online
        done
    done
}

@test "the last beliefs are the same, smoothed or filtered" {
    dssm-infer "$M" "$S" | seq-convert --to jsonl | jq -c 'select(.id) | .z[-1]' > smoothed
    dssm-infer --filtered "$M" "$S" | seq-convert --to jsonl | jq -c 'select(.id) | .z[-1]' > filtered
    [ "$(grep -c . smoothed)" -eq 10 ]
    cmp smoothed filtered
}

@test "a filter version's own beliefs are filtered, and it learns by the same bound" {
    small --filter -o f.npz "$DATA"
    dssm-infer f.npz "$S" > own
    dssm-infer --filtered "$M" "$S" > filtered
    near z own filtered
    dssm-info f.npz | grep -q "kvae (Kalman VAE), filter version"
}

@test "predictions look at the first frames alone, from the first state and from the last one seen" {
    seq-mask --steps 6- "$S" > dark
    for from in smoothed filtered; do
        rollout --from $from "$M" "$S" > light.out
        rollout --from $from "$M" dark > dark.out
        seq-mse --a x_pred light.out dark.out | jq -e '.n > 0 and .mse == 0'
        rollout --from $from -k 4 "$M" "$S" > less.out
        seq-mse --a x_pred --steps 6- light.out less.out | jq -e '.mse > 0'
    done
}

@test "generation, with controls and beyond an end" {
    rollout --generate 4 --steps 30 --controls uniform --u-max 5 --sample "$M" > generated
    seq-check generated
    seq-info --json generated | jq -e '.records == 4'
    rollout --horizon 7 "$M" "$S" | seq-check
}

@test "the model's file: kind, settings, groups, and numbers that are numbers" {
    dssm-info --json "$M" | jq -e '.kind == "kvae" and .settings.bases == 4 and .settings.lstm_units == 8'
    unzip -q "$M" -d m
    for tensor in lstm.W lstm.U lstm.first_input mix.weight bases.A_minus_I bases.B bases.C_minus_I log_Q log_R first.mean; do
        assert_file_exist "m/$tensor.npy"
    done
}

@test "a command line that is wrong" {
    refuses 2 "--aux: expected at most the latent size 2, got 3" kvae-train -o m.npz --latent 2 --aux 3 "$DATA"
    refuses 2 "--lstm-unit" kvae-train -o m.npz --lstm-unit 3 "$DATA"
    refuses 2 "--bases" kvae-train -o m.npz --bases 0 "$DATA"
    [ ! -e m.npz ]
}
