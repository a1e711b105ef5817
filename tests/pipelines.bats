#!/usr/bin/env bats
# The pipelines' own scripts: tables from made-up evaluations, where medians, bars and orderings are known; jobs at a tiny size.

setup() {
    load tool/helper
    BIN=$(dirname "$(command -v ekvae-train)")
    export BIN DATA=data
    JOB=("$ROOT/pipelines/job" rows.tsv)
}

# evaluation ROW SEED ANGLE VELOCITY SMOOTHED FIRST_11 FILTERED: one training's results, of 60 wall and 30 + 3 processor seconds
evaluation() {
    mkdir -p "runs/$1"
    jq -n "{r2_angle: $3, r2_velocity: $4, r2_velocity_cubic: 0.5, mse_smoothed: $5, mse_smoothed_first_11: $6, mse_filtered: $7, elbo: 11000, distortion_excess: 40, rate: 25}" >"runs/$1/$2.json"
    printf '40 20 2\n20 10 1\n' >"runs/$1/$2.time"
}

table() { "$ROOT/pipelines/table" "$1" "$2" "$3" runs "${@:4}"; }

# field ROW METRIC NAME: of the TSV in the file table.tsv
field() { awk -F '\t' -v row="$1" -v metric="$2" -v name="$3" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } $2 == row && $3 == metric { print $c }' table.tsv; }

@test "table: median, worst, published and bars of constrained optimisation" {
    evaluation vhp-ekvae-co 1 0.981 0.999 1e-4 1e-4 1e-5
    evaluation vhp-ekvae-co 2 0.990 0.987 3e-4 1e-4 1e-5
    evaluation vhp-ekvae-co 3 0.985 0.9 1.98e-4 1e-4 1e-5
    table 1a vhp-ekvae-co "1 2 3" tsv >table.tsv
    assert_equal "$(field vhp-ekvae-co r2_angle median)" 0.985
    assert_equal "$(field vhp-ekvae-co r2_angle worst)" 0.981
    assert_equal "$(field vhp-ekvae-co r2_angle holds)" yes
    assert_equal "$(field vhp-ekvae-co r2_velocity median)" 0.987
    assert_equal "$(field vhp-ekvae-co r2_velocity bar)" 0.988
    assert_equal "$(field vhp-ekvae-co r2_velocity holds)" no
    assert_equal "$(field vhp-ekvae-co mse_smoothed worst)" 0.0003
    assert_equal "$(field vhp-ekvae-co mse_smoothed published)" 0.000199
    assert_equal "$(field vhp-ekvae-co mse_smoothed holds)" yes
    assert_equal "$(field vhp-ekvae-co seconds median)" 60
    assert_equal "$(field vhp-ekvae-co cpu_seconds median)" 33
    assert_equal "$(field vhp-ekvae-co elbo holds)" -
    run table 1a vhp-ekvae-co "1 2 3" md
    assert_line --regexp '^\| vhp-ekvae-co \| median of 3 \| 0\.985 .* 1\.98e-4 '
    assert_output --partial "Bars: 2 of 3 hold"
    assert_output --partial "Trainings: 3, 3.0 minutes in sum"
}

@test "table: rows that are not there are those of an earlier table" {
    evaluation ekvae-co 1 0.981 0.999 1e-4 1e-4 1e-5
    mkdir kept
    { echo "# made long ago" && table 1a ekvae-co 1 tsv; } >kept/table-1a.tsv
    rm -r runs/ekvae-co
    evaluation vhp-ekvae-co 1 0.990 0.987 3e-4 1e-4 1e-5
    table 1a "vhp-ekvae-co ekvae-co dks-co" 1 tsv kept >table.tsv
    assert_equal "$(field ekvae-co r2_angle median)" 0.981
    assert_equal "$(field vhp-ekvae-co r2_angle median)" 0.99
    assert_equal "$(field dks-co r2_angle median)" ""
    run table 1a "vhp-ekvae-co ekvae-co" 1 md kept
    assert_line --partial "Trainings: 1, 1.0 minutes in sum"
    assert_line "Kept from earlier, made long ago: ekvae-co."
    # and they stay of then when the joint table is kept in its turn
    mkdir again
    { echo "# made lately" && cat table.tsv; } >again/table-1a.tsv
    run table 1a "vhp-ekvae-co ekvae-co" 2 md again
    assert_line "Kept from earlier, made lately: vhp-ekvae-co."
    cut -f 1-9 again/table-1a.tsv >again/old && mv again/old again/table-1a.tsv # of before there was such a column
    assert_equal "$(table 1a ekvae-co 2 md again | grep Kept)" "Kept from earlier, made lately: ekvae-co."
    { echo "# made lately" && cat table.tsv; } >again/table-1a.tsv
    run table 1a "vhp-ekvae-co ekvae-co" 2 md again
    assert_line "Kept from earlier, made long ago: ekvae-co."
    # what is trained goes before what is kept
    evaluation ekvae-co 1 0.5 0.999 1e-4 1e-4 1e-5
    table 1a ekvae-co 1 tsv kept >table.tsv
    assert_equal "$(field ekvae-co r2_angle median)" 0.5
}

@test "table: seeds and rows that were not asked for do not count" {
    evaluation ekvae-co 1 0.96 0.99 3e-4 1e-4 1e-5
    evaluation ekvae-co 2 0.1 0.1 1 1 1
    evaluation dvbs-co 1 0.96 0.99 3e-4 1e-4 1e-5
    table 1a "ekvae-co dks-co" 1 tsv >table.tsv
    assert_equal "$(field ekvae-co r2_angle median)" 0.96
    assert_equal "$(cut -f 2 table.tsv | sort -u | tr '\n' ' ')" "ekvae-co row "
}

@test "table: annealing has no bar, and what is no number is the worst" {
    evaluation ekvae-annealing 1 0.99 0.99 1e-4 1e-4 1e-5
    evaluation ekvae-annealing 2 null 0.99 null 1e-4 1e-5
    evaluation ekvae-annealing 3 0.8 0.99 2e-4 1e-4 1e-5
    table 1a ekvae-annealing "1 2 3" tsv >table.tsv
    assert_equal "$(field ekvae-annealing r2_angle holds)" -
    assert_equal "$(field ekvae-annealing r2_angle median)" 0.8
    assert_equal "$(field ekvae-annealing r2_angle worst)" -inf
    assert_equal "$(field ekvae-annealing mse_smoothed median)" 0.0002
    assert_equal "$(field ekvae-annealing mse_smoothed worst)" inf
}

@test "table: orderings hold or do not" {
    evaluation vhp-ekvae-co 1 0.99 0.99 2e-4 1e-4 1e-5
    evaluation ekvae-co 1 0.99 0.99 1e-4 1e-4 1e-5
    evaluation ekvae-annealing 1 0.99 0.99 5e-4 1e-4 1e-5
    evaluation vhp-dvbs-co 1 0.99 0.99 3e-4 1e-4 1e-5
    evaluation dvbs-annealing 1 0.99 0.99 4e-4 1e-4 1e-5
    run table 1a "vhp-ekvae-co ekvae-co ekvae-annealing vhp-dvbs-co dvbs-annealing" 1 md
    assert_line -- "- vhp-ekvae-co 2.00e-4 < ekvae-co 1.00e-4: **does not hold**"
    assert_line -- "- ekvae-co 1.00e-4 < ekvae-annealing 5.00e-4: holds"
    assert_line -- "- vhp-dvbs-co 3.00e-4 < dvbs-annealing 4.00e-4: holds"
    assert_line -- "- best EKVAE (ekvae-co) 1.00e-4 < best of the other models (vhp-dvbs-co) 3.00e-4: holds"
}

@test "table 2: filtered against smoothed over the same steps, and the EKVAE of table 1a" {
    evaluation vhp-kvae-co 1 0.975 0.04 3e-3 2e-3 5e-4
    evaluation vhp-rssm-co 1 0.9 0.04 3e-3 1e-3 5e-4
    evaluation vhp-ekvae-co 1 0.99 0.99 2e-4 1e-4 1e-5
    table 2 "vhp-kvae-co vhp-rssm-co" 1 tsv >table.tsv
    assert_equal "$(field vhp-kvae-co ratio median)" 6
    assert_equal "$(field vhp-kvae-co ratio published)" "$(jq -n '2.87e-3 / 4.24e-4')"
    assert_equal "$(field vhp-kvae-co ratio_11 median)" 4
    assert_equal "$(field vhp-kvae-co ratio_11 holds)" yes
    assert_equal "$(field vhp-kvae-co r2_angle holds)" no
    assert_equal "$(field vhp-kvae-co r2_velocity bar)" -
    assert_equal "$(field vhp-rssm-co ratio_11 holds)" no
    run table 2 "vhp-kvae-co vhp-rssm-co" 1 md
    assert_line -- "- best EKVAE (vhp-ekvae-co) 2.00e-4 < best of the other models (vhp-kvae-co) 3.00e-3: holds"
    assert_line --regexp "^- vhp-kvae-co: .* 6\.0 times, over the same number of steps 4\.0 times: holds"
}

# arm ROW SEED UNWRAPPED SHOULDER WRIST SHOULDER_VELOCITY WRIST_VELOCITY SMOOTHED FLOOR: one training's results on the reacher
arm() {
    mkdir -p "runs/$1"
    jq -n "{r2_unwrapped: $3, r2_shoulder: $4, r2_wrist: $5, r2_shoulder_velocity: $6, r2_wrist_velocity: $7, r2_shoulder_velocity_cubic: 0.5, r2_wrist_velocity_cubic: 0.5, r2_shoulder_cubic: 0.6,
        mse_smoothed: $8, mse_floor: $9, elbo: 110, distortion_excess: 40, rate: 25}" >"runs/$1/$2.json"
    printf '40 20 2\n' >"runs/$1/$2.time"
}

@test "table 1b: the four states, the shoulder as it stands, and an error near the simulator's" {
    arm angle-vhp-ekvae-co 1 0.98 0.1 0.99 0.97 0.98 3e-4 1.4e-4
    arm angle-vhp-ekvae-co 2 0.97 0.1 0.99 0.99 0.98 2e-4 1.5e-4
    arm angle-vhp-ekvae-co 3 0.99 0.1 0.99 0.98 0.98 4e-4 1.6e-4
    arm angle-vhp-dvbs-co 1 0.99 0.1 0.99 0.98 0.99 4e-4 1e-4
    arm angle-ekvae-annealing 1 0.5 0.1 0.5 0.5 0.5 2e-4 1e-4
    arm angle-paper-vhp-ekvae-co 1 0.99 0.1 0.99 0.98 0.98 2.1e-5 1e-6
    table 1b "angle-vhp-ekvae-co angle-ekvae-annealing angle-vhp-dvbs-co angle-paper-vhp-ekvae-co" "1 2 3" tsv >table.tsv
    assert_equal "$(field angle-vhp-ekvae-co r2_angle1 median)" 0.98
    assert_equal "$(field angle-vhp-ekvae-co r2_angle1 published)" 0.988
    assert_equal "$(field angle-vhp-ekvae-co r2_angle1 holds)" yes
    assert_equal "$(field angle-vhp-ekvae-co r2_angle2 bar)" 0.987
    assert_equal "$(field angle-vhp-ekvae-co r2_velocity1 holds)" yes
    assert_equal "$(field angle-vhp-ekvae-co mse_smoothed bar)" 0.0003 # twice the median floor
    assert_equal "$(field angle-vhp-ekvae-co mse_smoothed holds)" yes
    assert_equal "$(field angle-vhp-ekvae-co to_floor median)" 2.14286
    assert_equal "$(field angle-vhp-dvbs-co mse_smoothed bar)" 0.000275 # the published one, which is more than twice the floor
    assert_equal "$(field angle-vhp-dvbs-co mse_smoothed holds)" no
    assert_equal "$(field angle-ekvae-annealing r2_angle1 holds)" -
    assert_equal "$(field angle-paper-vhp-ekvae-co mse_smoothed holds)" yes
    run table 1b "angle-vhp-ekvae-co angle-ekvae-annealing angle-vhp-dvbs-co angle-paper-vhp-ekvae-co" "1 2 3" md
    assert_output --partial "1 is the shoulder, 2 the wrist"
    assert_line -- "- vhp-ekvae-co 3.00e-4 < ekvae-annealing 2.00e-4: **does not hold**"
    assert_line -- "- best EKVAE (ekvae-annealing) 2.00e-4 < best of the other models (vhp-dvbs-co) 4.00e-4: holds"
}

@test "table 1c: the shoulder by sine and cosine; without a floor the published error is the bar" {
    arm rgb-vhp-ekvae-co 1 0.1 0.975 0.98 0.99 0.98 1.7e-4 null
    table 1c rgb-vhp-ekvae-co 1 tsv >table.tsv
    assert_equal "$(field rgb-vhp-ekvae-co r2_angle1 median)" 0.975
    assert_equal "$(field rgb-vhp-ekvae-co r2_angle1 holds)" yes
    assert_equal "$(field rgb-vhp-ekvae-co mse_smoothed bar)" 0.000164
    assert_equal "$(field rgb-vhp-ekvae-co mse_smoothed holds)" no
    assert_equal "$(field rgb-vhp-ekvae-co mse_floor median)" inf
    assert_equal "$(field rgb-vhp-ekvae-co r2_angle1_cubic median)" 0.6
}

@test "table: nothing to show is said" {
    mkdir runs
    refuses 1 "expected evaluations" table 1a ekvae-co 1 tsv
}

@test "tables.tsv: the published rows, each once, with programs and options that exist" {
    local row program options after
    grep -v '^#' "$ROOT/pipelines/tables.tsv" >rows
    grep -v -- -paper- rows | cut -f 1,2 | sed 's/\t\(angle\|rgb\)-/\t/' | sort >ours # the same again on gentle movements are no rows of the paper's
    awk -F '\t' '!/^#/ && $1 != "table" { print $1 "\t" $3 "-" $4 }' "$ROOT/data/published.tsv" | sort -u >theirs
    diff ours theirs
    assert_equal "$(cut -f 2 rows | sort | uniq -d)" ""
    while IFS=$'\t' read -r _ row program options after; do
        # shellcheck disable=SC2086
        refuses 2 "--output: expected" "$program" $options
        # shellcheck disable=SC2086
        [ -z "$after" ] || refuses 2 "--output: expected" $after m.npz
    done <rows
}

study() { "$ROOT/pipelines/study-table" runs "$1" "$2" runs; }

@test "study-table: quartiles, failures, and those that are only folded" {
    local seed
    for seed in 1 2 3 4 5; do
        evaluation co "$seed" 0.99 "0.9$seed" "${seed}e-4" 1e-4 1e-5
        evaluation elbo "$seed" 0.5 "0.$seed" 1e-2 1e-4 1e-5
    done
    jq '.r2_velocity_cubic = 0.95' runs/elbo/2.json >folded && mv folded runs/elbo/2.json
    study "co elbo absent" "1 2 3 4 5" >all.tsv
    run "$ROOT/pipelines/study-table" summary all.tsv
    assert_success
    assert_line --regexp '^\| co +\| 5 +\| 0 \(0 folded\) +\| 0\.930 \(0\.920 to 0\.940\) \| .* \| 3\.00e-4 \(2\.00e-4 to 4\.00e-4\) \|'
    assert_line --regexp '^\| elbo +\| 5 +\| 5 \(1 folded\) +\| 0\.300 '
    refute_output --partial absent
    assert_line --partial "Trainings: 10, 10.0 minutes in sum, 5.5 minutes of processor time"
    study "co elbo" "1 2" >runs.tsv
    assert_equal "$(awk -F '\t' 'NR > 1 { print $1, $2, $4 }' runs.tsv | tr '\n' ';')" "co 1 0.91;co 2 0.92;elbo 1 0.1;elbo 2 0.2;"
    gnuplot -e "input='runs.tsv'; output='study.png'" "$ROOT/pipelines/plot/study.gp"
    assert_equal "$(head -c 4 study.png | tail -c 3)" PNG
}

@test "study-table: a study in parts is the same as at once" {
    local seed
    for seed in 1 2 3 4; do
        evaluation co "$seed" 0.99 "0.9$seed" "${seed}e-4" 1e-4 1e-5
        evaluation elbo "$seed" 0.5 "0.$seed" 1e-2 1e-4 1e-5
    done
    study "co elbo" "1 2 3 4" >all.tsv
    { echo "# made once"; study "co elbo" "1 2"; } >first.tsv
    study "co elbo" "3 4" >second.tsv
    "$ROOT/pipelines/study-table" join first.tsv second.tsv | diff all.tsv -
    "$ROOT/pipelines/study-table" summary first.tsv second.tsv | diff <("$ROOT/pipelines/study-table" summary all.tsv) -
    run "$ROOT/pipelines/study-table" join first.tsv all.tsv
    assert_failure
    assert_output "study-table: all.tsv: co with seed 1 is there twice"
    run "$ROOT/pipelines/study-table" summary "$ROOT/pipelines/study.tsv"
    assert_failure
    assert_output --partial "expected columns row, seed, r2_angle"
}

# what the jobs of these lists do: a line in the file ran, and where it ran
job_list() {
    for i in 1 2 3 4 5; do echo "echo $i \$PWD >>ran"; done >jobs.txt
    for i in 1 2 3 4 5; do echo "$i $PWD"; done >wanted
}

@test "study-parallel: every job once, here or on other hosts" {
    job_list
    "$ROOT/pipelines/study-parallel" jobs.txt
    diff wanted <(sort ran)
    assert_equal "$(wc -l <jobs.txt.log)" 6
    rm ran
    # hosts that are this one: a secure shell that leaves the host's name out
    cat >secure <<END
#!/bin/bash
while [[ \$1 == -* ]]; do shift; done
echo "\$1" >>'$PWD/hosts'
shift
[ "\$1" != -- ] || shift
cd / && SHELL=/bin/bash exec bash -c "\$*" # sshd sets SHELL
END
    chmod +x secure
    PARALLEL_SSH=$PWD/secure "$ROOT/pipelines/study-parallel" jobs.txt one two
    diff wanted <(sort ran)
    grep -q one hosts
    grep -q two hosts
}

@test "study-parallel: a job that fails is told, and no other is lost" {
    job_list
    sed -i '2s/.*/false/' jobs.txt
    run "$ROOT/pipelines/study-parallel" jobs.txt
    assert_failure
    [ "$(wc -l <ran)" -eq 4 ]
}

@test "study-slurm: an array with a task for each job" {
    job_list
    # sbatch as the manual has it: options with their values, the array's tasks one after the other, --wrap through sh
    cat >sbatch <<'END'
#!/bin/bash
while [ $# -gt 0 ]; do
    case $1 in
    --array) first=${2%-*} last=${2#*-} ;;
    --wrap) script=$2 ;;
    --chdir) cd "$2" ;;
    esac
    echo "$1 $2" >>options
    shift 2
done
for task in $(seq "$first" "$last"); do SLURM_ARRAY_TASK_ID=$task sh -c "$script"; done
END
    chmod +x sbatch
    PATH=$PWD:$PATH "$ROOT/pipelines/study-slurm" jobs.txt --partition short
    diff wanted <(sort ran)
    grep -qx -- "--partition short" options
    grep -qx -- "--array 1-5" options
}

@test "columns: chosen, in the order asked for, under other names" {
    printf '# remark\nid\tz.0\tz.1\na\t1\t2\n' >in.tsv
    run "$ROOT/pipelines/columns" y=z.1 who=id <in.tsv
    assert_output "$(printf 'y\twho\n2\ta')"
    run "$ROOT/pipelines/columns" y=z.7 <in.tsv
    assert_failure
    assert_output "columns: expected a column z.7"
}

@test "measured: when, by which commit, on which machine" {
    echo a >t.tsv
    echo b >t.md
    run "$ROOT/pipelines/measured" t.tsv "seeds 1 2"
    assert_line --index 0 --regexp "^# made $(date -u +%F) by commit .* on .* cores; seeds 1 2\$"
    assert_line --index 1 a
    run "$ROOT/pipelines/measured" t.md
    assert_line --index 0 b
    assert_line --regexp "^Made $(date -u +%F) by commit .* cores\.\$"
}

# small data in the folder data
small_data() {
    mkdir -p data
    gen-pendulum -n 12 --seed 1 -o data/train.msgpack
    gen-pendulum -n 12 --seed 2 -o data/test.msgpack
}

job() { "${JOB[@]}" "$@"; }

@test "job: trains and judges once, and anew for other options or data" {
    small_data
    printf 'x\tsmall\tekvae-train\t--updates 20 --starts 1 --d0 excess:100 --encoder 8 --decoder 8\nx\tother\tekvae-train\t--updates 4\n' >rows.tsv
    refuses 2 "expected a row named absent" job out/absent/1
    run job out/small/3
    assert_success
    assert_output --partial "small, seed 3: R² angle"
    jq -e '.sequences == 12 and .r2_angle < 1' out/small/3.json
    assert_equal "$(dssm-info --json out/small/3.npz | jq -r .training.settings.seed)" 3
    [ "$(wc -l <out/small/3.time)" -eq 1 ]
    assert_not_exists out/small/3.checkpoint
    cp -p out/small/3.npz before.npz
    run job out/small/3
    assert_success
    assert_output ""
    [ ! out/small/3.npz -nt before.npz ]
    run job out/small/3 --updates 21
    assert_output --partial "small, seed 3: R²"
    [ out/small/3.npz -nt before.npz ]
    assert_equal "$(head -n 1 out/small/3.command)" "ekvae-train --updates 20 --starts 1 --d0 excess:100 --encoder 8 --decoder 8 --seed 3 --updates 21"
    touch data/train.msgpack
    run job out/small/3 --updates 21
    assert_output --partial "small, seed 3: R²"
}

@test "job: what a row says behind its options is made of the trained model, and judged" {
    small_data
    printf 'x\tsmall\tekvae-train\t--updates 20 --starts 1 --encoder 8 --decoder 8\tdssm-calibrate --updates 5\n' >rows.tsv
    run job out/small/3
    assert_success
    assert_output --partial "small, seed 3: R² angle"
    assert_equal "$(dssm-info --json out/small/3.npz | jq -c '.history | map(.program)')" '["gen-pendulum","ekvae-train","dssm-calibrate"]'
    assert_equal "$(dssm-info --json out/small/3.npz | jq .training.calibration.updates)" 5
    assert_equal "$(dssm-eval out/small/3.npz data/test.msgpack | jq -c .)" "$(jq -c . out/small/3.json)"
    assert_not_exists out/small/3.trained.npz
    run job out/small/3
    assert_output ""
    sed -i 's/--updates 5/--updates 6/' rows.tsv
    run job out/small/3
    assert_output --partial "small, seed 3: R² angle"
    assert_equal "$(dssm-info --json out/small/3.npz | jq .training.calibration.updates)" 6
    sed -i 's/--updates 6/--updates 0/' rows.tsv
    refuses 1 "the training ended with status 2" job out/small/3
    assert_not_exists out/small/3.json
}

@test "job: one that is stopped ends with its training, leaves a checkpoint, and goes on to the same bytes" {
    small_data
    printf 'x\tlong\tekvae-train\t--updates 2000 --starts 1 --d0 excess:100 --encoder 8 --decoder 8 --checkpoint-every 20\n' >rows.tsv
    "${JOB[@]}" out/long/1 >/dev/null 2>words &
    local pid=$!
    for _ in $(seq 300); do
        [ -e out/long/1.checkpoint ] && break
        sleep 0.05
    done
    kill -TERM "$pid"
    ! wait "$pid" || fail "it ended as if all were well"
    grep -q "the same command goes on" words || fail "$(cat words)"
    assert_exists out/long/1.checkpoint
    assert_not_exists out/long/1.npz
    assert_not_exists out/long/1.json
    job out/long/1
    [ "$(wc -l <out/long/1.time)" -eq 2 ]
    job whole/long/1
    cmp <(jq -S . out/long/1.json) <(jq -S . whole/long/1.json)
}

@test "job: a training that fails is reported, and nothing is judged" {
    small_data
    printf 'x\twrong\tekvae-train\t--updates 3 --latent 1 --aux 2\n' >rows.tsv
    run job out/wrong/1
    assert_failure
    assert_output --partial "wrong, seed 1: the training ended with status 2"
    assert_not_exists out/wrong/1.json
}

@test "make: a table's rows and seeds become jobs, each once" {
    cd "$ROOT"
    run make --no-print-directory -n BIN=none REACHER=none table-1a-run table-1b-run table-1c-run table-2-run SEEDS=3
    assert_success
    assert_line --regexp "DATA=none/angle-paper SIMULATOR='gen-reacher --preset paper ' FLOOR='--cubic --unwrapped'"
    assert_line --regexp "DATA=none/rgb SIMULATOR='gen-reacher --observe rgb ' FLOOR='--cubic' "
    assert_line --regexp "gen-reacher --observe rgb --preset paper -n 500 --seed 2 -o none/rgb-paper/test.msgpack"
    local row
    while read -r row; do
        assert_equal "$(grep -c "pipelines/job pipelines/tables.tsv work/tables/$row/[123] *\$" <<<"$output")" 3
    done < <(awk -F '\t' '!/^#/ { print $2 }' pipelines/tables.tsv)
    run make --no-print-directory -n BIN=none table-1a-run ROWS=ekvae-co TABLE_TRAIN='--updates 7'
    assert_equal "$(grep -c pipelines/job <<<"$output")" 1
    assert_output --partial "work/tables/ekvae-co/1 --updates 7"
}

# pipeline GOAL... : make in the source tree, with folders of its own and trainings of no length
pipeline() {
    make --no-print-directory -C "$ROOT" BIN="$BIN" PENDULUM="$PWD/data" REACHER="$PWD/arm" TABLES="$PWD/tables" FIGURES="$PWD/figures" STUDY="$PWD/study" \
        TABLE_TRAIN="$TINY" STUDY_TRAIN="$TINY" "$@"
}
TINY='--updates 200 --starts 1 --d0 excess:100 --encoder 8 --decoder 8'

@test "make: a table from nothing, then the figures from the same models" {
    small_data
    run pipeline -j2 table-1a-run ROWS="vhp-ekvae-co ekvae-co" SEEDS=2
    assert_success
    assert_line --regexp '^\| vhp-ekvae-co \| median of 2 '
    diff <(grep -v '^make' <<<"$output" | grep '^|') <(grep '^|' tables/table-1a.md)
    assert_equal "$(wc -l <tables/table-1a.tsv)" $((1 + 2 * 9))
    local before
    before=$(stat -c %Y.%y tables/ekvae-co/1.npz)
    run pipeline -j2 figure-1-run figure-2-run figure-4-run figure-5-run FIGURE_1_ROW=vhp-ekvae-co FIGURE_2_ROWS="vhp-ekvae-co ekvae-co" \
        FIGURE_4_ROW=ekvae-co FIGURE_5_ROWS="vhp-ekvae-co ekvae-co"
    assert_success
    assert_equal "$(stat -c %Y.%y tables/ekvae-co/1.npz)" "$before"
    local n
    for n in 1 2 4 5; do
        assert_equal "$(head -c 4 "figures/figure-$n.png" | tail -c 3)" PNG
    done
    assert_equal "$(cut -f 1 figures/learning/vhp-ekvae-co/snapshots.tsv | tr '\n' ' ')" "update 100 200 "
    assert_equal "$(find figures -name '*.part')" ""
}

@test "make: the reacher's tables from few sequences, with the simulator's error, and figure 3" {
    local small='--updates 3 --starts 1 --d0 excess:100 --encoder 8 --decoder 8'
    run pipeline -j2 table-1b-run TABLE_TRAIN="$small" ROWS="angle-vhp-ekvae-co angle-paper-vhp-ekvae-co" REACHER_TRAIN=60 REACHER_TEST=12
    assert_success
    assert_line --regexp '^\| angle-paper-vhp-ekvae-co \| ours '
    jq -e '.mse_floor > 0 and .mse_floor != .mse_smoothed and .sequences == 12' tables/angle-vhp-ekvae-co/1.json
    # the same arm from the same beliefs, by hand
    seq-head -n 0 --steps 5 arm/angle/train.msgpack | rollout -q tables/angle-vhp-ekvae-co/1.npz - | seq-head -n 0 --steps 1 -o known
    rollout -q tables/angle-vhp-ekvae-co/1.npz arm/angle/test.msgpack | ols-predict --from z_pred --cubic --unwrapped known |
        gen-reacher --from-controls - --start-from s_pred -o simulated
    assert_equal "$(seq-mse arm/angle/test.msgpack simulated | jq .mse)" "$(jq .mse_floor tables/angle-vhp-ekvae-co/1.json)"
    # no floor where the arm cannot be simulated from the beliefs; any other failure is one
    mkdir failing
    ln -s "$DSSM_BIN"/* failing/
    ln -sf "$PWD/failing.sh" failing/gen-reacher
    cat >failing.sh <<'END'
#!/bin/sh
cat >/dev/null
exit "$FAILS"
END
    chmod +x failing.sh
    floor=("$ROOT/pipelines/floor" tables/angle-vhp-ekvae-co/1.npz arm/angle gen-reacher "--cubic --unwrapped")
    assert_equal "$(BIN=failing FAILS=4 "${floor[@]}" 2>/dev/null)" '{"mse_floor":null,"mse_floor_median":null}'
    run env BIN=failing FAILS=3 "${floor[@]}"
    assert_failure
    run pipeline figure-3-run TABLE_TRAIN="$small" FIGURE_3_ROW=angle-vhp-ekvae-co
    assert_success
    assert_equal "$(head -c 4 figures/figure-3.png | tail -c 3)" PNG
    assert_equal "$(head -n 1 figures/reacher/angle-vhp-ekvae-co/states.tsv | tr '\t' ' ')" "z1 z2 z3 z4 angle1 angle2 velocity1 velocity2"
    [ ! -e figures/figure-3-frames.png ]
    small='--updates 2 --starts 1 --d0 excess:100 --encoder 4 --decoder 4'
    run pipeline table-1c-run figure-3-run TABLE_TRAIN="$small" ROWS=rgb-vhp-ekvae-co REACHER_TRAIN=60 REACHER_TEST=4
    assert_success
    assert_equal "$(head -c 4 figures/figure-3-frames.png | tail -c 3)" PNG
}

@test "make: told to stop, it leaves checkpoints and no training behind, and goes on from them" {
    small_data
    local long="$TINY --updates 2000 --checkpoint-every 20"
    make --no-print-directory -C "$ROOT" BIN="$BIN" PENDULUM="$PWD/data" TABLES="$PWD/tables" TABLE_TRAIN="$long" ROWS=ekvae-co table-1a-run >words 2>&1 &
    local pid=$!
    for _ in $(seq 300); do
        [ -e tables/ekvae-co/1.checkpoint ] && break
        sleep 0.05
    done
    kill -TERM "$pid"
    ! wait "$pid" || fail "it ended as if all were well"
    # whoever trains holds the lock
    flock -w 10 tables/ekvae-co/1.command true
    grep -q "the same command goes on" words || fail "$(cat words)"
    assert_not_exists tables/ekvae-co/1.npz
    run pipeline table-1a-run ROWS=ekvae-co TABLE_TRAIN="$long"
    assert_success
    [ "$(wc -l <tables/ekvae-co/1.time)" -eq 2 ]
}

@test "make: the annealing study from nothing, and its list of jobs" {
    small_data
    run pipeline -j2 annealing-study-run SEEDS=1 STUDY_TRAIN="$TINY --updates 10"
    assert_success
    assert_equal "$(wc -l <study/jobs.txt)" 8
    assert_line --regexp '^\| annealing-late +\| 1 +\| 1 '
    [ -s study/study.png ]
    # all is there: the list by hand does nothing more
    run sh -c "cd '$ROOT' && DATA='$PWD/data' sh '$PWD/study/jobs.txt'"
    assert_success
    assert_output ""
}

# made_up: episodes from the states that python's `states` gives (a list a step of each episode), with controls of 1
made_up() {
    python3 - "$@" <<'END' | seq-convert --from jsonl
import json, math, sys
exec(sys.argv[1])
for i, s in enumerate(states):
    print(json.dumps({"id": "episode-%06d" % i, "u": [[-1]] * len(s), "s": s}))
END
}

# held FILE: its column `holds` in one line
held() { tail -n +2 "$1" | cut -f 4- | tr '\n\t' '  '; }

@test "episodes: upright within 10 degrees for 40 steps, over any number of turns" {
    made_up 'd = math.pi / 180
states = [[[a * d, 0]] * 120 + [[b * d, 0]] * 40 for a, b in ((90, 0), (90, 369.9), (0, -10.1))] + [[[0, 0]] * 119 + [[1, 0]] + [[0.1, 0]] * 40, [[0, 0]] * 120 + [[0.2, 0]] + [[0, 0]] * 39]' >runs
    "$ROOT/pipelines/episodes" upright <runs >upright.tsv
    assert_equal "$(head -n 1 upright.tsv)" "$(printf 'episode\tdegrees_off\tlargest_control\tholds')"
    assert_equal "$(held upright.tsv)" "yes yes no yes no "
    assert_equal "$(sed -n 3p upright.tsv | cut -f 2,3 | cut -c 1-4)" 9.89
    seq-head --steps 30 runs >short
    run "$ROOT/pipelines/episodes" upright <short
    assert_failure
    assert_output --partial "expected episodes of 40 steps or more, got 30"
}

@test "episodes: turning at a speed, either way, over the last 60 steps" {
    made_up 'states = [[[0, 9]] * 100 + [[0, a], [0, b]] * 30 for a, b in ((4, 6), (4.4, 4.5), (5.2, 5.9), (-5, -5))]' >runs
    "$ROOT/pipelines/episodes" turning 5 <runs >t.tsv
    assert_equal "$(held t.tsv)" "yes no no no "
    "$ROOT/pipelines/episodes" turning -5 <runs >t.tsv
    assert_equal "$(held t.tsv)" "no no no yes "
}

@test "episodes: a fingertip at the goal's, whichever way the elbow points; the wrist beyond its limit" {
    made_up 'states = [[[0, math.pi / 2, 0, 0]], [[0.5, 0, 0, 0]], [[0, 2, 0, 0]]]' >goals # tips at (0.12, 0.12), (0.21, 0.115), …
    made_up 'states = [[[math.pi / 2, -math.pi / 2, 0, 0]] * 12, [[0.4, 0, 0, 0]] * 12, [[0, 3, 0, 0]] * 10 + [[0, 2.9, 0, 0]] + [[0, 2, 0, 0]] * 11]' >runs
    "$ROOT/pipelines/episodes" reach goals <runs >reach.tsv
    assert_equal "$(cut -f 2 reach.tsv | tail -n +2 | tr '\n' ' ')" "0.00000 0.02399 0.00000 "
    assert_equal "$(cut -f 3,5 reach.tsv | tail -n +2 | tr '\n\t' '  ')" "0.000 yes 0.000 no 6.158 yes "
    echo '{"seconds": 12.6}' >reach.jsonl
    run "$ROOT/pipelines/episodes" table reach=reach.tsv
    assert_line --regexp 'wrist at most 6.2 degrees beyond its limit *\| 0 *\| 0.024 *\| at most 0.02 *\| 2 of 3 *\| 90 of 100 *\| \*\*does not hold\*\* *\| 13 *\|$'
}

@test "episodes: tracks for gnuplot, pictures of one episode" {
    made_up 'states = [[[k * 0.5, 1] for k in range(3)], [[7, 0], [8, 0]]]' >runs
    run "$ROOT/pipelines/episodes" tracks 0.05 <runs
    assert_output "$(printf '0.000\t0.00000\t0.00000\t1.00000\n0.050\t0.50000\t0.50000\t1.00000\n0.100\t1.00000\t1.00000\t1.00000\n\n0.000\t0.00000\t7.00000\t0.00000\n0.050\t1.00000\t8.00000\t0.00000')"
    gen-pendulum -n 3 --steps 4 --size 8 >pictures
    assert_equal "$("$ROOT/pipelines/episodes" frames 1 <pictures | wc -c)" 256
}

@test "turning: a film of steady turning" {
    "$ROOT/pipelines/turning" -5 | seq-convert --from jsonl | gen-pendulum --from-controls - --gravity 0 --friction 0 | seq-convert --to jsonl | jq -es \
        'map(select(.id)) | length == 20 and all(.s[14][1] == -5 and ((.s[14][0] - .s[0][0]) * 1000 | round) == -3500)'
}
