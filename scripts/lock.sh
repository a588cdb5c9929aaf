#!/usr/bin/env bash
# Writes the lock files anew from pyproject.toml: every package with its version and hashes.
#
# requirements-build.lock  what builds the sdist-only packages and the project itself
# requirements.lock        what an operator's installation holds
# requirements-dev.lock    the same versions, and what the tests and linters need
set -euo pipefail
cd "$(dirname "$0")/.."

readonly UV=uv==0.13.8
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT

.venv/bin/python -m venv "$tools/venv"
"$tools/venv/bin/pip" install --quiet "$UV"

compile() {
    "$tools/venv/bin/uv" pip compile --quiet --upgrade --universal --python-version 3.11 \
        --generate-hashes --no-annotate --custom-compile-command "make lock" "$@"
}

# The backends named by the project and by the packages that come as source only.
printf '%s\n' "hatchling==1.33.0" editables setuptools > "$tools/build.in"
compile "$tools/build.in" --output-file requirements-build.lock
compile pyproject.toml --output-file requirements.lock
compile pyproject.toml --group dev --constraints requirements.lock \
    --output-file requirements-dev.lock
