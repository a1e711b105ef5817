#!/usr/bin/env bats
# ols-predict: what it adds, what it refuses.

setup() {
    load helper
}

tiny() {
    "$ROOT/tests/tool/tiny_stream.py" "$@"
}

HEIGHT='{"s": {"dtype": "<f8", "shape": [1], "names": ["height"], "kinds": ["line"]}}'

@test "a line by hand, 2.2 + 0.6 z, applied to another stream, whose other fields stay" {
    tiny "$HEIGHT" >known <<'END'
{"id": "a", "z": [[1], [2], [3]], "s": [[2], [4], [5]]}
{"id": "b", "z": [[4], [5]], "s": [[4], [5]]}
END
    tiny '{}' >others <<<'{"id": "c", "z": [[0], [10]], "x": [[7], [8]]}'
    ols-predict known others -o told
    seq-convert told --to jsonl -o - | jq -c 'select(.id) | [.id, .x, (.s_pred | map(map(. * 1e9 | round / 1e9)))]' >got
    assert_equal "$(cat got)" '["c",[[7],[8]],[[2.2],[8.2]]]'
    seq-info --json told | jq -e '.fields.s_pred | .names == ["height"] and .kinds == ["line"]'
    cmp <(ols-predict known <others | seq-convert --to jsonl - -o - | tail -n +2) <(seq-convert told --to jsonl -o - | tail -n +2)
}

@test "an angle on a circle is told by sine and cosine, or as it stands" {
    gen-pendulum -n 60 --observe sincos --seed 1 -o known
    gen-pendulum -n 20 --observe sincos --seed 2 -o others
    ols-predict --from x known others | seq-convert --to jsonl - -o - | jq -c 'select(.id) | [.s, .s_pred] | transpose[]' >pairs
    jq -es 'all(((.[0][0] - .[1][0]) / 6.283185307179586) as $turns | ($turns - ($turns | round)) | fabs < 1e-5)' pairs
    jq -es 'all(.[1][0] | fabs < 3.1416) and any(.[0][0] | fabs > 3.1416)' pairs
    gen-pendulum -n 60 --observe angle --seed 1 -o known
    gen-pendulum -n 20 --observe angle --seed 2 | ols-predict --from x --unwrapped --name told known | seq-convert --to jsonl - -o - |
        jq -c 'select(.id) | [.s, .told] | transpose[]' >pairs
    jq -es 'all(.[0][0] - .[1][0] | fabs < 1e-5)' pairs
}

@test "cubic features tell more" {
    python3 - >folded.json <<'END'
for i in range(20):
    z = [-1 + 0.1 * i, 0.03 * i]
    print('{"id": "%d", "z": %s, "s": %s}' % (i, [[v] for v in z], [[v ** 3 - v * v] for v in z]))
END
    tiny "$HEIGHT" <folded.json >folded
    ols-predict folded folded | seq-mse --a s --b s_pred >plane
    ols-predict --cubic folded folded | seq-mse --a s --b s_pred >cubic
    jq -es '.[0].mse > 1e-3 and .[1].mse < 1e-12' plane cubic
}

@test "what does not fit is refused with its place" {
    tiny "$HEIGHT" >known <<<'{"id": "a", "z": [[1], [2]], "s": [[2], [4]]}'
    tiny '{}' >wide <<<'{"id": "c", "z": [[0, 1]]}'
    tiny '{}' >bare <<<'{"id": "c", "x": [[0, 1]]}'
    tiny "$HEIGHT" </dev/null >none
    tiny "$HEIGHT" >nothing <<<'{"id": "a", "z": [[NaN], [2]], "s": [[2], [NaN]]}'
    refuses 3 "wide: record 1: field z: expected 1 numbers a step, as before, got 2" ols-predict known wide -o out
    assert_not_exist out
    refuses 3 "bare: record 1: field z: not in the record" ols-predict known bare -o out
    refuses 3 "none: no steps to learn from" ols-predict none known
    refuses 3 "nothing: no steps to learn from" ols-predict nothing known
    refuses 3 "wide: header: field s: not described" ols-predict wide known
    refuses 2 "only one of the two streams can be standard input" ols-predict -
    head -c 200 known >short
    run ols-predict short known
    assert_equal "$status" 5
}
