#!/usr/bin/env bats
# What every program does alike; each test goes through all of tools/.

setup() { load helper; }

# each FUNCTION: calls it with the name of every program, and fails with the name of the first that it fails for.
each() {
    local name
    for name in $(programs); do
        "$1" "$name" || fail "$name: $1"
    done
}

# The usage line's operands that a program cannot do without, as words that name nothing.
needed_operands() {
    "$1" --help | sed -n 's/^Usage: [^ ]* \[OPTION\]\.\.\. *//p' | sed 's/\[[^]]*\]//g'
}

@test "there are programs, and all are built" {
    [ "$(programs | wc -l)" -gt 0 ]
    built() { command -v "$1" | grep -q "^${DSSM_BIN:-$ROOT/bin}/"; }
    each built
}

@test "--help: one line, examples, usage, then options; nothing on standard error" {
    helps() {
        run --separate-stderr "$1" --help
        assert_success
        # shellcheck disable=SC2154
        assert_equal "$stderr" ""
        assert_line --index 0 --regexp "^$1: .+"
        assert_line "Examples:"
        assert_line --partial "Usage: $1 [OPTION]..."
        assert_line --regexp '^ +-h, --help +.+'
        [ "$("$1" --help | grep -nm1 '^Examples:' | cut -d: -f1)" -lt "$("$1" --help | grep -nm1 '^Usage:' | cut -d: -f1)" ]
    }
    each helps
}

@test "--help: examples show the program itself, and no program that does not exist" {
    examples_exist() {
        local word
        "$1" --help | sed -n '/^Examples:/,/^$/p' >examples
        grep -q "$1" examples || fail "$1 is not in its own examples"
        while read -r word; do
            programs | grep -qx -- "$word" || fail "$1: example of $word"
        done < <(grep -oP '\b(gen|sim|seq|dssm|ols|policy)-[a-z0-9]+(?![.\w-])|\b[a-z0-9]+-train(?![.\w-])' examples)
    }
    each examples_exist
}

@test "--help: no line is wider than 100 columns" {
    narrow() { [ "$("$1" --help | wc -L)" -le 100 ]; }
    each narrow
}

@test "--help-mdoc: every option has its sentences, which end with full stops" {
    sentences() {
        "$1" --help-mdoc | awk '
            /^\.It/ { if (item != "" && last !~ /([.]|…)$/) { print item ": " last; bad = 1 } item = $0; last = ""; next }
            /^\./ { next }
            { last = $0 }
            END { if (last !~ /([.]|…)$/) { print item ": " last; bad = 1 } exit bad }'
    }
    each sentences
}

@test "--version: name and version, the same for all" {
    local version
    version=$(sed -n 's/^#define DSSM_VERSION "\(.*\)"/\1/p' "$ROOT/lib/base/base.h")
    versions() { [ "$("$1" --version)" = "$1 (dssm-tools) $version" ]; }
    each versions
}

@test "an unknown option: status 2, a hint, nothing on standard output" {
    unknown() { refuses 2 "$1: unknown option --hepl; did you mean --help?" "$1" --hepl; }
    each unknown
}

@test "an option of nobody: status 2 without a hint" {
    nobody() {
        refuses 2 "$1: unknown option --qqqqqqqqqq" "$1" --qqqqqqqqqq
        [[ $stderr != *"did you mean"* ]]
    }
    each nobody
}

@test "too many operands: status 2" {
    crowd() {
        case $("$1" --help | grep '^Usage:') in
        *...\]* | *... | *CMD* | *COMMAND*) return 0 ;; # takes any number
        esac
        refuses 2 "$1: expected" "$1" a b c d e f
    }
    each crowd
}

@test "--help on a full disk: status 1 and a word about it" {
    full() {
        local status=0
        "$1" --help >/dev/full 2>words || status=$?
        [ "$status" -eq 1 ] && grep -q "^$1: standard output: No space left on device" words
    }
    each full
}

@test "--help into a pipe whose reader has gone ends quietly" {
    gone() {
        { "$1" --help 2>words; } | true
        [ ! -s words ]
    }
    each gone
}

@test "--help-mdoc: a list that mdoc understands" {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    mdoc() {
        { printf '.Dd January 1, 2025\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n.Nd x\n.Sh OPTIONS\n' && "$1" --help-mdoc; } >x.1
        mandoc -Tlint -Wwarning x.1 && [ "$(grep -c '^\.It' x.1)" -ge 2 ]
    }
    each mdoc
}

@test "--complete-bash: a script that bash can read, which completes the program" {
    completes() {
        "$1" --complete-bash >script && bash -n script && grep -q " $1\$" script
        (
            # shellcheck disable=SC1091
            source ./script
            COMP_WORDS=("$1" --hel) COMP_CWORD=1
            "_${1//-/_}"
            [ "${COMPREPLY[*]}" = --help ]
        )
    }
    each completes
}

@test "standard input that is a terminal: the short help and status 2 where data are expected" {
    command -v script >/dev/null || skip "script is not installed"
    local expected=0
    keyboard() {
        local command status=0
        command="$1 $(needed_operands "$1")"
        script -qec "$command" /dev/null </dev/null >words || status=$?
        if grep -q 'Standard input is a terminal' words; then
            expected=$((expected + 1))
            [ "$status" -eq 2 ] && grep -q "Usage: $1" words
        fi
    }
    # programs that read a stream by default
    for name in $(programs | grep -E '^(seq-(info|check|head|split)|dssm-(infer|eval)|ols-r2|seq-mse|.*-train)$'); do
        keyboard "$name"
    done
    [ "$expected" -gt 0 ]
}
