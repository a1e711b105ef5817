#!/usr/bin/env bats
# setup.sh with a dpkg and an apt-get of our own: it installs what is missing, and only that.

setup() {
    load tool/helper
    cp "$ROOT/setup.sh" .
    printf '# a comment\n\nalpha build\nbeta  test plot\ngamma check\nal    build\n' >packages.txt
    mkdir fake
    # dpkg knows what stands in the file installed; removed packages keep their configuration
    printf '#!/bin/sh\ncat installed\n' >fake/dpkg-query
    # shellcheck disable=SC2016
    printf '#!/bin/sh\necho "$*" >>apt.log\n[ ! -e refuse ] || { rm refuse; exit 100; }\n' >fake/apt-get
    printf '#!/bin/sh\necho "${FAKE_ID:-0}"\n' >fake/id
    printf '#!/bin/sh\nexit 1\n' >fake/sudo
    chmod +x fake/*
    touch installed apt.log
    PATH=$PWD/fake:$PATH
}

@test "nothing is missing: nothing is done" {
    printf 'ii alpha\nii  al\n' >installed
    run ./setup.sh build
    assert_success
    assert_output ""
    assert_file_empty apt.log
}

@test "what is missing for the marks is installed, and nothing else" {
    printf 'ii  alpha\nrc  al\n' >installed
    run ./setup.sh build test
    assert_success
    run cat apt.log
    assert_output --regexp ' install .* beta al ?$'
    refute_output --partial gamma
    refute_output --partial alpha
}

@test "empty package lists are fetched, and the installation tried again" {
    touch refuse
    run ./setup.sh plot
    assert_success
    run cat apt.log
    assert_line --index 0 --partial " install "
    assert_line --index 1 --partial " update"
    assert_line --index 2 --partial " install "
}

@test "without the right to install: the exact line to run, and status 1" {
    FAKE_ID=1000 run ./setup.sh build
    assert_failure 1
    assert_line "apt-get update && apt-get install -y --no-install-recommends alpha al "
    assert_file_empty apt.log
}

@test "the list itself: names, marks, no name twice" {
    run grep -vE '^#|^[a-z0-9][a-z0-9.+-]+( +(build|test|plot|check))+$' "$ROOT/packages.txt"
    assert_output ""
    run sh -c "grep -v '^#' '$ROOT/packages.txt' | awk '{print \$1}' | sort | uniq -d"
    assert_output ""
}
