# dssm-info: what is in a model, as text and as JSON.

setup() {
    load helper
    gen-pendulum -n 12 --size 8 --seed 1 | ekvae-train -q --starts 1 --updates 3 --encoder 16-12 --decoder 10 --batch 6 --filter -o m.npz
}

@test "text: kind, sizes, settings, training, parameters, history" {
    run dssm-info m.npz
    assert_success
    assert_line --index 0 "m.npz: ekvae (extended Kalman VAE), filter version"
    assert_line --regexp '^64 observed numbers, 1 controls and 3 latent numbers a step; [0-9]+ parameters$'
    assert_line --index 2 "goes on record by record (dssm-infer --online), carrying 13 numbers"
    assert_line --regexp '^  encoder +\[16,12\]$'
    assert_line --regexp '^  updates +3$'
    assert_line --regexp '^encoder\.0\.weight +16x64  phi +[0-9.]+$'
    assert_line --regexp '^decoder\.0\.weight +10x2  theta '
    assert_line --regexp '^transition\.F_minus_I +9x16  psi '
    assert_line --regexp '^  gen-pendulum -n 12'
    assert_line --regexp '^  ekvae-train .* -o m.npz$'
}

@test "what no update moves is shown as fixed" {
    gen-pendulum -n 12 --size 8 --seed 1 > data
    ekvae-train -q --encoder 16 --decoder 16 --starts 1 --updates 3 --first-variance 0.2 -o held.npz data
    run dssm-info held.npz
    assert_success
    assert_line --regexp '^first\.log_variance +3x1  fixed '
    assert_line --regexp '^first\.mean +3x1  phi '
}

@test "--json: the same, for programs; standard input works as well" {
    dssm-info --json m.npz > a
    dssm-info --json - < m.npz > b
    cmp a b
    assert_equal "$(jq -c '[.kind, .dx, .du, .settings.filter, .settings.encoder, .training.updates]' a)" '["ekvae",64,1,true,[16,12],3]'
    jq -e '[.parameters[] | .shape[0] * .shape[1]] | add' a > sum
    assert_equal "$(cat sum)" "$(jq .numbers a)"
    jq -e '.parameters[] | select(.name == "encoder.0.weight") | .group == "phi" and .norm > 0' a
    jq -e '.history | map(.program) == ["gen-pendulum", "ekvae-train"]' a
}

@test "a policy: goal, sizes, settings, and which model it is for" {
    gen-pendulum -n 1 --steps 1 --start upright --size 8 > goal
    gen-pendulum -n 12 --size 8 --seed 1 > train
    policy-learn -q --hidden 8 --updates 3 --horizon 4 --batch 10 --goal-position goal -o p.npz m.npz train
    crc=$(dssm-info --json m.npz | jq .crc32)
    dssm-info m.npz | grep -q "^parameters have crc32 $crc, by which policies know their model"
    run dssm-info p.npz
    assert_success
    assert_line --index 0 "p.npz: policy (mlp), learned in the model (ekvae) whose parameters have crc32 $crc"
    assert_line --index 1 "3 latent numbers and 0 of a goal in, 1 controls out; 47 parameters"
    assert_line --regexp '^  kind +position$'
    assert_line --regexp '^  hidden +\[8\]$'
    assert_line --regexp '^  updates +3$'
    assert_line --regexp '^policy\.0\.weight +8x3  omega +[0-9.]+$'
    assert_line --regexp '^state\.centre +3x1  fixed +[0-9.]+$'
    assert_line --regexp '^  policy-learn .* -o p.npz m.npz train$'
    dssm-info --json - < p.npz > a
    assert_equal "$(jq -c '[.format, .kind, .dz, .du, .dg, .model.kind, .settings.hidden, .goal.kind, .numbers]' a)" \
        '["dssm-policy","mlp",3,1,0,"ekvae",[8],"position",47]'
    jq -e --argjson crc "$crc" '.model.crc32 == $crc and (.history | map(.program) | last) == "policy-learn"' a
}

@test "what is no model is refused" {
    gen-pendulum -n 1 > stream
    refuses 3 "stream" dssm-info stream
    refuses 1 "missing.npz: No such file" dssm-info missing.npz
    head -c 2000 m.npz > cut.npz
    run --separate-stderr dssm-info cut.npz
    assert_failure
    [[ $stderr == *cut.npz* ]]
}
