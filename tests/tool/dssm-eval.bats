# dssm-eval: what it reports, against the other programs; noise, threads, unusual streams, refusals.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 40 --size 8 --seed 1 | ekvae-train -q --starts 1 --updates 30 --encoder 16 --decoder 16 --batch 10 -o m.npz
    gen-pendulum -n 60 --size 8 --seed 2 > test.msgpack
}

setup() {
    load helper
    M=$BATS_FILE_TMPDIR/m.npz
    S=$BATS_FILE_TMPDIR/test.msgpack
}

# equal KEY FILE KEY FILE: the numbers under the keys are there and agree to single precision.
equal() {
    jq -ne --slurpfile a "$2" --slurpfile b "$4" --arg p "$1" --arg q "$3" \
        '$a[0][$p] as $x | $b[0][$q] as $y | ($x | type) == "number" and ($x - $y | fabs) <= 1e-6 * ($x | fabs)' > /dev/null ||
        fail "$1 and $3 differ: $(jq ".$1" "$2") $(jq ".$3" "$4")"
}

@test "one line of JSON with every key, also from standard input" {
    dssm-eval "$M" "$S" > a
    dssm-eval "$M" < "$S" > b
    cmp a b
    assert_equal "$(wc -l < a)" 1
    assert_equal "$(jq -c '[.sequences, .steps, .observed]' a)" '[60,900,900]'
    for key in elbo distortion distortion_excess rate r2_angle r2_sin r2_cos r2_velocity r2_angle_cubic r2_velocity_cubic \
        mse_smoothed mse_smoothed_median mse_smoothed_first_11 mse_smoothed_mean mse_smoothed_mean_median mse_smoothed_mean_first_11 \
        mse_filtered mse_filtered_median mse_filtered_mean mse_filtered_mean_median; do
        [ "$(jq ".$key | type" a)" = '"number"' ] || fail "$key"
    done
    jq -e '(.elbo + .distortion + .rate | fabs) < 1e-3' a
    jq -e '(.distortion - .distortion_excess - 15 * 64 * 0.5 * (2 * 3.141592653589793 * 0.0005 | log) | fabs) < 1e-3' a
}

@test "R2 is that of dssm-infer and ols-r2, smoothed and filtered" {
    dssm-eval "$M" "$S" > smoothed
    dssm-eval --filtered "$M" "$S" > filtered
    dssm-infer "$M" "$S" | ols-r2 --cubic > a
    dssm-infer --filtered "$M" "$S" | ols-r2 --cubic > b
    for key in r2_angle r2_sin r2_cos r2_velocity r2_angle_cubic r2_velocity_cubic; do
        equal $key smoothed $key a
        equal $key filtered $key b
    done
    jq -ne --slurpfile a smoothed --slurpfile b filtered '$a[0].r2_angle != $b[0].r2_angle'
}

@test "errors of predictions are those of rollout and seq-mse" {
    dssm-eval --context 4 "$M" "$S" > a
    rollout --context 4 "$M" "$S" > p
    seq-mse p > b
    equal mse_smoothed a mse b
    equal mse_smoothed_median a median b
    seq-mse --steps 1-11 p > b
    equal mse_smoothed_first_11 a mse b
    rollout --context 4 --z1 mean "$M" "$S" | seq-mse > b
    equal mse_smoothed_mean a mse b
    equal mse_smoothed_mean_median a median b
    rollout --context 4 --from filtered "$M" "$S" | seq-mse --steps 4- > b
    equal mse_filtered a mse b
    rollout --context 4 --from filtered --z1 mean "$M" "$S" | seq-mse --steps 4- > b
    equal mse_filtered_mean a mse b
}

@test "same bytes with one thread and three; other seeds and more draws give other numbers" {
    dssm-eval --threads 1 --samples 2 "$M" "$S" > a
    dssm-eval --threads 3 --samples 2 "$M" "$S" > b
    cmp a b
    dssm-eval --seed 2 --samples 2 "$M" "$S" > c
    dssm-eval "$M" "$S" > d
    for other in c d; do
        run cmp -s a $other
        assert_failure 1
    done
}

@test "--no-noise: the seed does not matter, samples are means" {
    dssm-eval --no-noise --seed 1 "$M" "$S" > a
    dssm-eval --no-noise --seed 2 "$M" "$S" > b
    cmp a b
    equal mse_smoothed a mse_smoothed_mean a
    dssm-eval "$M" "$S" > c
    jq -ne --slurpfile a a --slurpfile c c '$a[0].rate != $c[0].rate and $a[0].r2_velocity == $c[0].r2_velocity'
}

@test "a stream without true states has no R2" {
    dssm-infer --drop s "$M" "$S" | dssm-eval "$M" > a
    jq -e 'has("r2_velocity") or has("r2_angle") | not' a
    jq -e '.mse_smoothed > 0' a
}

@test "missing frames and unequal lengths" {
    seq-mask --rate 0.3 --seed 4 "$S" > gaps
    dssm-eval "$M" gaps > a
    jq -e '.steps == 900 and .observed < 700 and .observed > 560 and (.elbo | type) == "number" and .mse_smoothed > 0' a
    seq-mask --rate 1 --steps 1- "$S" > nothing
    dssm-eval "$M" nothing > b
    jq -e '.observed == 0 and .distortion == 0 and .mse_smoothed == null and (.rate | type) == "number"' b
    seq-head -n 5 "$S" > few
    seq-head -n 30 --steps 9 "$S" > short
    seq-cat --renumber few short > both
    dssm-eval "$M" both > c
    jq -e '.sequences == 35 and .steps == 345 and .r2_angle != null' c
}

@test "--report table is a table of the same" {
    run dssm-eval --report table "$M" "$S"
    assert_success
    assert_line --regexp '^sequences +60$'
    assert_line --regexp '^r2_velocity +-?[0-9.]+$'
    assert_line --regexp '^mse_smoothed +[0-9.]+e-[0-9]+$'
}

@test "refusals name what does not fit" {
    gen-pendulum -n 3 --size 9 > other
    refuses 3 "other: field x: the model expects 64 numbers a step, got 81" dssm-eval "$M" other
    refuses 3 "test.msgpack: expected an archive (.npz), got something else" dssm-eval "$S" "$S"
    refuses 1 "missing.npz: No such file" dssm-eval missing.npz "$S"
    head -c 3000 "$S" > cut
    refuses 5 "cut: ended" dssm-eval "$M" cut
    refuses 2 "expected" dssm-eval
    refuses 2 "--context" dssm-eval --context 0 "$M" "$S"
}
