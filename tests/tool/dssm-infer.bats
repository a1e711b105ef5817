# dssm-infer: beliefs of whole sequences and online, what is passed on, refusals.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 40 --size 8 --seed 1 | ekvae-train -q --starts 1 --updates 30 --encoder 16 --decoder 16 --batch 10 -o m.npz
    gen-pendulum -n 40 --size 8 --seed 1 | ekvae-train -q --starts 1 --updates 5 --filter --encoder 16 --decoder 16 --batch 10 -o f.npz
    gen-pendulum -n 60 --size 8 --seed 2 > test.msgpack
}

setup() {
    load helper
    M=$BATS_FILE_TMPDIR/m.npz
    S=$BATS_FILE_TMPDIR/test.msgpack
}

# near FIELD A B: the field of two streams agrees up to single precision's noise.
near() {
    seq-mse --a "$1" "$2" "$3" | jq -e '.n > 0 and .mse < 1e-9' > /dev/null || fail "$1 of $2 and $3: $(seq-mse --a "$1" "$2" "$3")"
}

# same FIELD A B: agrees to the bit.
same() {
    seq-mse --a "$1" "$2" "$3" | jq -e '.n > 0 and .mse == 0' > /dev/null || fail "$1 of $2 and $3: $(seq-mse --a "$1" "$2" "$3")"
}

# differ FIELD A B
differ() {
    seq-mse --a "$1" "$2" "$3" | jq -e '.mse > 1e-6' > /dev/null || fail "$1 of $2 and $3 agree"
}

@test "adds z and z_cov, passes everything else on, notes itself in the history" {
    dssm-infer "$M" "$S" > out
    seq-check out
    for field in x u s; do
        same $field "$S" out
    done
    run seq-info out
    assert_line --regexp '^z +\[T,3\] <f4 .*smoothed mean of the latent state'
    assert_line --regexp '^z_cov +\[T,3,3\] <f4 '
    assert_line --regexp '^  gen-pendulum -n 60'
    assert_line --regexp '^  dssm-infer .*m.npz'
}

@test "same records with one thread and three, and whole or not at all with -o" {
    dssm-infer --threads 1 --samples 2 "$M" "$S" > a
    dssm-infer --threads 3 --samples 2 "$M" "$S" -o b
    for field in z z_cov z_sample; do
        same $field a b
    done
    dssm-infer "$M" "$S" > c
    dssm-infer "$M" "$S" > d
    cmp c d
    head -c 20000 "$S" > cut
    refuses 5 "cut: ended after record" dssm-infer "$M" cut -o never
    assert_not_exists never
}

@test "smoothed or filtered: as asked, else as the model learned it" {
    dssm-infer --smoothed "$M" "$S" > s
    dssm-infer --filtered "$M" "$S" > f
    dssm-infer "$M" "$S" > default
    same z s default
    differ z f default
    dssm-infer "$BATS_FILE_TMPDIR/f.npz" "$S" > default
    dssm-infer --filtered "$BATS_FILE_TMPDIR/f.npz" "$S" > f
    same z f default
    seq-info f | grep -q 'filtered mean of the latent state'
}

@test "online: any cutting into pieces gives what the filter gives for the whole" {
    seq-mask --rate 0.2 --seed 3 "$S" > gaps
    for stream in "$S" gaps; do
        dssm-infer --filtered "$M" "$stream" > whole
        dssm-infer --online "$M" "$stream" > online
        near z whole online
        for pieces in 1 2 4 7; do
            seq-split --pieces $pieces whole > expected
            seq-split --pieces $pieces "$stream" | dssm-infer --online "$M" > got
            near z expected got
            near z_cov expected got
        done
    done
}

@test "online: an answer comes before the next question" {
    local trailer=26 questions answers
    seq-split --pieces 1 "$S" | seq-head -n 3 > start
    questions=$(($(wc -c < start) - trailer))
    answers=$(($(dssm-infer --online "$M" < start | wc -c) - trailer))
    mkfifo in out
    dssm-infer --online "$M" < in > out &
    exec 5> in 6< out
    head -c "$questions" start >&5 # header and three records; the pipe stays open
    run bash -c "timeout 10 head -c $answers <&6 | wc -c"
    exec 5>&- 6<&-
    assert_output "$answers"
    wait || true
}

@test "a piece of a sequence is refused where whole ones are expected" {
    seq-split --pieces 5 "$S" > pieces
    refuses_late() {
        run --separate-stderr dssm-infer "$M" pieces
        assert_failure 3
        [[ $stderr == *"record 2: id "*"goes on with the sequence before"*--online* ]]
    }
    refuses_late
}

@test "--samples: draws with shape [T,N,Dz] that depend on the seed" {
    dssm-infer --samples 3 --seed 1 "$M" "$S" > a
    dssm-infer --samples 3 --seed 1 "$M" "$S" > b
    dssm-infer --samples 3 --seed 2 "$M" "$S" > c
    seq-info a | grep -qE '^z_sample +\[T,3,3\] <f4 '
    same z_sample a b
    differ z_sample a c
    same z a c
    run seq-info "$S"
    refute_line --partial z_sample
}

@test "--decode: x_pred, what the model sees at its belief's mean" {
    dssm-infer --decode "$M" "$S" > out
    seq-check out
    run seq-info out
    assert_line --regexp '^x_pred +\[T,64\] <f4 .*mean of x at the smoothed mean of the latent state'
    seq-mse out | jq -e ".n == $((60 * 15 * 64)) and .mse < 0.1"
    seq-frames -n 2 -o sheet.png out
    assert_exists sheet.png
    # what rollout shows at the step that it rolls from, when that is the mean of the same belief
    rollout -k 15 --z1 mean "$M" "$S" | seq-head -n 0 --steps 1 > first
    seq-head -n 0 --steps 1 out > decoded
    near x_pred first decoded
    dssm-infer --filtered --decode "$M" "$S" | seq-head -n 0 --steps 7 > decoded
    rollout -k 7 --from filtered --z1 mean "$M" "$S" | seq-head -n 0 --steps 7 > seventh
    seq-mse -q --a x_pred seventh decoded | jq -e ".n == $((60 * 64)) and .mse < 1e-9"
    # it needs neither x behind it nor whole sequences
    dssm-infer --decode --drop x "$M" "$S" > without
    same x_pred out without
    seq-split --pieces 4 "$S" | dssm-infer --online --decode "$M" > online
    dssm-infer --filtered --decode "$M" "$S" | seq-split --pieces 4 > expected
    near x_pred expected online
    run seq-info "$S"
    refute_line --partial x_pred
}

@test "--drop: fields that are not passed on" {
    dssm-infer --drop x,s "$M" "$S" > out
    run seq-info out
    refute_line --regexp '^(x|s) +\['
    assert_line --regexp '^u +\['
    dssm-infer "$M" "$S" > all
    same z all out
    run --separate-stderr dssm-infer --drop y "$M" "$S"
    assert_failure 2
    [[ $stderr == *"--drop: the stream has no field y"* ]]
}

@test "a sequence of missing frames: beliefs without any sight" {
    seq-mask --rate 1 --steps 1- "$S" > blind
    dssm-infer --drop mask "$M" blind > s # masked steps would not be compared
    dssm-infer --drop mask --filtered "$M" blind > f
    near z s f
    run ols-r2 --from z --to s s
    assert_success
    seq-mask --rate 0 --steps 1- "$S" > open
    dssm-infer "$M" open > a
    dssm-infer "$M" "$S" > b
    same z a b
}

@test "refusals" {
    gen-pendulum -n 3 --size 9 > other
    run --separate-stderr dssm-infer "$M" other
    assert_failure 3
    [[ $stderr == *"other: record 1: field x: the model expects 64 numbers a step, got 81"* ]]
    run --separate-stderr dssm-infer --online "$M" other
    assert_failure 3
    [[ $stderr == *"other: record 1: field x: the model expects 64 numbers a step, got 81"* ]]
    dvbs-train -q --starts 1 --d0 excess:100 --updates 1 --encoder 8 --decoder 8 -o ahead.npz "$S"
    refuses 2 "dssm-infer: --online: ahead.npz: the model (dvbs) looks ahead and cannot go on record by record; train one with --filter" \
        dssm-infer --online ahead.npz "$S"
    refuses 2 "--smoothed: not together with --online" dssm-infer --smoothed --online "$M" "$S"
    refuses 2 "--smoothed: not together with --filtered" dssm-infer --smoothed --filtered "$M" "$S"
    refuses 3 "test.msgpack: expected an archive (.npz), got something else" dssm-infer "$S" "$S"
}

@test "a full disk is told, a reader that has gone is not" {
    run --separate-stderr bash -c "dssm-infer '$M' '$S' > /dev/full"
    assert_failure 1
    [[ $stderr == *"No space left"* ]]
    run --separate-stderr bash -c "dssm-infer --online '$M' '$S' | head -c 10"
    assert_equal "$stderr" ""
}

@test "a belief that is no number is said, not passed on in silence" {
    python3 - "$M" broken.npz << 'END'
import struct, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as a, zipfile.ZipFile(sys.argv[2], "w") as b:
    for name in a.namelist():
        data = a.read(name)
        if name == "log_R.npy":
            data = data[:-8] + struct.pack("<2f", 1e30, 1e30)
        b.writestr(name, data)
END
    run --separate-stderr dssm-infer broken.npz "$S" -o out
    assert_success
    assert_equal "$stderr" "dssm-infer: warning: record pendulum-2-000000: the belief has numbers that are not finite"
    for from in smoothed filtered; do
        run --separate-stderr rollout --from $from broken.npz "$S" -o out
        assert_success
        assert_equal "$stderr" "rollout: warning: record pendulum-2-000000: the prediction has numbers that are not finite"
    done
}
