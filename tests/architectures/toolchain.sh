# Sourced by scripts that build for other machines than this one: finds or installs what they want.

# Installs those of the Debian packages that are missing. Fails where that cannot be done.
need_packages() {
    local missing=() package become=()
    for package in "$@"; do
        [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
    done
    [[ ${#missing[@]} -gt 0 ]] || return 0
    if [[ $(id --user) != 0 ]]; then become=(sudo --non-interactive); fi
    echo "installing ${missing[*]}"
    "${become[@]}" apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "${missing[@]}" >/dev/null 2>&1 ||
        { "${become[@]}" apt-get -o DPkg::Lock::Timeout=600 update && "${become[@]}" apt-get -o DPkg::Lock::Timeout=600 \
            install --yes --no-install-recommends "${missing[@]}"; } >/dev/null 2>&1 ||
        { echo "cannot install; wanted: apt-get install ${missing[*]}" >&2; return 1; }
}

sysroot_of() {
    "$1" --print sysroot
}

# Whether a compiler is new enough for this crate.
is_recent() {
    local wanted found
    wanted=$(sed --quiet 's/^rust-version = "\(.*\)"/\1/p' "$repository/Cargo.toml")
    found=$("$1" --version | cut --delimiter=' ' --fields=2)
    [[ $(printf '%s\n' "$wanted" "$found" | sort --version-sort | head --lines=1) == "$wanted" ]]
}

# Chooses a compiler for a target, and puts what cargo has to be told into the environment and into the
# array `build_std`. In this order: a compiler that has the target's library already; rustup, which
# fetches it; a compiler that has the library's source, and builds it (20 s a target); Debian's, likewise.
#
#   choose_compiler TARGET LIBRARY      core or std
choose_compiler() {
    local target=$1 library=$2
    build_std=()
    unset RUSTC RUSTC_BOOTSTRAP
    if [[ -z ${SPECTRUM2_DEBIAN_RUST-} ]]; then
        if [[ -d $(sysroot_of rustc)/lib/rustlib/$target/lib ]]; then return; fi
        if rustup target add "$target" >/dev/null 2>&1; then return; fi
    fi
    build_std=("-Zbuild-std=$library")
    # A stable compiler, to which only this option is allowed that is not.
    export RUSTC_BOOTSTRAP=1
    if [[ -z ${SPECTRUM2_DEBIAN_RUST-} && -d $(sysroot_of rustc)/lib/rustlib/src/rust/library ]]; then return; fi
    need_packages rustc-web rust-web-src || return
    export RUSTC=/usr/bin/rustc
    is_recent $RUSTC || { echo "Debian's rustc-web is too old: $($RUSTC --version)" >&2; return 1; }
}
