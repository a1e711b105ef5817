# rollout: predictions, horizons, generated sequences, refusals. That its errors are those of dssm-eval is in dssm-eval.bats.

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

# same FIELD A B: the field of two streams agrees to the bit; differ: it does not.
same() {
    seq-mse -q --a "$1" "$2" "$3" | jq -e '.n > 0 and .mse == 0' > /dev/null || fail "$1 of $2 and $3 differ"
}
differ() {
    seq-mse -q --a "$1" "$2" "$3" | jq -e '.mse > 0' > /dev/null || fail "$1 of $2 and $3 agree"
}

@test "adds x_pred and z_pred, passes everything else on; x_pred can be drawn as x" {
    rollout "$M" "$S" > out
    seq-check out
    for field in x u s; do
        same $field "$S" out
    done
    run seq-info out
    assert_line --regexp '^x_pred +\[T,64\] <f4 '
    assert_line --regexp '^z_pred +\[T,3\] <f4 '
    assert_line --regexp '^  rollout .*m.npz'
    seq-frames --fields x,x_pred -n 4 -o sheet.png out
    assert_exists sheet.png
}

@test "frames behind the context do not matter, those in it do" {
    rollout --context 5 --z1 mean "$M" "$S" > a
    seq-mask --rate 1 --steps 6- "$S" > later
    rollout --context 5 --z1 mean "$M" later > b
    same x_pred a b
    seq-mask --rate 1 --steps 5 "$S" > within
    rollout --context 5 --z1 mean "$M" within > c
    differ x_pred a c
}

@test "one thread or three, the same seed: the same predictions; another seed: others" {
    rollout --threads 1 --sample "$M" "$S" > a
    rollout --threads 3 --sample "$M" "$S" > b
    rollout --seed 2 --sample "$M" "$S" > c
    same x_pred a b
    differ x_pred a c
    rollout --z1 mean --seed 1 "$M" "$S" > a
    rollout --z1 mean --mean --seed 2 "$M" "$S" > b
    same x_pred a b
}

@test "--from filtered: nothing before step K" {
    run --separate-stderr rollout --from filtered --context 7 -o out "$M" "$S"
    assert_success
    assert_equal "$stderr" "" # those NaNs are no reason to warn
    run --separate-stderr seq-mse out
    assert_equal "$(jq -c '[.n, .unpredicted]' <<< "$output")" "[$((60 * 9 * 64)),$((60 * 6 * 64))]"
    run --separate-stderr rollout --from filtered --context 99 -o out "$M" "$S" # the last step alone
    assert_equal "$stderr" ""
}

@test "--horizon: sequences grow, without frames and controls of their own" {
    rollout --horizon 6 --z1 mean "$M" "$S" > out
    seq-check out
    run seq-info out
    assert_line --partial "60 sequences, 1260 steps"
    assert_line --regexp '^masked steps: 360 '
    rollout --z1 mean "$M" "$S" > short
    seq-head --steps 15 out > cut
    same x_pred short cut
    same u short cut
}

@test "--controls zero: the stream's controls do not act" {
    rollout --z1 mean "$M" "$S" > given
    rollout --z1 mean --controls zero "$M" "$S" > zero
    differ x_pred given zero
    same u given zero
}

# spread FILE: the variance of z_pred over the draws of a sequence, at each step (mean of sequences and components).
spread() {
    seq-convert --to jsonl "$1" | jq -s '
        def mean: add / length;
        [.[1:] | group_by(.id | sub("#[0-9]+$"; ""))[] | map(.z_pred) | transpose
         | map(transpose | map(mean as $m | map(. - $m | . * .) | mean) | mean)]
        | transpose | map(mean)'
}

@test "--draws: each sequence N times, with draws of its own" {
    seq-head -n 30 "$S" > few
    rollout --sample --draws 3 "$M" few > a
    rollout --sample --draws 3 --threads 1 "$M" few > b
    cmp <(seq-convert --to jsonl a | tail -n +2) <(seq-convert --to jsonl b | tail -n +2)
    seq-check a
    assert_equal "$(seq-convert --to jsonl a | jq -r 'select(.id).id' | sed -n '1,4p' | paste -sd ' ')" \
        "pendulum-2-000000#1 pendulum-2-000000#2 pendulum-2-000000#3 pendulum-2-000001#1"
    for step in 1 15; do # they differ, from the first step on
        assert_equal "$(seq-convert --to jsonl a | jq -c "select(.id) | .z_pred[$step - 1]" | sort -u | wc -l)" 90
    done
    # the first is the one without --draws; what was there is there each time
    rollout --sample "$M" few > one
    cmp <(seq-convert --to jsonl one | jq -c 'select(.id) | del(.id)') <(seq-convert --to jsonl a | jq -c 'select(.id | tostring | endswith("#1")) | del(.id)')
    seq-mse one | jq -e ".n == $((30 * 15 * 64))"
    seq-mse a | jq -e ".n == $((3 * 30 * 15 * 64)) and .sequences == 90"
    seq-frames -n 3 -o sheet.png a
    assert_exists sheet.png
}

@test "--draws: the spread is that of what is drawn, and grows" {
    seq-head -n 30 "$S" > few
    rollout --z1 mean --sample --draws 10 "$M" few > a
    spread a | jq -e 'length == 15 and .[0] < 1e-10 and .[1] > 1e-6 and .[2] > .[1] and .[14] > .[2]'
    rollout --draws 10 "$M" few > b # of z_1 alone
    spread b | jq -e '.[0] > 1e-6'
    rollout --sample --draws 10 --from filtered --context 7 --horizon 2 "$M" few > c
    seq-check c
    run seq-info c
    assert_line --partial "300 sequences, 5100 steps"
    assert_line --regexp '^masked steps: 600 '
}

@test "--generate: sequences from the prior, described as what the model learned from" {
    rollout --generate 30 --steps 8 "$M" > a
    run seq-info a
    assert_line --partial "30 sequences, 240 steps"
    assert_line --regexp '^x +\[T,64\] <f4 '
    assert_line --regexp '^u +\[T,1\] <f4 +0 +0 '
    assert_line --regexp '^z +\[T,3\] <f4 '
    assert_line --regexp '^  ekvae-train '
    assert_line --regexp '^  rollout --generate 30'
    seq-frames -n 4 -o sheet.png a
    assert_exists sheet.png
    rollout -g 30 --steps 8 --threads 1 "$M" > b
    same x a b
    rollout -g 30 --steps 8 --seed 2 "$M" > c
    run seq-head -n 1 c
    run seq-mse --a x <(seq-head -n 1 a) <(seq-head -n 1 c)
    assert_failure 3 # other ids
    rollout -g 30 --steps 8 --sample "$M" > d
    differ x a d
    dssm-infer "$M" a | seq-check
}

@test "--generate with controls: drawn, or a stream's" {
    rollout -g 20 --steps 50 --controls uniform --u-max 3 "$M" > a
    run seq-info a
    read -r low high < <(awk '$1 == "u" {print $4, $5}' <<< "$output")
    jq -ne --argjson low "$low" --argjson high "$high" '$low >= -3 and $low < -2.9 and $high <= 3 and $high > 2.9'
    rollout -g 60 --controls given "$M" "$S" > b
    seq-info b | grep -q "60 sequences, 900 steps"
    run --separate-stderr rollout -g 61 --controls given "$M" "$S"
    assert_success
    [[ $stderr == *"has controls for 60 sequences, not 61"* ]]
}

@test "a terminal on standard input is no mistake when nothing is read from it" {
    command -v script > /dev/null || skip "script is not installed"
    script -qec "rollout -g 1 '$M' > out" /dev/null < /dev/null
    seq-check out
    run script -qec "rollout '$M'" /dev/null < /dev/null
    assert_failure 2
    assert_output --partial "Standard input is a terminal"
}

@test "refusals" {
    refuses 2 "--sample: not together with --mean" rollout --sample --mean "$M" "$S"
    refuses 2 "--controls uniform: only with --generate" rollout --controls uniform "$M" "$S"
    refuses 2 "--draws: nothing is drawn with --z1 mean and without --sample" rollout --draws 2 --z1 mean "$M" "$S"
    for option in --horizon=2 --draws=2 --context=5 -k5 --from=filtered --z1=mean; do
        refuses 2 ": not together with --generate" rollout -g 1 $option "$M"
    done
    refuses 2 "--context: not together with --generate" rollout -g 1 -k 5 "$M"
    refuses 2 "--steps: only with --generate" rollout --steps 15 "$M" "$S"
    refuses 2 "--u-max: only with --generate" rollout --u-max 3 "$M" "$S"
    refuses 2 "--u-max: only with --controls uniform" rollout -g 1 --u-max 3 "$M"
    refuses 2 "--steps: not together with --controls given" rollout -g 1 --steps 3 --controls given "$M" "$S"
    refuses 2 "--generate reads a stream" rollout -g 1 "$M" "$S"
    gen-pendulum -n 3 --size 9 > other
    run --separate-stderr rollout "$M" other
    assert_failure 3
    [[ $stderr == *"other: record 1: field x: the model expects 64 numbers a step, got 81"* ]]
    head -c 20000 "$S" > cut
    refuses 5 "cut: ended after record" rollout "$M" cut -o never
    assert_not_exists never
    refuses 1 "missing.npz: No such file" rollout -g 1 missing.npz
}
