# dssm-calibrate: what it changes, and what not; same seed, same bytes; what it says; refusals.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 40 --size 8 --seed 1 > train.msgpack
    gen-pendulum -n 30 --size 8 --seed 2 > test.msgpack
    ekvae-train -q --starts 1 --updates 60 --encoder 16 --decoder 16 --batch 10 -o m.npz train.msgpack
    dssm-calibrate -q --updates 150 -o c.npz m.npz train.msgpack
}

setup() {
    load helper
    M=$BATS_FILE_TMPDIR/m.npz
    C=$BATS_FILE_TMPDIR/c.npz
    DATA=$BATS_FILE_TMPDIR
}

# told FIELD: of what the calibrated model says.
told() {
    dssm-info --json "$C" | jq ".training.calibration.$1"
}

@test "frames become likelier, and innovations as large as expected" {
    jq -ne "$(told surprise_after) < $(told surprise_before) - 0.5"
    jq -ne "($(told square_after) | log | fabs) < 0.3 * ($(told square_before) | log | fabs)"
    assert_equal "$(told updates)" 150
}

@test "beliefs from means change; the bound, and predictions from samples, do not" {
    dssm-eval "$M" "$DATA/test.msgpack" > before
    dssm-eval "$C" "$DATA/test.msgpack" > after
    for key in elbo distortion rate mse_smoothed mse_filtered; do
        assert_equal "$(jq ".$key" after)" "$(jq ".$key" before)"
    done
    for key in r2_velocity mse_smoothed_mean mse_filtered_mean; do
        [ "$(jq ".$key" after)" != "$(jq ".$key" before)" ] || fail "$key is as it was"
    done
}

@test "only the calibration's tensors differ; it is in the history" {
    dssm-info --json "$M" | jq -c '.parameters[] | select(.group != "belief")' > before
    dssm-info --json "$C" | jq -c '.parameters[] | select(.group != "belief")' > after
    cmp before after
    dssm-info --json "$M" | jq -e '[.parameters[] | select(.group == "belief")] | length == 4 and all(.norm == 0)'
    dssm-info --json "$C" | jq -e '[.parameters[] | select(.group == "belief")] | all(.norm > 0)'
    dssm-info --json "$C" | jq -e '.history | map(.program) == ["gen-pendulum", "ekvae-train", "dssm-calibrate"]'
}

@test "same seed, same bytes, with any number of threads, from a pipe and from a file that stays there" {
    run -0 dssm-calibrate --threads 3 --updates 150 --quiet -o c.npz "$M" "$DATA/train.msgpack"
    dssm-calibrate -q --updates 150 -o d.npz "$M" < "$DATA/train.msgpack"
    dssm-calibrate -q --updates 150 --data-in file -o e.npz "$M" "$DATA/train.msgpack"
    for other in c.npz d.npz e.npz; do
        assert_equal "$(dssm-info --json "$other" | jq .crc32)" "$(dssm-info --json "$C" | jq .crc32)"
    done
    dssm-calibrate -q --seed 2 --updates 150 -o f.npz "$M" "$DATA/train.msgpack"
    [ "$(dssm-info --json f.npz | jq .crc32)" != "$(dssm-info --json "$C" | jq .crc32)" ]
}

@test "it says what it found; a second time there is little left to do" {
    run dssm-calibrate --updates 30 --learning-rate 0.001 -o again.npz "$C" "$DATA/train.msgpack"
    assert_success
    assert_output --regexp '^dssm-calibrate: -ln p of a step was -?[0-9.]+ and is -?[0-9.]+ nats; a squared innovation [0-9.]+ and [0-9.]+ times what was expected$'
    dssm-info --json again.npz | jq -e '.training.calibration | .surprise_before - .surprise_after < 0.3 and .learning_rate == 0.001'
    assert_equal "$(dssm-info --json again.npz | jq .training.calibration.data_crc32)" "$(dssm-info --json "$M" | jq .training.data_crc32)"
    dssm-info again.npz > said
    grep -q '^  surprise_after ' said
    grep -q '^calibration.first_log_variance *3x1  belief ' said
}

@test "the KVAE, with gaps and unequal lengths" {
    gen-pendulum -n 10 --size 8 --seed 3 > some
    gen-pendulum -n 10 --size 8 --seed 4 --steps 9 > others
    seq-cat --renumber some others | seq-mask --rate 0.3 > gaps
    kvae-train -q --starts 1 --updates 20 --encoder 16 --decoder 16 --batch 10 --bases 4 --lstm-units 8 -o k.npz gaps
    dssm-calibrate -q --updates 40 -o kc.npz k.npz gaps
    dssm-info --json kc.npz | jq -e '.training.calibration | .surprise_after < .surprise_before'
    dssm-infer kc.npz gaps | seq-check
}

@test "what a training begins with is not calibrated" {
    ekvae-train -q --starts 1 --updates 1 --encoder 16 --decoder 16 --batch 10 --from "$C" -o t.npz "$DATA/train.msgpack"
    dssm-info --json t.npz | jq -e '[.parameters[] | select(.group == "belief")] | all(.norm == 0)'
}

@test "refusals leave nothing" {
    run -2 dssm-calibrate "$M" "$DATA/train.msgpack"
    assert_output --partial "dssm-calibrate: --output: expected the name of the model's file"
    run -1 dssm-calibrate -o absent/c.npz "$M" "$DATA/train.msgpack"
    run -1 dssm-calibrate -o c.npz absent.npz "$DATA/train.msgpack"
    run -3 dssm-calibrate -o c.npz "$DATA/train.msgpack" "$DATA/train.msgpack"
    gen-pendulum -n 3 --size 6 > small
    run -3 dssm-calibrate -o c.npz "$M" small
    head -c 20000 "$DATA/train.msgpack" > short
    run -5 dssm-calibrate -o c.npz "$M" short
    dks-train -q --updates 1 --encoder 8 --decoder 8 --batch 10 -o dks.npz "$DATA/train.msgpack"
    run -2 dssm-calibrate -o c.npz dks.npz "$DATA/train.msgpack"
    assert_output --partial "dks.npz: expected a model with a Kalman filter (ekvae or kvae), got the deep Kalman smoother"
    seq-mask --steps 1- "$DATA/train.msgpack" > dark
    run -3 dssm-calibrate -o c.npz "$M" dark
    assert_output --partial "dark: field x: expected observed steps to fit noises to, got none"
    run -4 dssm-calibrate --learning-rate 10 --updates 2 -o c.npz "$C" "$DATA/train.msgpack"
    assert_output --partial "diverged"
    [ ! -e c.npz ]
}
