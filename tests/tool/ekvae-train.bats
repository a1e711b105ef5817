# ekvae-train: same seed, same bytes, whatever threads and interruptions; what stands in its files; refusals.

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    gen-pendulum -n 30 --size 8 --seed 1 > train.msgpack
    gen-pendulum -n 10 --size 8 --seed 2 > other.msgpack
    mkdir reference
    (cd reference && train)
}

setup() {
    load helper
    DATA=$BATS_FILE_TMPDIR
    REFERENCE=$BATS_FILE_TMPDIR/reference
}

# The small training of these tests, in the working folder: m.npz, m.jsonl, run.ck. The command line is the same in every folder,
# since the model's history tells it.
SMALL=(ekvae-train -q --seed 3 --encoder 16 --decoder 16 --updates 60 --starts 2 --start-updates 20 --eval-every 10
    --checkpoint-every 10 --checkpoint run.ck --metrics m.jsonl -o m.npz ../train.msgpack)

# train OPTION...
train() {
    "${SMALL[@]}" "$@"
}

# Nothing is left of a training that was refused: no model, no checkpoint, no temporary file.
nothing_left() {
    assert_equal "$(find . -name '*.npz*' -o -name '*.ck*' -o -name '*.part')" ""
}

# A new folder beside the data, to train in.
folder() {
    mkdir -p "$DATA/$1"
    cd "$DATA/$1" || exit 1
}

without_seconds() {
    jq -c 'del(.seconds)' "$1"
}

# same_metrics FILE FILE
same_metrics() {
    cmp <(without_seconds "$1") <(without_seconds "$2")
}

# same_tensors FILE FILE: everything in the archives but meta.json, byte by byte.
same_tensors() {
    python3 - "$1" "$2" << 'END'
import sys, zipfile
a, b = (zipfile.ZipFile(name) for name in sys.argv[1:])
assert a.namelist() == b.namelist() and len(a.namelist()) > 10
for name in a.namelist():
    assert name == "meta.json" or a.read(name) == b.read(name), name
END
}

@test "same seed, same bytes" {
    folder twice
    train
    cmp m.npz "$REFERENCE/m.npz"
    same_metrics m.jsonl "$REFERENCE/m.jsonl"
}

@test "another seed, another model" {
    folder seed
    train --seed 4
    run same_tensors m.npz "$REFERENCE/m.npz"
    assert_failure
}

@test "one thread, two threads, three threads: same bytes" {
    for threads in 1 2 3; do
        folder "threads$threads"
        train --threads "$threads"
        cmp m.npz "$REFERENCE/m.npz"
        same_metrics m.jsonl "$REFERENCE/m.jsonl"
    done
}

@test "without checkpoint, metrics and standard input for a file: same tensors" {
    folder plain
    ekvae-train -q --seed 3 --encoder 16 --decoder 16 --updates 60 --starts 2 --start-updates 20 -o m.npz < ../train.msgpack
    same_tensors m.npz "$REFERENCE/m.npz"
}

# Whether a process catches SIGTERM by now: the 15th bit of its mask of caught signals.
catches_term() {
    local mask
    mask=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2> /dev/null)
    ((0x${mask:-0} & 0x4000))
}

# Stopped a random time after its first checkpoint; if it was done before, that is fine too.
stop_at_random() {
    local pid status=0
    "${SMALL[@]}" "$@" 2> words &
    pid=$!
    while { [ ! -e run.ck ] || ! catches_term "$pid"; } && kill -0 "$pid" 2> /dev/null; do
        sleep 0.01
    done
    sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
    kill -TERM "$pid" 2> /dev/null || true
    wait "$pid" || status=$?
    return "$status"
}

@test "stopped at a random moment and run again: same bytes" {
    folder long
    train --updates 300
    for round in 1 2 3; do
        folder "stopped$round"
        local status=0
        stop_at_random --updates 300 || status=$?
        if [ "$status" -ne 0 ]; then
            assert_equal "$status" 1
            grep -q "ekvae-train: stopped at update [0-9]*; the same command goes on from the checkpoint" words
            [ ! -e m.npz ]
            train --updates 300
        fi
        cmp m.npz ../long/m.npz
        same_metrics m.jsonl ../long/m.jsonl
    done
}

@test "stopped again and again" {
    folder often
    local status=1
    for _ in 1 2 3 4 5; do
        status=0
        stop_at_random --updates 300 || status=$?
        [ "$status" -eq 0 ] && break
        assert_equal "$status" 1
    done
    [ "$status" -eq 0 ] || train --updates 300
    folder often-reference
    train --updates 300
    cmp m.npz ../often/m.npz
    same_metrics m.jsonl ../often/m.jsonl
}

@test "killed without warning, it goes on from the last checkpoint" {
    folder killed
    local pid
    "${SMALL[@]}" --updates 300 2> words &
    pid=$!
    while [ ! -e run.ck ] && kill -0 "$pid" 2> /dev/null; do
        sleep 0.01
    done
    kill -KILL "$pid" 2> /dev/null || true
    wait "$pid" || true
    rm -f .m.npz.*.part .run.ck.*.part
    train --updates 300
    folder killed-reference
    train --updates 300
    cmp m.npz ../killed/m.npz
    same_metrics m.jsonl ../killed/m.jsonl
}

@test "run once more when it is done: same bytes" {
    folder again
    train
    rm m.npz
    train
    cmp m.npz "$REFERENCE/m.npz"
    same_metrics m.jsonl "$REFERENCE/m.jsonl"
}

@test "the model is a stored zip that numpy's format describes" {
    python3 - "$REFERENCE/m.npz" << 'END'
import ast, json, struct, sys, zipfile
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
meta = json.loads(z.read("meta.json"))
assert meta["format"] == "dssm-model" and meta["kind"] == "ekvae" and meta["dx"] == 64 and meta["du"] == 1
numbers = 0
for info in z.infolist():
    assert info.compress_type == zipfile.ZIP_STORED, info.filename
    if info.filename == "meta.json":
        continue
    data = z.read(info)
    assert data[:8] == b"\x93NUMPY\x01\x00", info.filename
    length = struct.unpack("<H", data[8:10])[0]
    assert (10 + length) % 16 == 0
    head = ast.literal_eval(data[10:10 + length].decode())
    assert head["descr"] == "<f4" and head["fortran_order"] is False and len(head["shape"]) == 2
    count = head["shape"][0] * head["shape"][1]
    assert len(data) == 10 + length + 4 * count
    values = struct.unpack("<%df" % count, data[10 + length:])
    assert all(abs(v) < 1e6 for v in values), info.filename
    numbers += count
assert numbers > 1000
END
}

@test "the model says where it came from" {
    unzip -p "$REFERENCE/m.npz" meta.json > meta
    assert_equal "$(jq -r '[.history[].program] | join(" ")' meta)" "gen-pendulum ekvae-train"
    jq -e '.history[1].command | test("--starts 2")' meta
    assert_equal "$(jq -c '[.history[1].seed, .training.updates, .settings.encoder, .settings.prior]' meta)" '[3,60,[16],"vhp"]'
    assert_equal "$(jq '.training.start_lagrangians | length' meta)" 2
    jq -e '.training.start as $s | .training.start_lagrangians | .[$s] == min' meta
}

@test "metrics: settings first, one JSON object a line, evaluations of both starts" {
    local lines
    lines=$(wc -l < "$REFERENCE/m.jsonl")
    assert_equal "$(jq -c type "$REFERENCE/m.jsonl" | grep -c object)" "$lines"
    while read -r line; do
        jq -e . > /dev/null <<< "$line"
    done < "$REFERENCE/m.jsonl"
    assert_equal "$(head -1 "$REFERENCE/m.jsonl" | jq -r '[.type, .settings.seed, .sequences] | join(" ")')" "settings 3 30"
    assert_equal "$(tail -n +2 "$REFERENCE/m.jsonl" | jq -r .type | sort -u)" eval
    assert_equal "$(jq -s '[.[1:][] | select(.update <= 20) | [.start, .update]] | .[0:4]' -c "$REFERENCE/m.jsonl")" '[[0,10],[0,20],[1,10],[1,20]]'
    assert_equal "$(tail -1 "$REFERENCE/m.jsonl" | jq .update)" 60
}

@test "a validation stream is evaluated as training goes, and changes nothing" {
    folder validation
    train --validation ../other.msgpack
    same_tensors m.npz "$REFERENCE/m.npz"
    tail -n +2 m.jsonl | jq -es 'all(.validation_elbo | type == "number")'
    cmp <(jq -c 'del(.seconds, .validation_distortion, .validation_rate, .validation_elbo)' m.jsonl) <(without_seconds "$REFERENCE/m.jsonl")
}

@test "every objective, prior and version trains" {
    for options in "--objective annealing" "--objective elbo" "--prior normal" "--filter" "--d0 rmse:0.1" "--d0 excess:500" "--initial-phase coders" "--positions 2" "--positions 1 --filter" "--shared-noise" \
        "--positions 2 --circles 1" "--positions 2 --circles 1 --motors 0.2 --substeps 2" "--positions 1 --latent 2 --motors 0.2 --filter" \
        "--positions 2 --circles 1 --crop-every 2" "--first-variance 0.2"; do
        # shellcheck disable=SC2086
        ekvae-train -q --encoder 16 --decoder 16 --updates 5 $options -o m.npz "$DATA/train.msgpack"
        dssm-eval m.npz "$DATA/other.msgpack" | jq -e '.elbo | type == "number"'
    done
}

# crops FOLDER OPTION...: the small training with each second update on sub-sequences.
crops() {
    folder "$1"
    train --crop-every 2 --crop-shortest 3 "${@:2}"
}

@test "sub-sequences: same bytes again, on any number of threads, and other than without" {
    crops crops
    for threads in 1 2; do
        crops "crops$threads" --threads "$threads"
        cmp m.npz ../crops/m.npz
        same_metrics m.jsonl ../crops/m.jsonl
    done
    run same_tensors m.npz "$REFERENCE/m.npz"
    assert_failure
    assert_equal "$(unzip -p m.npz meta.json | jq -c '[.training.settings.crop_every, .training.settings.crop_shortest]')" '[2,3]'
}

@test "sub-sequences: stopped at a random moment and run again: same bytes" {
    crops crops-long --updates 300
    folder crops-stopped
    local status=0
    stop_at_random --crop-every 2 --crop-shortest 3 --updates 300 || status=$?
    if [ "$status" -ne 0 ]; then
        assert_equal "$status" 1
        crops crops-stopped --updates 300
    fi
    cmp m.npz ../crops-long/m.npz
    same_metrics m.jsonl ../crops-long/m.jsonl
}

@test "sub-sequences in each update are refused" {
    refuses 2 "ekvae-train: --crop-every: expected 0 or at least 2" ekvae-train -o m.npz --crop-every 1 "$DATA/train.msgpack"
    nothing_left
}

@test "masked frames and sequences of unequal length train" {
    gen-pendulum -n 20 --size 8 --steps 9 --seed 5 | seq-cat "$DATA/train.msgpack" - | seq-mask --rate 0.3 --seed 1 > masked
    ekvae-train -q --encoder 16 --decoder 16 --updates 5 -o m.npz masked
    dssm-eval m.npz masked | jq -e '.elbo | type == "number"'
    ekvae-train -q --encoder 16 --decoder 16 --updates 30 --starts 1 --crop-every 2 --crop-shortest 1 -o m.npz masked
    dssm-eval m.npz masked | jq -e '.elbo | type == "number"'
}

# ---- refusals: status, words, and nothing under the final name ----

@test "convolutions over colour pictures" {
    load any-model
    small() {
        ekvae-train -q --seed 3 --starts 1 --updates 30 --d0 excess:500 "$@"
    }
    any_pictures
}

@test "from memory or from the file: same bytes" {
    load any-model
    small() {
        ekvae-train -q --seed 3 --encoder 16 --decoder 16 --starts 1 --updates 30 "$@"
    }
    gen-pendulum -n 20 --size 8 --steps 9 --seed 5 | seq-cat "$DATA/train.msgpack" - > uneven
    any_place uneven
}

@test "the whole training from the file, begun in memory, stopped at a random moment: same bytes" {
    folder place
    train --data-in file
    cmp "$REFERENCE/m.npz" m.npz
    rm m.npz run.ck
    train --data-in memory &
    pid=$!
    until [ -e run.ck ] || ! kill -0 $pid 2> /dev/null; do sleep 0.01; done
    kill -TERM $pid 2> /dev/null || true
    wait $pid || true
    train --data-in file
    cmp "$REFERENCE/m.npz" m.npz
}

@test "from a file that standard input is, even behind other bytes; not from a pipe" {
    train=(ekvae-train -q --encoder 16 --decoder 16 --starts 1 --updates 5 -o m.npz)
    "${train[@]}" --data-in memory < "$DATA/train.msgpack"
    mv m.npz memory.npz
    "${train[@]}" --data-in file < "$DATA/train.msgpack"
    cmp memory.npz m.npz
    printf 12345 | cat - "$DATA/train.msgpack" > behind
    (
        dd bs=5 count=1 of=/dev/null 2> /dev/null
        "${train[@]}" --data-in file
    ) < behind
    cmp memory.npz m.npz
    rm m.npz
    refuses 2 "ekvae-train: --data-in file: standard input: expected a regular file" "${train[@]}" --data-in file < <(cat "$DATA/train.msgpack")
    refuses 2 "--data-in: expected one of auto, memory, file" "${train[@]}" --data-in disk "$DATA/train.msgpack"
    assert_not_exists m.npz
}

@test "a file that changes or shrinks meanwhile: an error that names the record, no model, and a checkpoint of what was learned" {
    local way pid status
    for way in change shrink; do
        rm -f m.jsonl run.ck
        cp "$DATA/train.msgpack" own.msgpack
        ekvae-train -q --encoder 16 --decoder 16 --starts 1 --updates 1000000 --checkpoint-every 1000000 --d0 excess:500 --data-in file \
            --metrics m.jsonl --checkpoint run.ck -o m.npz own.msgpack 2> words &
        pid=$!
        until [ -s m.jsonl ] || ! kill -0 $pid 2> /dev/null; do sleep 0.01; done # the settings: the data have been read
        if [ $way = change ]; then
            head -c 20000 /dev/zero | dd of=own.msgpack bs=1000 seek=5 conv=notrunc,nocreat 2> /dev/null
        else
            truncate -s 20000 own.msgpack
        fi
        status=0
        wait $pid || status=$?
        if [ $way = change ]; then
            assert_equal $status 3
            assert_regex "$(cat words)" '^ekvae-train: own.msgpack: record [0-9]+: field x: the file has changed since it was first read$'
        else
            assert_equal $status 5
            assert_regex "$(cat words)" '^ekvae-train: own.msgpack: record [0-9]+: field x: the file ends inside it: it was shortened '
        fi
        assert_exists run.ck
        assert_not_exists m.npz
    done
}

@test "a stream that is none, or was cut short" {
    echo "this is no stream" > no
    refuses 3 "ekvae-train: no: " ekvae-train -o m.npz no
    head -c 5000 "$DATA/train.msgpack" > short
    refuses 5 "ekvae-train: short: ended after record" ekvae-train -o m.npz short
    refuses 5 "ekvae-train: standard input: " ekvae-train -o m.npz < /dev/null
    refuses 1 "ekvae-train: absent: No such file or directory" ekvae-train -o m.npz absent
    nothing_left
}

@test "numbers that are far from unit size, and sequences that go nowhere, are said to be" {
    local tiny=(ekvae-train -o m.npz --updates 3 --starts 1 --d0 excess:100 --encoder 4 --decoder 4)
    for scale in 1000 0.001; do
        awk -v k=$scale 'BEGIN { srand(1); print "id,x,u"; for (i = 0; i < 40; i++) print int(i / 10) "," k * rand() "," rand() }' | seq-convert --from csv -o far
        run --separate-stderr "${tiny[@]}" far
        assert_success
        assert_regex "$stderr" "warning: far: field x has mean .* and standard deviation .*: shift and scale it"
        run --separate-stderr "${tiny[@]}" --quiet far
        assert_equal "$stderr" ""
    done
    awk 'BEGIN { srand(1); print "id,x,u"; for (i = 0; i < 40; i++) print int(i / 10) "," rand() "," 1000 * rand() }' | seq-convert --from csv -o far
    run --separate-stderr "${tiny[@]}" far
    assert_regex "$stderr" "warning: far: field u has mean"
    seq-head -n 0 --steps 1 "$DATA/train.msgpack" -o short
    run --separate-stderr "${tiny[@]}" short
    assert_regex "$stderr" "warning: short: no sequence has two steps"
    # numbers that overflow what the training computes with: not a model of nothing
    awk 'BEGIN { print "id,x"; for (i = 0; i < 40; i++) print int(i / 10) "," (i % 2 ? 1e38 : -1e38) }' | seq-convert --from csv -o huge
    refuses 4 "ekvae-train: all 3 updates had to be skipped" "${tiny[@]}" --quiet huge
    refuses 4 "ekvae-train: all 3 updates had to be skipped" "${tiny[@]}" --starts 2 --start-updates 1 --quiet huge
}

@test "a stream without sequences, or without whole ones" {
    gen-pendulum -n 0 > empty
    refuses 3 "empty: expected at least one sequence, got none" ekvae-train -o m.npz empty
    seq-split --pieces 5 "$DATA/train.msgpack" -o pieces
    refuses 3 "pieces: record 2: id pendulum-1-000000: goes on with the sequence before" ekvae-train -o m.npz pieces
    "$ROOT/tests/tool/tiny_stream.py" '{"s": {"dtype": "<f4", "shape": [1]}}' > silent << 'END'
{"id": "a", "x": [[7], [8]], "s": [[1], [2], [3]]}
END
    refuses 3 "silent: record 1: field x: expected 3 steps as other fields have, got 2" ekvae-train -o m.npz silent
    [ ! -e m.npz ]
}

@test "--from: begins with a model's parameters, and goes on learning from there" {
    folder from
    train --from "$REFERENCE/m.npz" --learning-rate 0
    same_tensors m.npz "$REFERENCE/m.npz"
    rm m.npz run.ck m.jsonl
    train --from "$REFERENCE/m.npz"
    run same_tensors m.npz "$REFERENCE/m.npz"
    assert_failure
    assert_output --partial AssertionError
}

@test "--from: a model of other layers, of another kind, that is not there" {
    folder from-other
    refuses 3 "ekvae-train: --from: $REFERENCE/m.npz: encoder.0.weight: expected 8×64 numbers as the settings ask for, got 16×64" \
        ekvae-train -o m.npz --from "$REFERENCE/m.npz" --encoder 8 --decoder 16 ../train.msgpack
    refuses 3 "ekvae-train: --from: $REFERENCE/m.npz: encoder.1.weight: expected 16×16 numbers as the settings ask for, got 4×16" \
        ekvae-train -o m.npz --from "$REFERENCE/m.npz" --encoder 16-16 --decoder 16 ../train.msgpack
    refuses 3 "dks-train: --from: $REFERENCE/m.npz: expected a model of kind dks, got ekvae" dks-train -o m.npz --from "$REFERENCE/m.npz" ../train.msgpack
    refuses 1 "ekvae-train: absent.npz: No such file or directory" ekvae-train -o m.npz --from absent.npz ../train.msgpack
    nothing_left
}

@test "--push: at the start the last control moves the last dimension of a, quietly, and all else is as without it" {
    folder push
    train --learning-rate 0
    mv m.npz plain.npz
    rm run.ck
    train --learning-rate 0 --push 0.25 --push-variance 0.003
    python3 - << 'END'
import math, struct, zipfile
def numbers(path, name):
    data = zipfile.ZipFile(path).read(name)
    return struct.unpack("<%df" % ((len(data) - 128) // 4), data[128:])
with_push, without = "m.npz", "plain.npz"
names = zipfile.ZipFile(without).namelist()
differ = [name for name in names if name != "meta.json" and numbers(with_push, name) != numbers(without, name)]
assert differ == ["transition.B.npy", "transition.log_Q.npy"], differ
B, plain = numbers(with_push, differ[0]), numbers(without, differ[0])  # (3·1)×16: of a's two dimensions the second is row 1
assert all(abs(b - p - (0.25 if 16 <= i < 32 else 0)) < 1e-6 for i, (b, p) in enumerate(zip(B, plain)))
Q = numbers(with_push, differ[1])
assert all(abs(q - math.log(0.003 if 16 <= i < 32 else 0.01)) < 1e-5 for i, q in enumerate(Q))
END
}

@test "a command line that is wrong" {
    refuses 2 "ekvae-train: --output: expected the name of the model's file" ekvae-train "$DATA/train.msgpack"
    refuses 2 "--updates" ekvae-train -o m.npz --updates 0 "$DATA/train.msgpack"
    refuses 2 "--encodr" ekvae-train -o m.npz --encodr 16 "$DATA/train.msgpack"
    refuses 2 '--d0: expected auto, excess:N, rmse:E (both positive) or nats:N, got "5"' ekvae-train -o m.npz --d0 5 "$DATA/train.msgpack"
    refuses 2 "--aux: expected at most the latent size 2, got 3" ekvae-train -o m.npz --latent 2 --aux 3 "$DATA/train.msgpack"
    seq-head -n 2 "$DATA/train.msgpack" | seq-convert --to jsonl | jq -c 'del(.u, .fields?.u)' | seq-convert --from jsonl > free
    refuses 2 "ekvae-train: --push: expected data with controls, got none" ekvae-train -o m.npz --push 0.1 free
    refuses 2 "ekvae-train: --push: expected no --positions" ekvae-train -o m.npz --push 0.1 --positions 2 "$DATA/train.msgpack"
    refuses 2 "ekvae-train: --push: expected no --motors, which push by themselves" ekvae-train -o m.npz --push 0.1 --positions 2 --circles 1 --motors 0.2 "$DATA/train.msgpack"
    refuses 2 "ekvae-train: --substeps: expected --motors, whose steps they are" ekvae-train -o m.npz --substeps 2 --positions 2 "$DATA/train.msgpack"
    refuses 2 "ekvae-train: --first-variance: expected --aux below the latent size 2: one frame shows all of z" ekvae-train -o m.npz --first-variance 1 --latent 2 "$DATA/train.msgpack"
    refuses 2 "ekvae-train: --circles: expected at most one for two positions, of which there are 0, got 1" ekvae-train -o m.npz --circles 1 "$DATA/train.msgpack"
    refuses 2 "ekvae-train: --circles: expected --aux to be the number of positions, 3, got 2" ekvae-train -o m.npz --latent 4 --positions 3 --circles 1 "$DATA/train.msgpack"
    refuses 2 "ekvae-train: --motors: expected a velocity and a coordinate for each control, got 1 and 2 for 1 " ekvae-train -o m.npz --positions 2 --motors 0.2 "$DATA/train.msgpack"
    refuses 2 "ekvae-train: --positions: expected less than the latent size 3, got 3" ekvae-train -o m.npz --positions 3 "$DATA/train.msgpack"
    nothing_left
}

@test "folders that are not there show before the training" {
    refuses 1 "ekvae-train: absent/m.npz: No such file or directory" ekvae-train -o absent/m.npz --updates 1000000 "$DATA/train.msgpack"
    refuses 1 "ekvae-train: absent/run.ck: No such file or directory" ekvae-train -o m.npz --checkpoint absent/run.ck --updates 1000000 "$DATA/train.msgpack"
    refuses 1 "ekvae-train: absent/m.jsonl: No such file or directory" ekvae-train -o m.npz --metrics absent/m.jsonl --updates 1000000 "$DATA/train.msgpack"
    nothing_left
}

@test "a validation stream of another size" {
    gen-pendulum -n 2 --size 10 > wide
    refuses 3 "ekvae-train: wide: field x: the model expects 64 numbers a step, got 100" ekvae-train -o m.npz --validation wide "$DATA/train.msgpack"
    nothing_left
}

@test "a checkpoint of another run" {
    folder mismatch
    train
    cp run.ck before
    rm m.npz
    refuses 3 "run.ck: checkpoint is of another run: settings.seed is 3 there, 4 here" train --seed 4
    refuses 3 "run.ck: checkpoint is of another run: settings.updates is 60 there, 70 here" train --updates 70
    refuses 3 "run.ck: checkpoint is of another run: from_crc32 is null there, " train --from "$REFERENCE/m.npz"
    cmp run.ck before
    [ ! -e m.npz ]
}

@test "a training that leaves the numbers: status 4, no model, the words say where" {
    run --separate-stderr ekvae-train -q --encoder 16 --decoder 16 --learning-rate 10 --sigma-x2 1e-9 --updates 300 --checkpoint run.ck \
        --checkpoint-every 1 -o m.npz "$DATA/train.msgpack"
    assert_equal "$status" 4
    # shellcheck disable=SC2154
    [[ $stderr =~ ^ekvae-train:\ diverged\ at\ update\ [0-9]+:\ the\ (distortion|rate|gradient\'s\ norm)\ is\ -?(nan|inf|[0-9.e+]+),\ for\ 50\ updates\ in\ a\ row$ ]] ||
        fail "$stderr"
    [ ! -e m.npz ]
}

@test "a folder where a file should be, nothing observed, two things for standard output: refused before the training" {
    folder refusals
    mkdir -p place
    refuses 1 "ekvae-train: place: Is a directory" ekvae-train -o place ../train.msgpack
    refuses 1 "ekvae-train: place: Is a directory" ekvae-train -o m.npz --checkpoint place ../train.msgpack
    refuses 1 "ekvae-train: place: Is a directory" ekvae-train -o m.npz --metrics place ../train.msgpack
    seq-mask --steps 1- ../train.msgpack -o dark.msgpack
    refuses 3 "ekvae-train: dark.msgpack: field x: expected observed steps to learn from, got none" ekvae-train -o m.npz dark.msgpack
    refuses 2 "ekvae-train: --metrics: standard output has the model already" ekvae-train -o - --metrics - ../train.msgpack
    nothing_left
}

@test "a model that cannot be written: the file is named" {
    refuses 1 "ekvae-train: /dev/full: member" "${SMALL[@]:0:2}" --starts 1 --d0 excess:10 --encoder 8 --decoder 8 --updates 2 -o /dev/full \
        "$DATA/train.msgpack"
}

@test "--metrics -: lines on standard output" {
    run --separate-stderr ekvae-train -q --starts 1 --d0 excess:10 --encoder 8 --decoder 8 --updates 2 --metrics - -o m.npz "$DATA/train.msgpack"
    assert_success
    assert_equal "$(jq -r .type <<< "$output" | tr '\n' ' ')" "settings eval "
    assert_file_not_exist -
}

@test "a signal while data are awaited ends it at once" {
    mkfifo pipe
    ekvae-train -o m.npz pipe 3>&- &
    local trainer=$! status=0
    exec 4>pipe
    sleep 0.3
    kill -TERM "$trainer"
    timeout 5 tail --pid="$trainer" -f /dev/null
    exec 4>&-
    wait "$trainer" || status=$?
    assert_equal "$status" 143
}

@test "a seed beyond JSON's integers is kept as text" {
    run --separate-stderr ekvae-train -q --starts 1 --d0 excess:10 --encoder 8 --decoder 8 --updates 1 --seed 18446744073709551615 --metrics - \
        -o m.npz "$DATA/train.msgpack"
    assert_success
    assert_equal "$(head -1 <<< "$output" | jq -r .settings.seed)" 18446744073709551615
}

@test "--snapshots: models on the way, the same result" {
    folder snapshots
    mkdir on-the-way
    train --snapshots on-the-way --snapshot-every 20
    same_tensors m.npz "$REFERENCE/m.npz"
    assert_equal "$(find on-the-way -name '0[01]-0000020.npz' | wc -l)" 2
    assert_equal "$(find on-the-way -name '*-0000060.npz' | wc -l)" 1
    same_tensors on-the-way/*-0000060.npz m.npz
    dssm-eval on-the-way/00-0000020.npz ../other.msgpack | jq -e '.sequences == 10'
    assert_equal "$(dssm-info --json on-the-way/00-0000020.npz | jq .training.updates)" 20
    refuses 1 "ekvae-train: --snapshots: nowhere: expected a folder to write to" ekvae-train --snapshots nowhere -o m.npz ../train.msgpack
}

@test "starts of an annealing whose rate has no weight yet are told apart by their distortion" {
    ekvae-train -q --objective annealing --anneal-after 100 --starts 2 --start-updates 5 --updates 10 --encoder 8 --decoder 8 -o m.npz "$DATA/train.msgpack"
    dssm-info --json m.npz | jq -e '.training.start_lagrangians | length == 2 and all(. != null)'
}

@test "a bound that is out of reach is pointed out, and not with --quiet" {
    local how=(--starts 1 --lambda0 200 --updates 2 --d0 excess:0.001 --encoder 8 --decoder 8 "$DATA/train.msgpack")
    run --separate-stderr ekvae-train "${how[@]}" -o m.npz
    assert_success
    [[ $stderr == "ekvae-train: warning: update 1: the bound on the distortion is out of reach so far: D0 is excess:0.001,"* ]] || fail "$stderr"
    run --separate-stderr ekvae-train --quiet "${how[@]}" -o m.npz
    assert_success
    assert_equal "$stderr" ""
}

@test "a validation stream that nobody sees is pointed out" {
    folder unseen
    run --separate-stderr ekvae-train --encoder 4 --decoder 4 --updates 2 --starts 1 --d0 excess:9 --validation ../train.msgpack -o m.npz ../train.msgpack
    assert_success
    assert_regex "$stderr" "warning: --validation without --metrics"
}

@test "memory that is not to be had: said, and no waiting for ever" {
    sanitized && skip "sanitizers take all the addresses that there are"
    local room
    for room in 140000 180000 260000; do # kilobytes; libraries alone take some hundred thousand, OpenBLAS wants as much again
        run env OPENBLAS_NUM_THREADS=1 bash -c "ulimit -v $room; exec timeout 120 ekvae-train -q --threads 2 --encoder 16 --decoder 16 \
            --starts 1 --updates 2 -o m.npz '$DATA/train.msgpack'"
        [ "$status" -ne 0 ] && [ "$status" -ne 124 ] || fail "with $room kB: status $status"
    done
    assert_output --partial "out of memory: "
    assert_not_exists m.npz
}
