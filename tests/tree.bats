#!/usr/bin/env bats
# The shape of the source tree: who includes whom, what must stand beside what, and what must not stand anywhere.

setup() {
    load tool/helper
    cd "$ROOT" || exit 1
}

# The rooms of lib, in order: each may use those before it.
ROOMS="base cli stream sim gen grad prob net model train judge control"

# may_use ROOM: the rooms that it may include.
may_use() {
    local before=" $ROOMS "
    case $1 in
    cli | sim) echo base ;;
    *) echo "${before%% "$1" *}" ;;
    esac
}

# The files of the project, text or not: those that git knows, or all in an unpacked archive.
tree_files() {
    git ls-files --cached --others --exclude-standard 2>/dev/null || find . -type f -not -path './build*' -not -path './bin/*'
}

# The text files that people write and read.
text_files() {
    tree_files | grep -E '\.(c|h|md|mk|sh|bash|bats|py|js|pl|gp|1|7|txt|supp)$|(^|/)(Makefile|run|check)$'
}

# none WHAT LINES: fails, showing the lines, when there are any.
none() {
    [ -z "$2" ] || fail "$1:
$2"
}

@test "every room of lib is known here" {
    local room
    for room in lib/*/; do
        [[ " $ROOMS " == *" $(basename "$room") "* ]] || fail "lib/$(basename "$room") is not in the list of rooms"
    done
}

@test "a room includes only rooms before it" {
    wrong_includes() {
        local file room other
        for file in lib/*/*.[ch]; do
            room=$(basename "$(dirname "$file")")
            sed -n 's,^#include "\([a-z]*\)/.*,\1,p' "$file" | while read -r other; do
                [[ " $room $(may_use "$room") " == *" $other "* ]] || echo "$file includes $other"
            done
        done
    }
    none "against the order $ROOMS" "$(wrong_includes)"
}

@test "the check of includes sees a wrong one" {
    [[ " $(may_use stream) " == *" cli "* ]]
    [[ " $(may_use stream) " != *" grad "* ]]
    [[ " $(may_use sim) " != *" stream "* ]]
    [[ " $(may_use base) " != *" cli "* ]]
    [[ " $(may_use control) " == *" judge "* ]]
}

@test "a room is entered by its face: the header of its name" {
    inner_headers() {
        local file room
        for file in lib/*/*.[ch] tools/*.c; do
            room=$(basename "$(dirname "$file")")
            grep -nHE '^#include "[a-z]+/' "$file" | grep -vE "\"$room/" | grep -vE '"([a-z]+)/\1\.h"'
        done
    }
    none "headers of another room's inside" "$(inner_headers)"
}

@test "every header compiles alone" {
    local header
    for header in lib/*/*.h; do
        # shellcheck disable=SC2046
        gcc -std=gnu11 -D_GNU_SOURCE -Ilib $(pkg-config --cflags openblas msgpack libarchive jansson libpng) -fsyntax-only -Wall -Werror -x c \
            -include "$header" /dev/null || fail "$header"
    done
}

# Sources with public functions whose test has another name, and why.
tested_elsewhere() {
    cat <<END
END
}

@test "every source of lib with public functions has a unit test of its name" {
    untested() {
        local source name
        for source in lib/*/*.c; do
            name=${source#lib/}
            name=${name%.c}
            nm -g --defined-only "${DSSM_BUILD:-build}/lib/$name.o" | grep -q ' T ' || continue
            compgen -G "tests/unit/${name}_test.c" >/dev/null || compgen -G "tests/unit/${name}_double_test.c" >/dev/null ||
                tested_elsewhere | grep -q "^$name " || echo "$source"
        done
    }
    none "without a test" "$(untested)"
}

@test "every program has a man page and a test" {
    missing() {
        local name
        for name in $(programs); do
            [ -e "man/$name.1" ] || echo "man/$name.1"
            [ -e "tests/tool/$name.bats" ] || echo "tests/tool/$name.bats"
        done
    }
    none "missing" "$(missing)"
}

@test "the overview page names every program, and no other" {
    local named
    named=$(sed -n 's/^\.It Xr \([a-z0-9-]*\) 1.*/\1/p' man/dssm-tools.7 | sort)
    assert_equal "$named" "$(programs | sort)"
}

@test "the option lists of the man pages are the programs' own" {
    DSSM_BIN=${DSSM_BIN:-bin} run tests/man-options.sh
    none "run make man" "$output"
    assert_success
}

@test "man pages are good mdoc" {
    command -v mandoc >/dev/null || skip "mandoc is not installed"
    # a page may refer to one that is not installed yet
    none "mandoc" "$(mandoc -Tlint -Wwarning man/*.[1-8] 2>&1 | grep -v 'referenced manual not found')"
}

@test "no white space at the end of a line, no tab in C, a newline at the end" {
    blemishes() {
        local file
        text_files | xargs grep -nHE '[[:space:]]$'
        text_files | grep '\.[ch]$' | xargs grep -nHP '\t'
        text_files | while read -r file; do
            [ ! -s "$file" ] || [ -z "$(tail -c 1 "$file")" ] || echo "$file: no newline at the end"
        done
    }
    none "white space" "$(blemishes | head -n 20)"
}

@test "no file of lib or tools is longer than 600 lines" {
    none "long" "$(wc -l lib/*/*.[ch] tools/*.c | awk '$1 > 600 && $2 != "total"')"
}

@test "nothing is left for later" {
    none "unfinished" "$(text_files | xargs grep -nwE 'TOD[O]|FIXM[E]|XX[X]|HAC[K]|not implemente[d]' | head)"
}

@test "sources begin by saying what they are" {
    silent() {
        local file
        for file in lib/*/*.[ch] tools/*.c; do # a program of two lines says it all
            [[ $(head -n 1 "$file") == "/*"* ]] || [ "$(wc -l <"$file")" -le 3 ] || echo "$file"
        done
    }
    none "no comment at the top" "$(silent)"
}
