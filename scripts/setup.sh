#!/usr/bin/env bash
# Makes this checkout runnable: system packages, then a private .venv. Nothing else is touched.
#
#   scripts/setup.sh drill    what `make drill` needs
#   scripts/setup.sh test     that, and what `make test` needs
#
# Quick when nothing is to be done: it may stand before every command.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly purpose=${1:?say drill or test}

mkdir -p .cache
exec 9> .cache/setup.lock
flock 9

scripts/packages.sh check "$purpose" || scripts/packages.sh install "$purpose"
scripts/venv.sh "$purpose"
scripts/bytecode.sh
[[ $purpose != test ]] || scripts/test-guest.sh
