#!/usr/bin/env bats
# formats/: the vectors are what make.py makes, every rule has its two, seq-check does with each what is
# expected, and the readers in other languages agree.

setup() {
    load helper
    VECTORS=$ROOT/formats/vectors
}

# vectors FOLDER [PATTERN]: lines "path status text" (tabs between) of the streams in good or bad.
vectors() {
    grep -P "^$1/[^\t]*msgpack\t" "$VECTORS/expected.tsv" | grep -E "^$1/${2:-}"
}

@test "the vectors are those that make.py makes" {
    run python3 "$VECTORS/make.py" --check
    assert_success
    assert_output ""
}

@test "make.py --check notices a changed vector" {
    cp -r "$VECTORS" copy
    printf x >>copy/good/S20-crc.msgpack
    run python3 copy/make.py --check
    assert_failure 1
    assert_output "make.py: good/S20-crc.msgpack: not what this script makes"
}

@test "every rule of the texts has a vector that obeys and one that must be refused" {
    local rule number
    for rule in $(grep -oEh '^\*\*[SA][0-9]+' "$ROOT"/formats/*.md | tr -d '*'); do
        number=$(printf '%s%02d' "${rule:0:1}" "${rule:1}")
        ls "$VECTORS/good/$number"-* "$VECTORS/bad/$number"-* >/dev/null || fail "$rule lacks a vector"
    done
}

@test "every vector keeps a rule of the texts" {
    local path rule
    for path in "$VECTORS"/good/* "$VECTORS"/bad/*; do
        rule=$(basename "$path")
        rule=${rule:0:1}$((10#${rule:1:2}))
        grep -q "^\*\*$rule\.\*\*" "$ROOT"/formats/*.md || fail "$path: no text has rule $rule"
    done
}

@test "seq-check accepts every good stream" {
    local path count=0
    while IFS=$'\t' read -r path _; do
        run seq-check "$VECTORS/$path"
        assert_success
        count=$((count + 1))
    done < <(vectors good)
    [ "$count" -ge 22 ]
}

@test "seq-check refuses every bad stream with its own words and status" {
    local path want text count=0
    while IFS=$'\t' read -r path want text; do
        run --separate-stderr seq-check "$VECTORS/$path"
        assert_equal "$path: $status $stderr" "$path: $want seq-check: $VECTORS/$path: $text"
        assert_equal "$output" ""
        count=$((count + 1))
    done < <(vectors bad)
    [ "$count" -ge 80 ]
}

@test "a refused stream leaves no output behind" {
    local path
    while IFS=$'\t' read -r path _; do
        run seq-cat "$VECTORS/$path" -o out.msgpack
        assert_failure
        assert_not_exist out.msgpack
    done < <(vectors bad 'S(20|22)')
}

# reader COMMAND...: runs a reader over all good vectors, and over the bad ones of the rules that it checks in full.
reader() {
    local path want text
    while IFS=$'\t' read -r path want text; do
        run "$@" "$VECTORS/$path"
        assert_equal "$path: $status $output" "$path: 0 $text"
    done < <(vectors good)
    while IFS=$'\t' read -r path want text; do
        run --separate-stderr "$@" "$VECTORS/$path"
        assert_equal "$path: $status" "$path: $want"
        assert_equal "$output" ""
        [ -n "$stderr" ]
    done < <(vectors bad 'S(01|02|08|09|19|20|21|22)')
}

@test "the Python reader agrees" {
    reader python3 "$ROOT/formats/readers/read_stream.py"
}

@test "the JavaScript reader agrees" {
    reader node "$ROOT/formats/readers/read_stream.js"
}

@test "the Perl reader agrees" {
    reader perl "$ROOT/formats/readers/read_stream.pl"
}

@test "the readers' summary is that of seq-info" {
    local path text summary
    while IFS=$'\t' read -r path _ text; do
        summary=$(seq-info --json "$VECTORS/$path" |
            jq -r '[.records, .steps, (.fields.x.sum // 0)] | @tsv' | awk '{ printf "records %d steps %d sum_x %.6f", $1, $2, $3 }')
        assert_equal "$path: $summary" "$path: $text"
    done < <(vectors good)
}

@test "the readers read standard input" {
    local summary="records 3 steps 12 sum_x 44.000000"
    assert_equal "$(python3 "$ROOT/formats/readers/read_stream.py" <"$VECTORS/good/S01-three-records.msgpack")" "$summary"
    assert_equal "$(node "$ROOT/formats/readers/read_stream.js" <"$VECTORS/good/S01-three-records.msgpack")" "$summary"
    assert_equal "$(perl "$ROOT/formats/readers/read_stream.pl" <"$VECTORS/good/S01-three-records.msgpack")" "$summary"
}

@test "a five-byte message costs no memory" {
    if sanitized; then skip "a sanitizer reserves address space of its own"; fi
    local path
    for path in "$VECTORS"/bad/S02-*billions* "$VECTORS"/bad/S02-nested* "$VECTORS"/bad/S02-bin*; do
        run bash -c "ulimit -v 400000; seq-check '$path'"
        assert_failure 3
    done
}
