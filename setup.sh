#!/bin/sh
# Installs what packages.txt lists for the marks given (build, test, plot, check; all without any).
# Asks dpkg what is there; calls apt-get only when something is missing, as root or through sudo.
set -eu
list=$(dirname "$0")/packages.txt

# Names of the packages that carry one of the marks "$@".
wanted() {
    awk -v marks="$*" '
        BEGIN { n = split(marks, want, " ") }
        /^[ \t]*(#|$)/ { next }
        { for (i = 2; i <= NF; i++) for (j = 1; j <= n; j++) if ($i == want[j]) { print $1; next } }' "$list"
}

# Which of the packages "$@" are not installed.
missing() {
    installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii *//p' || true)
    for package in "$@"; do
        printf '%s\n' "$installed" | grep -qx "$package" || printf '%s ' "$package"
    done
}

install_command='apt-get install -y --no-install-recommends'

[ $# -gt 0 ] || set -- build test plot check
packages=$(wanted "$@")
if ! command -v dpkg-query >/dev/null; then
    # shellcheck disable=SC2086
    echo "setup: no Debian here; what is needed goes there by the names:" $packages >&2
    exit 0
fi
# shellcheck disable=SC2086
absent=$(missing $packages)
[ -n "$absent" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root='sudo -n'
else
    echo "setup: packages are missing. As root, run:" >&2
    echo "apt-get update && $install_command $absent" >&2
    exit 1
fi

echo "setup: installing $absent" >&2
# Another apt may be at work: wait for its lock. The lists of a fresh machine are empty: fetch them and try again.
run_apt() {
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive "$@" >&2
}
options='-q -o DPkg::Lock::Timeout=300'
# shellcheck disable=SC2086
run_apt apt-get $options install -y --no-install-recommends $absent 2>/dev/null || {
    run_apt apt-get $options update
    run_apt apt-get $options install -y --no-install-recommends $absent
}
