#!/usr/bin/env bats
# (The rules one by one: formats.bats.)

setup() {
    load helper
    GOOD=$ROOT/formats/vectors/good
    BAD=$ROOT/formats/vectors/bad
}

@test "one line for a stream that is whole" {
    run seq-check "$GOOD/S17-pieces.msgpack"
    assert_success
    assert_output --regexp "^$GOOD/S17-pieces.msgpack: ok: 4 records, 3 sequences, 9 steps, [0-9]+ bytes, crc32 0x[0-9a-f]{8}\$"
    [[ $output == *" $(stat -c %s "$GOOD/S17-pieces.msgpack") bytes"* ]]
}

@test "standard input, by - and by nothing" {
    run seq-check - <"$GOOD/S20-crc.msgpack"
    assert_output --partial "standard input: ok: 2 records"
    run seq-check <"$GOOD/S20-crc.msgpack"
    assert_output --partial "standard input: ok: 2 records"
}

@test "--json" {
    run bash -c "seq-check --json '$GOOD/S20-crc.msgpack' | jq -c '[.ok, .records, .sequences, .steps]'"
    assert_output "[true,2,2,6]"
}

@test "--json: a file's name may be any bytes" {
    cp "$GOOD/S20-crc.msgpack" $'n\xc3\xa4me\xff'
    assert_equal "$(seq-check --json $'n\xc3\xa4me\xff' | jq -r .stream)" 'näme\xff'
    assert_equal "$(seq-info --json $'n\xc3\xa4me\xff' | jq -r .stream)" 'näme\xff'
}

@test "--quiet says nothing of a good stream" {
    run seq-check --quiet "$GOOD/S20-crc.msgpack"
    assert_success
    assert_output ""
}

@test "several streams: each is checked, the first failure's status stays" {
    run --separate-stderr seq-check "$GOOD/S20-crc.msgpack" "$BAD/S22-in-record.msgpack" "$BAD/S20-other-crc.msgpack" "$GOOD/S12-integer-ids.msgpack"
    assert_equal "$status" 5
    assert_equal "${#lines[@]}" 2
    # shellcheck disable=SC2154
    assert_equal "${#stderr_lines[@]}" 2
}

@test "every cut of a stream is status 5" {
    local size n
    size=$(stat -c %s "$GOOD/S20-crc.msgpack")
    for ((n = 0; n < size; n += 13)); do
        head -c "$n" "$GOOD/S20-crc.msgpack" >part
        run seq-check part
        assert_failure 5
    done
}

@test "cat of two streams is refused with a hint" {
    cat "$GOOD/S20-crc.msgpack" "$GOOD/S20-crc.msgpack" >both
    refuses 3 "seq-check: both: another stream follows: join streams with seq-cat" seq-check both
}

@test "a file that is not there, a folder" {
    refuses 1 "seq-check: nothing: No such file or directory" seq-check nothing
    refuses 1 "seq-check: .: Is a directory" seq-check .
}

@test "memory does not grow with the stream" {
    if sanitized; then skip "a sanitizer keeps what was freed"; fi
    python3 - <<'PY'
import struct, zlib
def t(s): return bytes([0xa0 + len(s)]) + s.encode()
head = b"\x83" + t("format") + t("dssm-stream") + t("version") + b"\1" + t("fields") + b"\x80"
body = b"\x82" + t("id") + t("a") + t("y") + b"\x85" + t("nd") + b"\xc3" + t("type") + t("|u1") + t("kind") + t("") + t("shape") + \
    b"\x91\xce" + struct.pack(">I", 1 << 20) + t("data") + b"\xc6" + struct.pack(">I", 1 << 20) + bytes(1 << 20)
for name, n in (("small", 2), ("large", 60)):
    crc = zlib.crc32(head)
    with open(name, "wb") as f:
        f.write(head)
        for _ in range(n):
            f.write(body)
            crc = zlib.crc32(body, crc)
        f.write(b"\x83" + t("end") + b"\xc3" + t("records") + bytes([n]) + t("crc32") + b"\xce" + struct.pack(">I", crc))
PY
    peak() { python3 -c 'import resource, subprocess, sys; subprocess.run(["seq-check", "-q", sys.argv[1]], check=True); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$1"; }
    local small large
    small=$(peak small)
    large=$(peak large)
    [ "$large" -le $((small + 4096)) ] || fail "$small kB for 2 MB, $large kB for 60 MB"
}
