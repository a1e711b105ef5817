# dks-train: it trains in every way, same bytes whatever threads and interruptions; its models do what any model does; refusals.

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
    dks-train -q --seed 3 --encoder 16 --decoder 16 --gru-units 8 --bases 4 --starts 1 --updates 30 --d0 excess:500 "$@"
}

@test "one thread, two threads: same bytes" {
    any_threads "$DATA"
}

@test "killed and run again: what an uninterrupted run gives, to the byte" {
    any_killed "$DATA"
}

@test "every objective, prior and version trains" {
    any_trains "$DATA" "$S" "--objective annealing" "--objective elbo --prior normal" "--prior normal" "--filter" "--filter --prior normal" \
        "--initial-phase all --prior-after 0" "--starts 2 --start-updates 2" "--transition gated" "--combiner free" \
        "--combiner correct --transition gated --filter" "--combiner-hidden 8-8 --transition-hidden 8" \
        "--no-centred-bases --mixing-gain 1" "--positions 2" "--positions 1 --filter --shared-noise" "--encoder none --positions 1" "--encoder none --filter"
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

@test "the same in the filter version, gated, with a combiner of its own" {
    small() {
        dks-train -q --seed 3 --encoder 16 --decoder 16 --gru-units 8 --starts 1 --updates 30 --d0 excess:500 --filter --transition gated \
            --combiner free "$@"
    }
    any_missing "$DATA"
    any_online m.npz masked
}

@test "beliefs, predictions, generated sequences, what is in the model" {
    any_chain "$M" "$S"
    any_chain "$F" "$S"
    run dssm-info "$M"
    assert_line --index 0 "$M: dks (deep Kalman smoother), smoother version"
    assert_line --regexp '^recognition\.ahead\.U +24x8  phi '
    assert_line --regexp '^recognition\.back\.U +24x8  phi '
    assert_line --regexp '^transition\.F_minus_I +9x4  psi '
    assert_line --regexp '^combiner\.1\.weight +9x64  phi '
    run dssm-info "$F"
    assert_line --regexp '^recognition\.back\.U +24x8  phi '
    refute_line --regexp 'recognition\.ahead'
}

@test "what the combiner gives and how the state moves are in the model" {
    small --combiner correct --transition gated -o own.npz "$DATA"
    run dssm-info own.npz
    assert_line --regexp '^transition\.W_minus_I +3x3  psi '
    assert_line --regexp '^combiner\.1\.weight +6x64  phi '
    refute_line --regexp '^transition\.F_minus_I '
    dssm-info --json own.npz | jq -e '.settings | .combiner == "correct" and .transition == "gated"'
    dssm-info --json "$M" | jq -e '.settings | .combiner == "mix" and .transition == "linear" and .centred_bases and .mixing_gain == 4'
}

@test "the smoother looks ahead, the filter goes on record by record" {
    any_looks_ahead "$M" "$S"
    any_online "$F" "$S"
}

@test "what is wrong is refused" {
    refuses 2 "--transition: expected one of gated, linear, got" dks-train -o m.npz --transition round "$DATA"
    refuses 2 "--positions: expected --transition linear, got gated" dks-train -o m.npz --positions 2 --transition gated "$DATA"
    refuses 2 "--shared-noise: expected --transition linear, got gated" dks-train -o m.npz --shared-noise --transition gated "$DATA"
    refuses 2 "--positions: expected less than the latent size 3, got 3" dks-train -o m.npz --positions 3 "$DATA"
    refuses 2 "--combiner: expected one of free, correct, mix, got" dks-train -o m.npz --combiner none "$DATA"
    refuses 2 "--mixing-gain" dks-train -o m.npz --mixing-gain -1 "$DATA"
    refuses 2 "--gru-units" dks-train -o m.npz --gru-units 0 "$DATA"
    refuses 2 "--encoder: expected at least one layer behind the convolutions, got none" dks-train -o m.npz --encoder conv:4/none "$DATA"
    refuses 1 "dks-train: absent: No such file" dks-train -o m.npz absent
    assert_not_exists m.npz
}
