#!/usr/bin/env bats
# What the manual shows is run: the examples of every man page and of --help, on few sequences and with
# short trainings.

setup_file() {
    load tool/helper
    cd "$BATS_FILE_TMPDIR" || exit 1
    local name
    for name in train test validation all recording monday tuesday a b truth; do
        gen-pendulum -n 24 --seed "$(printf '%s' "$name" | cksum | cut -d' ' -f1)" -o "$name.msgpack"
    done
    cp truth.msgpack other.msgpack
    printf 'x.0,x.1,u\n1,2,3\n4,5,6\n' >mine.csv
    gen-pendulum -n 24 --observe angle -o angles.msgpack
    seq-convert angles.msgpack -o mine.csv
    ekvae-train --quiet --updates 5 --d0 excess:100 -o m.npz train.msgpack
    rollout m.npz test.msgpack -o predicted.msgpack
    dssm-infer m.npz test.msgpack -o beliefs.msgpack
    gen-pendulum -n 1 --steps 1 --start upright -o goal.msgpack
    cp test.msgpack turning.msgpack
    policy-learn --quiet --updates 2 --horizon 3 --goal-any-position -o anywhere.npz m.npz train.msgpack
    gen-reacher -n 24 --observe sincos -o arm.msgpack
    ekvae-train --quiet --updates 5 --d0 excess:100 --starts 1 --encoder 8 --decoder 8 --aux 4 --latent 6 -o arm.npz arm.msgpack
    gen-reacher -n 1 --steps 1 --observe sincos | policy-learn --quiet --updates 2 --horizon 3 --goal-position - -o reach.npz arm.npz arm.msgpack
    policy-learn --quiet --updates 2 --horizon 3 --goal-position goal.msgpack -o swing-up.npz m.npz train.msgpack
}

setup() {
    load tool/helper
    local name
    cp "$BATS_FILE_TMPDIR"/*.* .
    # the last of an option counts: examples stay as they are, but take less time
    ln -s "$ROOT/formats" formats
    cat >small <<'END'
few() { case "$*" in *--from-controls*) command "$@" ;; *) command "$@" -n 24 ;; esac; }
gen-pendulum() { few gen-pendulum "$@"; }
gen-reacher() { few gen-reacher "$@"; }
policy-learn() { command policy-learn "$@" --updates 2 --horizon 3 --quiet; }
policy-run() { command policy-run --steps 12 "$@"; }
END
    for name in $(programs | grep -- '-train$'); do
        printf '%s() { command %s "$@" --updates 5 --starts 1 --d0 excess:100 --quiet; }\n' "$name" "$name"
    done >>small
    # every part of the pipe counts; but a reader that has enough may end before its writer, which SIGPIPE (141) then ends
    cat >verdict <<'END'
for code in "${PIPESTATUS[@]}"; do [ "$code" -eq 0 ] || [ "$code" -eq 141 ] || exit "$code"; done
END
}

# The lines of a man page's EXAMPLES.
page_examples() {
    awk '/^\.Sh / { inside = /EXAMPLES/ } inside && /^\.Dl / { sub(/^\.Dl /, ""); print }' "$1" | sed 's/\\e/\\/g; s/\\&//g'
}

# The lines of --help's examples.
help_examples() {
    "$1" --help | sed -n '/^Examples:/,/^$/p' | sed '1d;$d'
}

# run_lines FROM: runs each line of standard input, in order; the first that fails fails the test.
run_lines() {
    local line count=0
    rm -f ./*.ck # of another program
    cp "$BATS_FILE_TMPDIR"/{m,swing-up}.npz . # which another program's examples may have written over
    while read -r line; do
        [ -n "$line" ] || continue
        count=$((count + 1))
        { cat small && printf '%s\n' "$line" && cat verdict; } >line.bash
        bash line.bash >line.out 2>line.err </dev/null || fail "$1: $line
$(tail -n 5 line.err)"
    done
    [ "$count" -gt 0 ] || fail "$1: no example"
}

@test "the overview page: its examples, in order" {
    page_examples "$ROOT/man/dssm-tools.7" | run_lines dssm-tools.7
}

@test "every man page's examples" {
    local page
    for page in "$ROOT"/man/*.1; do
        page_examples "$page" | run_lines "$(basename "$page")"
    done
}

@test "every program's --help examples" {
    local name
    for name in $(programs); do
        help_examples "$name" | run_lines "$name --help"
    done
}
