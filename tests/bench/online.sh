#!/bin/sh
# How many pendulum frames a second dssm-infer --online answers on one core, one step a record, as a number and against `cat` of the same
# bytes through the same pipes. The time to start and to load the model is in it.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM

core() {
    if command -v taskset > /dev/null; then taskset -c 0 "$@"; else "$@"; fi
}

# seconds COMMAND...: wall time, with the pieces through a pipe.
seconds() {
    begin=$(date +%s%N)
    # shellcheck disable=SC2016
    core sh -c 'cat "$0" | "$@" > /dev/null' "$folder/pieces" "$@"
    end=$(date +%s%N)
    echo "$begin $end" | awk '{printf "%.4f", ($2 - $1) / 1e9}'
}

gen-pendulum -n 200 --seed 1 | ekvae-train -q --updates 10 -o "$folder/m.npz"
gen-pendulum -n 4000 --seed 2 | seq-split --pieces 1 -o "$folder/pieces"
frames=60000
seconds cat > /dev/null # the file is in memory now
plain=$(seconds cat)
ours=$(seconds dssm-infer --online "$folder/m.npz")
awk -v frames=$frames -v ours="$ours" -v plain="$plain" 'BEGIN {
    printf "online_frames_per_second: %.0f\n", frames / ours
    printf "online: ratio %.1f of the time of cat\n", ours / plain
}'
