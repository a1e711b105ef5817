# ols-r2: what it prints, what it refuses.

setup() {
    load helper
}

tiny() {
    "$ROOT/tests/tool/tiny_stream.py" "$@"
}

@test "five rows by hand" {
    tiny '{"s": {"dtype": "<f8", "shape": [1], "names": ["height"], "kinds": ["line"]}}' > a << 'END'
{"id": "a", "z": [[1], [2], [3]], "s": [[2], [4], [5]]}
{"id": "b", "z": [[4], [5]], "s": [[4], [5]]}
END
    run ols-r2 a
    assert_success
    assert_output '{"n": 5, "r2_height": 0.6}'
    # a true state that is one number without a dimension of its own, as a table's single column is
    tiny '{"s": {"dtype": "<f8", "shape": [], "names": ["height"], "kinds": ["line"]}}' > b << 'END'
{"id": "a", "z": [[1], [2], [3]], "s": [2, 4, 5]}
{"id": "b", "z": [[4], [5]], "s": [4, 5]}
END
    run ols-r2 b
    assert_output '{"n": 5, "r2_height": 0.6}'
}

@test "an angle is judged by sine and cosine, and read from standard input" {
    run bash -c 'gen-pendulum -n 50 --observe sincos | ols-r2 --from x'
    assert_success
    jq -e '.r2_angle > 0.999999 and .r2_sin > 0.999999 and .r2_cos > 0.999999 and .r2_velocity < 0.5 and .n == 750' <<< "$output"
    assert_equal "$(jq -r 'keys_unsorted | join(" ")' <<< "$output")" "n r2_angle r2_sin r2_cos r2_unwrapped r2_velocity"
}

@test "cubic features find what is folded" {
    python3 - > folded.json << 'END'
from math import sin, cos
for i in range(20):
    steps = [(a, v) for a in (0.3 * i, 0.7 * i + 1) for v in (-2, 1, 3)]
    z = [[sin(a), cos(a), v * sin(a), v * cos(a)] for a, v in steps]
    print('{"id": "%d", "z": %s, "s": %s}' % (i, z, [[v] for a, v in steps]))
END
    tiny '{"z": {"dtype": "<f8", "shape": [4]}, "s": {"dtype": "<f8", "shape": [1], "names": ["velocity"]}}' < folded.json > folded
    run ols-r2 --cubic folded
    assert_success
    jq -e '.r2_velocity < 0.3 and .r2_velocity_cubic > 0.999999' <<< "$output"
    run ols-r2 --cubic --table folded
    assert_line --index 0 --regexp '^quantity +R2 +R2 cubic$'
    assert_line --index 1 --regexp '^velocity +0\.[0-9]{6} +1\.000000$'
}

@test "steps that are not finite are left out, and said to be" {
    tiny '{"s": {"dtype": "<f8", "shape": [1]}}' > a << 'END'
{"id": "a", "z": [[1], [NaN], [3], [4]], "s": [[2], [4], [6], [9]]}
END
    run --separate-stderr ols-r2 a
    assert_success
    assert_equal "$(jq -c '[.n, .left_out]' <<< "$output")" '[3,1]'
    [[ $stderr == *"1 of 4 steps"* ]]
    run --separate-stderr ols-r2 --quiet a
    assert_equal "$stderr" ""
}

@test "a quantity that does not vary is null" {
    tiny '{"s": {"dtype": "<f8", "shape": [1]}}' > a <<< '{"id": "a", "z": [[1], [2]], "s": [[5], [5]]}'
    run ols-r2 a
    assert_output '{"n": 2, "r2_s1": null}'
    run ols-r2 --table a
    assert_line --index 1 --regexp '^s1 +-$'
}

@test "what does not fit is refused with its place" {
    gen-pendulum -n 2 > plain
    refuses 3 "plain: record 1: field z: not in the record" ols-r2 plain
    refuses 3 "plain: header: field state: not described" ols-r2 --to state plain
    tiny '{"s": {"dtype": "<f8", "shape": [1]}}' > a <<< '{"id": "a", "z": [[1], [2]], "s": [[5], [5], [5]]}'
    refuses 3 "a: record 1: field s: expected 2 steps of 1 numbers, got 3 of 1" ols-r2 a
    printf '%s\n' '{"id": "a", "z": [[1]], "s": [[5]]}' '{"id": "b", "z": [[1, 2]], "s": [[5]]}' |
        tiny '{"s": {"dtype": "<f8", "shape": [1]}}' > b
    refuses 3 "b: record 2: field z: expected 1 numbers a step, as before, got 2" ols-r2 b
    tiny '{"s": {"dtype": "<f8", "shape": [1]}}' < /dev/null > none
    refuses 3 "none: no sequences to judge" ols-r2 none
}

@test "an input that is cut short, absent or no stream" {
    tiny '{"s": {"dtype": "<f8", "shape": [1]}}' cut > cut <<< '{"id": "a", "z": [[1]], "s": [[5]]}'
    refuses 5 "cut" ols-r2 cut
    refuses 1 "absent" ols-r2 absent
    echo nonsense > text
    refuses 3 "text" ols-r2 text
}

@test "a full disk is a failure" {
    gen-pendulum -n 2 > a
    run bash -c 'ols-r2 --from s a > /dev/full'
    assert_failure 1
}
