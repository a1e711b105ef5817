#!/bin/sh
# How many RGB frames of 64x64 a second gen-reacher simulates, draws and writes on one core, and its time against sha256sum's on the same
# bytes. 400 sequences of 30 steps, a fifth of the published set's number.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM

# The best of three wall times of COMMAND..., seconds.
seconds() {
    for _ in 1 2 3; do
        begin=$(date +%s%N)
        "$@" > /dev/null
        end=$(date +%s%N)
        echo "$begin $end"
    done | awk '{ s = ($2 - $1) / 1e9; if (!best || s < best) best = s } END { printf "%.4f", best }'
}

gen-reacher -n 400 --observe rgb -o "$folder/stream"
cat "$folder/stream" > /dev/null
sha=$(seconds sha256sum "$folder/stream")
ours=$(seconds gen-reacher -n 400 --observe rgb --threads 1)
awk -v sha="$sha" -v ours="$ours" 'BEGIN {
    printf "reacher_frames_per_second: %.0f (4000 are 2000 sequences in 15 s)\n", 12000 / ours
    printf "gen-reacher: ratio %.1f of the time of sha256sum\n", ours / sha
}'
