#!/usr/bin/env bats
# The runner itself: what fails must be seen to fail.

setup() { load tool/helper; }

# program NAME SCRIPT: an executable that a unit program could be
program() {
    printf '#!/bin/sh\n%s\n' "$2" >"$1"
    chmod +x "$1"
}

@test "passed cases are counted over all programs" {
    program one 'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b"'
    program two 'echo 1..1; echo "ok 1 - c"'
    run "$ROOT/tests/run" "$PWD/one" "$PWD/two"
    assert_success
    assert_output "3 passed, 0 failed"
}

@test "a failed case is printed with its words, and the status is 1" {
    program one 'echo 1..2; echo before; echo "not ok 1 - a"; echo "# 1 != 2"; echo "ok 2 - b"; exit 1'
    run "$ROOT/tests/run" "$PWD/one"
    assert_failure 1
    assert_line "FAILED $PWD/one: a"
    assert_line "    before"
    assert_line "    # 1 != 2"
    assert_line --index -1 "1 passed, 1 failed"
}

@test "a crash fails every case that was not reached" {
    # shellcheck disable=SC2016
    program one 'echo 1..3; echo "ok 1 - a"; kill -SEGV $$'
    run "$ROOT/tests/run" "$PWD/one"
    assert_failure 1
    assert_line --index -1 "1 passed, 2 failed"
}

@test "a bad status without a failed case is a failure" {
    program one 'echo 1..1; echo "ok 1 - a"; echo "leaked 3 bytes" >&2; exit 23'
    run "$ROOT/tests/run" "$PWD/one"
    assert_failure 1
    assert_output --partial "leaked 3 bytes"
    assert_line --index -1 "1 passed, 1 failed"
}

@test "a program without a case is a failure" {
    program one 'true'
    run "$ROOT/tests/run" "$PWD/one"
    assert_failure 1
    assert_output --partial "ran no case at all"
}

@test "a skipped case is named and counts as neither" {
    program one 'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b # skip no camera"'
    run "$ROOT/tests/run" "$PWD/one"
    assert_success
    assert_output --partial "no camera"
    assert_line --index -1 "1 passed, 0 failed"
}

@test "bats files count the same way" {
    printf '@test "good" { true; }\n@test "bad" { false; }\n' >two.bats
    run "$ROOT/tests/run" "$PWD/two.bats"
    assert_failure 1
    assert_output --partial "FAILED $PWD/two.bats: bad"
    assert_line --index -1 "1 passed, 1 failed"
}

@test "--only chooses files by path, else cases by name; nothing chosen is a failure" {
    printf '@test "good" { true; }\n@test "bad" { false; }\n' >two.bats
    printf '@test "other" { true; }\n' >three.bats
    run "$ROOT/tests/run" --only good "$PWD/two.bats" "$PWD/three.bats"
    assert_output "1 passed, 0 failed"
    run "$ROOT/tests/run" --only three "$PWD/two.bats" "$PWD/three.bats"
    assert_output "1 passed, 0 failed"
    run "$ROOT/tests/run" --only nowhere "$PWD/two.bats"
    assert_failure 1
}
