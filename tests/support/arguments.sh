# Sourced by the scripts, first of all: --help prints the comment at a script's head.

case ${1-} in
-h | --help)
    sed --quiet '1d; /^#/!q; s/^# \{0,1\}//p' "$0"
    exit
    ;;
esac

# Ends the script with status 2 unless it has no argument, or one of these: `takes "$*" --write --plant`.
takes() {
    local argument
    for argument in '' "${@:2}"; do [[ $1 != "$argument" ]] || return 0; done
    echo "$0: unknown: $1 (--help says what there is)" >&2
    exit 2
}
