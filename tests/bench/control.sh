#!/bin/sh
# How many steps a second the closed loop makes (policy-run with sim-pendulum, 16x16 images), as a number and against the filter alone
# (dssm-infer --online) over as many frames; and how long a policy's update takes against an update of the model it is learned in.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT INT TERM
cd "$folder"

# seconds COMMAND...: wall time.
seconds() {
    begin=$(date +%s%N)
    "$@" > /dev/null
    end=$(date +%s%N)
    echo "$begin $end" | awk '{printf "%.4f", ($2 - $1) / 1e9}'
}

steps=15000
gen-pendulum -n 200 --seed 1 -o train.msgpack
gen-pendulum -n 1 --steps 1 --start upright -o goal.msgpack
ekvae-train -q --starts 1 --d0 excess:100 --updates 10 -o m.npz train.msgpack
policy-learn -q --updates 10 --horizon 20 --goal-position goal.msgpack -o p.npz m.npz train.msgpack
gen-pendulum -n 1000 --seed 2 | seq-split --pieces 1 -o pieces
closed=$(seconds policy-run --steps $steps m.npz p.npz -- sim-pendulum)
open=$(seconds dssm-infer --online m.npz pieces)
learn=$(seconds policy-learn -q --updates 100 --threads 1 --goal-position goal.msgpack -o q.npz m.npz train.msgpack)
train=$(seconds ekvae-train -q --starts 1 --d0 excess:100 --updates 100 --threads 1 -o n.npz train.msgpack)
awk -v steps=$steps -v closed="$closed" -v open="$open" -v learn="$learn" -v train="$train" 'BEGIN {
    printf "closed_loop_steps_per_second: %.0f\n", steps / closed
    printf "closed_loop: ratio %.2f of the time of the filter alone\n", closed / open
    printf "policy_update: ratio %.2f of the time of an update of the model\n", learn / train
}'
