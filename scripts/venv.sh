#!/usr/bin/env bash
# The private .venv: every package by its hash from the lock files, then the project itself.
#
#   venv.sh drill    what an operator's installation holds
#   venv.sh test     that, and the tools of the tests
#
# Built again when a lock file, pyproject.toml or the place of the checkout changes.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly purpose=${1:?say drill or test}
readonly log=.cache/venv.log
readonly stamp=.venv/rekindle-set-up

fail() {
    printf 'rekindle set-up: %s\n' "$@" >&2
    exit 1
}

wanted() {
    echo "$1 $PWD"
    sha256sum requirements-build.lock requirements.lock requirements-dev.lock pyproject.toml
}

is_set_up() {
    is_usable && [[ -x .venv/bin/rekindle ]] && cmp --quiet "$stamp" <(wanted "$1")
}

# Scripts in a .venv name their interpreter by path: one that was moved, or whose Python went away,
# is of no use.
is_usable() {
    grep --quiet --no-messages "^#!$PWD/.venv/bin/python" .venv/bin/pip &&
        .venv/bin/python -IS -c '' 2> /dev/null
}

make_venv() {
    is_usable && return
    local python
    python=$(scripts/find-python.sh) || {
        echo "no Python 3.11 with venv and headers found: install one, or set PYTHON to it"
        return 1
    }
    "$python" -m venv --clear .venv
}

pip() {
    .venv/bin/python -m pip --disable-pip-version-check --no-input "$@"
}

fill_venv() {
    local lock=requirements.lock
    [[ $purpose != test ]] || lock=requirements-dev.lock
    pip install --require-hashes --requirement requirements-build.lock &&
        pip install --require-hashes --no-build-isolation --requirement "$lock" &&
        pip install --no-deps --no-build-isolation --no-index --editable .
}

# The tools of the tests are no harm to a drill.
if is_set_up test || is_set_up "$purpose"; then
    exit 0
fi

echo "rekindle set-up: building .venv (output: $log)" >&2
mkdir -p "${log%/*}"
rm -f "$stamp"
if ! { make_venv && fill_venv; } > "$log" 2>&1 < /dev/null; then
    tail --lines=20 "$log" >&2
    fail "building .venv failed; all its output is in $PWD/$log" \
        "check the network (PyPI must be reachable), then run the same again"
fi
wanted "$purpose" > "$stamp"
