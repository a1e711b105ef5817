#!/usr/bin/env bats
# make install and make uninstall, into a folder of their own.

setup() {
    load tool/helper
    place=$PWD/place
}

# make TARGET, of what is built already
in_place() {
    make -s -C "$ROOT" BUILD="${DSSM_BUILD:-build}" BIN="${DSSM_BIN:-bin}" PREFIX=/usr DESTDIR="$place" "$1"
}

@test "install: every program with its page and its completion, and the formats" {
    in_place install
    local name
    for name in $(programs); do
        "$place/usr/bin/$name" --version
        assert_file_not_empty "$place/usr/share/man/man1/$name.1"
        bash -n "$place/usr/share/bash-completion/completions/$name"
    done
    assert_file_exists "$place/usr/share/man/man7/dssm-tools.7"
    cmp "$ROOT/formats/stream.md" "$place/usr/share/doc/dssm-tools/formats/stream.md"
    cmp "$ROOT/README.md" "$place/usr/share/doc/dssm-tools/README.md"
}

@test "uninstall: nothing of it is left" {
    in_place install
    touch "$place/usr/bin/another"
    in_place uninstall
    run find "$place" -type f
    assert_output "$place/usr/bin/another"
}
