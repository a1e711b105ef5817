#!/usr/bin/env bats
# What the README shows is run. In README.md, <!-- run --> stands before a block of commands, and <!-- file NAME --> before one
# that goes to a file of that name. All are taken in their order, in one scratch folder. Two programs come in a small size: their
# wrappers add options behind those of the README, and the last one counts.

setup() { load tool/helper; }

# Writes the tagged blocks of README.md, in order, as 01.sh, 02.py …; FILES gets a line "NUMBER KIND NAME" each.
blocks() {
    awk '
        /^<!-- (run|file [^ ]+) -->$/ { kind = $2; name = $3; next }
        /^```/ && kind != "" && !inside { inside = 1; number++; path = sprintf("block-%02d", number); printf "" >path
                                          print path, kind, name >"FILES"; next }
        /^```$/ && inside { inside = 0; kind = ""; close(path); next }
        inside { print >path; next }
        kind != "" && NF { print "README.md line " NR ": a tag without a block behind it"; exit 1 }
        END { if (inside || kind != "") exit 1 }' "$ROOT/README.md"
}

# wrap NAME OPTION...: puts a NAME first on PATH that runs the real one with further options.
wrap() {
    local name=$1 real
    shift
    real=$(command -v "$name")
    mkdir -p small
    printf '#!/bin/sh\nexec %q "$@" %s\n' "$real" "$*" >"small/$name"
    chmod +x "small/$name"
}

@test "README: every tagged block runs" {
    wrap gen-pendulum --sequences 40
    wrap ekvae-train --updates 60 --batch 20 --encoder 16 --decoder 16
    wrap policy-learn --updates 3 --horizon 5
    export PATH="$PWD/small:$PATH"
    ln -s "$ROOT/formats" formats
    run blocks
    assert_success
    [ "$(grep -c ' run ' FILES)" -ge 5 ] || fail "fewer blocks than the README is known to have"
    local path kind name
    while read -r path kind name; do
        if [ "$kind" = file ]; then
            mv "$path" "$name"
        else
            run bash -euo pipefail "$path"
            [ "$status" -eq 0 ] || fail "this block of README.md ended with status $status:
$(cat "$path")
$output"
        fi
    done <FILES
    jq -e '.sequences == 50 and .steps > 1000 and .observed < .steps' <<<"$(dssm-eval own.npz own-test.msgpack)"
    assert_exists predicted.png
    assert_exists generated.png
}

@test "README: a block that fails is seen" {
    printf '%s\n' '<!-- run -->' '```sh' 'true' 'false | true' '```' >README.md
    ROOT=$PWD blocks
    run bash -euo pipefail block-01
    assert_failure
}

@test "README: the pages that it links to are there" {
    local target
    for target in $(grep -oP '(?<!!)\[[^\]]*\]\(\K(?!data/)[^)#:]+(?=\))' "$ROOT/README.md"); do
        assert_exists "$ROOT/$target"
    done
}

@test "README: its pictures and figures are there" {
    local target
    for target in $(grep -oP '\]\(\Kdata/[^)#:]+(?=\))' "$ROOT/README.md"); do
        assert_exists "$ROOT/$target"
    done
    run grep -n '@@' "$ROOT/README.md"
    assert_failure
}

@test "README: options that it names are options of some program" {
    for name in $(programs); do "$name" --help; done >help
    local option
    for option in $(grep -oP '(?<![\w-])--[a-z][a-z0-9-]+' "$ROOT/README.md" | sort -u); do
        grep -q -- "$option\b" help || fail "$option"
    done
}

@test "ARCHITECTURE: files that it names are there, and functions that it names exist" {
    local name
    for name in $(grep -oP '`\K(lib|tools|tests|man|formats)/[\w./-]+(?=`)' "$ROOT/ARCHITECTURE.md" | sort -u); do
        assert_exists "$ROOT/$name"
    done
    for name in $(grep -oP '`\K\w+(?=\(\)`)' "$ROOT/ARCHITECTURE.md" | sort -u); do
        grep -rqE "^[^ ].*\b\*?$name\(" "$ROOT/lib" --include='*.[ch]' || fail "$name()"
    done
}
