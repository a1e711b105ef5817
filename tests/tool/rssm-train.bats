# rssm-train: it trains in every way, same bytes whatever threads and interruptions; its models do what any model does; refusals.

setup_file() {
    load helper
    load any-model
    cd "$BATS_FILE_TMPDIR" || exit 1
    any_data
    small -o m.npz train.msgpack
    small --filter -o f.npz train.msgpack
}

setup() {
    load helper
    load any-model
    DATA=$BATS_FILE_TMPDIR/train.msgpack
    S=$BATS_FILE_TMPDIR/test.msgpack
    M=$BATS_FILE_TMPDIR/m.npz F=$BATS_FILE_TMPDIR/f.npz
}

small() {
    rssm-train -q --seed 3 --encoder 16 --decoder 16 --gru-units 8 --ahead-units 8 --starts 1 --updates 20 --d0 excess:500 "$@"
}

@test "one thread, two threads: same bytes" {
    any_threads "$DATA"
}

@test "killed and run again: what an uninterrupted run gives, to the byte" {
    any_killed "$DATA"
}

@test "every objective, prior, mean and version trains" {
    any_trains "$DATA" "$S" "--objective annealing" "--objective elbo --prior normal" "--prior normal" "--filter" "--filter --prior normal" \
        "--initial-phase coders" "--starts 2 --start-updates 2" "--prior-mean near --start-variance 0.05" "--filter --prior-mean near" \
        "--prior-hidden 8-8 --posterior-hidden 8-8 --transition-rate 1" "--crop-every 2"
}

@test "convolutions over colour pictures" {
    any_pictures
}

@test "from memory or from the file: same bytes" {
    any_place "$DATA"
}

@test "masked frames, sequences of unequal length, no controls" {
    any_missing "$DATA"
}

@test "the same in the filter version, with a mean near the state before" {
    small() {
        rssm-train -q --seed 3 --encoder 16 --decoder 16 --gru-units 8 --starts 1 --updates 20 --d0 excess:500 --filter --prior-mean near "$@"
    }
    any_missing "$DATA"
    any_online m.npz masked
}

@test "beliefs, predictions, generated sequences, what is in the model" {
    any_chain "$M" "$S"
    any_chain "$F" "$S"
    run dssm-info "$M"
    assert_line --index 0 "$M: rssm (recurrent state-space model), smoother version"
    assert_line --regexp '^recognition\.ahead\.U +24x8  phi '
    assert_line --regexp '^transition\.gru\.U +24x8  psi '
    run dssm-info "$F"
    refute_line --regexp 'recognition'
}

@test "the smoother looks ahead, the filter goes on record by record" {
    any_looks_ahead "$M" "$S"
    any_online "$F" "$S"
}

@test "what is wrong is refused" {
    refuses 2 "--prior-mean: expected one of free, near, got" rssm-train -o m.npz --prior-mean far "$DATA"
    refuses 2 "--gru-units" rssm-train -o m.npz --gru-units 0 "$DATA"
    refuses 2 "--posterior-hidden: expected at least one layer, got none" rssm-train -o m.npz --posterior-hidden none "$DATA"
    refuses 2 "--encoder: expected at least one layer, got none" rssm-train -o m.npz --encoder none "$DATA"
    refuses 1 "rssm-train: absent: No such file" rssm-train -o m.npz absent
    assert_not_exists m.npz
}
