#!/bin/bash
# The option lists of the man pages against those of the programs (NAME --help-mdoc).
# In man/NAME.1 the list stands between the comments `.\" options` and `.\" end options`.
# usage, in the top folder: DSSM_BIN=bin tests/man-options.sh [--renew]
# Prints the differences, status 1 when there are any; with --renew, writes the programs' lists into the pages.
set -eu
renew=${1:-}
bin=${DSSM_BIN:-bin}
status=0

# The page with the program's own list in its place.
renewed() {
    local page=$1 list=$2
    awk -v list="$list" '
        /^\.\\" end options$/ { inside = 0 }
        !inside { print }
        /^\.\\" options$/ { inside = 1; while ((getline line <list) > 0) print line }' "$page"
}

list=$(mktemp)
new=$(mktemp)
trap 'rm -f "$list" "$new"' EXIT
for source in tools/*.c; do
    name=$(basename "$source" .c)
    page=man/$name.1
    if [ ! -e "$page" ]; then
        echo "$page: is not there"
        status=1
        continue
    fi
    if [ "$(grep -cE '^\.\\" (end )?options$' "$page")" -ne 2 ]; then
        echo "$page: lacks the comments between which the options stand"
        status=1
        continue
    fi
    "$bin/$name" --help-mdoc >"$list"
    renewed "$page" "$list" >"$new"
    if ! diff -u --label "$page" --label "$name --help-mdoc" "$page" "$new"; then
        if [ "$renew" = --renew ]; then cat "$new" >"$page"; else status=1; fi
    fi
done
exit $status
