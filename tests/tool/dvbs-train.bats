# dvbs-train: it trains in every way, same bytes whatever threads and interruptions; its models do what any model does; refusals.

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
    dvbs-train -q --seed 3 --encoder 16 --decoder 16 --gru-units 8 --bases 4 --starts 1 --updates 30 --d0 excess:500 "$@"
}

@test "one thread, two threads: same bytes" {
    any_threads "$DATA"
}

@test "killed and run again: what an uninterrupted run gives, to the byte" {
    any_killed "$DATA"
}

@test "every objective, prior and version trains" {
    any_trains "$DATA" "$S" "--objective annealing" "--objective elbo --prior normal" "--prior normal" "--filter" "--filter --prior normal" \
        "--initial-phase all --prior-after 0" "--starts 2 --start-updates 2" "--start-hidden 8-8 --prior normal --fusion-hidden 8" \
        "--no-centred-bases --mixing-gain 1 --fusion-variance 0.02" "--positions 2" "--positions 1 --filter --shared-noise" \
        "--encoder none --positions 1" "--encoder none --filter --fusion-hidden none"
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

@test "the same with Karl's own start, and in the filter version" {
    small() {
        dvbs-train -q --seed 3 --encoder 16 --decoder 16 --gru-units 8 --bases 4 --starts 1 --updates 30 --d0 excess:500 --prior normal --filter "$@"
    }
    any_missing "$DATA"
    any_online m.npz masked
}

@test "beliefs, predictions, generated sequences, what is in the model" {
    any_chain "$M" "$S"
    any_chain "$F" "$S"
    run dssm-info "$M"
    assert_line --index 0 "$M: dvbs (deep variational Bayes smoother), smoother version"
    assert_line --regexp '^recognition\.ahead\.U +24x8  phi '
    assert_line --regexp '^transition\.F_minus_I +9x4  psi '
    run dssm-info "$F"
    assert_line --regexp '^recognition\.back\.U +24x8  phi '
    refute_line --regexp 'recognition\.ahead'
}

@test "the smoother looks ahead, the filter goes on record by record" {
    any_looks_ahead "$M" "$S"
    any_online "$F" "$S"
}

@test "without the hierarchical prior the first state is a function of its own" {
    small --prior normal -o n.npz "$DATA"
    run dssm-info n.npz
    assert_line --regexp '^first\.f\.0\.weight +64x3  psi0 '
    refute_line --regexp '^prior\.'
    run dssm-info "$M"
    assert_line --regexp '^prior\.up\.0\.weight '
    refute_line --regexp '^first\.f\.'
}

@test "what is wrong is refused" {
    refuses 2 "--gru-units" dvbs-train -o m.npz --gru-units 0 "$DATA"
    refuses 2 "--fusion-variance" dvbs-train -o m.npz --fusion-variance 0 "$DATA"
    refuses 2 "--encoder: expected at least one layer behind the convolutions, got none" dvbs-train -o m.npz --encoder conv:4/none "$DATA"
    refuses 1 "dvbs-train: absent: No such file" dvbs-train -o m.npz absent
    assert_not_exists m.npz
}
