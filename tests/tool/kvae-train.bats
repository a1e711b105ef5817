# kvae-train: it trains in every way, same bytes whatever threads and interruptions; its models do what any model does; refusals.

setup_file() {
    load helper
    load any-model
    cd "$BATS_FILE_TMPDIR" || exit 1
    any_data
    small -o m.npz train.msgpack
}

setup() {
    load helper
    load any-model
    DATA=$BATS_FILE_TMPDIR/train.msgpack
    S=$BATS_FILE_TMPDIR/test.msgpack
    M=$BATS_FILE_TMPDIR/m.npz
}

small() {
    kvae-train -q --seed 3 --encoder 16 --decoder 16 --bases 4 --lstm-units 8 --starts 1 --updates 20 --d0 excess:500 "$@"
}

@test "one thread, two threads: same bytes" {
    any_threads "$DATA"
}

@test "killed and run again: what an uninterrupted run gives, to the byte" {
    any_killed "$DATA"
}

@test "every objective, prior and version trains" {
    any_trains "$DATA" "$S" "--objective annealing" "--objective elbo --prior normal" "--prior normal" "--filter" \
        "--base-decay 2 --measurement-decay 5 --dynamics-rate 3" "--initial-phase coders" "--starts 2 --start-updates 2" \
        "--latent 2 --crop-every 2" "--latent 5 --aux 3 --bases 1 --lstm-units 1"
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

@test "beliefs, predictions, generated sequences; any version goes on record by record" {
    any_chain "$M" "$S"
    any_online "$M" "$S"
    dssm-infer --smoothed "$M" "$S" > smoothed
    dssm-infer --filtered "$M" "$S" > filtered
    apart z smoothed filtered
}

@test "the last beliefs are the same, smoothed or filtered" {
    dssm-infer "$M" "$S" | seq-convert --to jsonl | jq -c 'select(.id) | .z[-1]' > smoothed
    dssm-infer --filtered "$M" "$S" | seq-convert --to jsonl | jq -c 'select(.id) | .z[-1]' > filtered
    [ "$(grep -c . smoothed)" -eq 10 ]
    cmp smoothed filtered
}

@test "a filter version's own beliefs are filtered, and it learns by the same bound" {
    small --filter -o f.npz "$DATA"
    unzip -q "$M" '*.npy' -d smoother
    unzip -q f.npz '*.npy' -d filter
    diff -r smoother filter
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

@test "a large pull keeps C's base matrices, or A's, at the identity" {
    small --updates 100 --measurement-decay 1000 -o c.npz "$DATA"
    small --updates 100 --base-decay 1000 -o a.npz "$DATA"
    for pulled in c a; do
        unzip -q -o $pulled.npz 'bases.*' -d $pulled
    done
    largest c/bases.C_minus_I c/bases.A_minus_I
    largest a/bases.A_minus_I a/bases.C_minus_I
}

# largest SMALL LARGE: no number of the first tensor is beyond 0.003, some of the second is beyond 0.03.
largest() {
    python3 - "$1.npy" "$2.npy" << 'END'
import struct, sys
def most(name):
    data = open(name, "rb").read()
    values = data[10 + struct.unpack("<H", data[8:10])[0]:]
    return max(abs(v) for v in struct.unpack("<%df" % (len(values) // 4), values))
small, large = map(most, sys.argv[1:])
assert small < 0.003 and large > 0.03, (small, large)
END
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
