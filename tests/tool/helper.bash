# shellcheck shell=bash disable=SC2154
# For every .bats file of this folder, whose setup is: setup() { load helper; }
# Gives: $ROOT (the source tree), the built programs first on PATH, a scratch folder as the working
# directory, bats-assert and bats-file, and the functions below.

bats_require_minimum_version 1.5.0
load /usr/lib/bats/bats-support/load
load /usr/lib/bats/bats-assert/load
load /usr/lib/bats/bats-file/load

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
export ROOT
export PATH="${DSSM_BIN:-$ROOT/bin}:$PATH"
export LC_ALL=C.UTF-8
cd "$BATS_TEST_TMPDIR" || exit 1

# The names of the programs, one a line.
programs() {
    local source
    for source in "$ROOT"/tools/*.c; do
        basename "$source" .c
    done
}

# Whether the programs were built with a sanitizer, under which memory limits make no sense.
sanitized() {
    [ -n "${DSSM_SANITIZED:-}" ]
}

# refuses STATUS TEXT COMMAND...: the command ends with the status, prints nothing on standard output,
# and TEXT stands in what it says on standard error.
refuses() {
    local status_wanted=$1 text=$2
    shift 2
    run --separate-stderr "$@"
    assert_equal "$status" "$status_wanted"
    assert_equal "$output" ""
    [[ $stderr == *"$text"* ]] || fail "expected on standard error: $text
got: $stderr"
}
