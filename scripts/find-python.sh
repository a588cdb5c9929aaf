#!/usr/bin/env bash
# Prints the Python to build the private .venv with; exits 1 where there is none yet.
#
# It must be 3.11 or later, be able to make a venv, and have the headers that the sdist-only
# packages are compiled against. PYTHON=... in the environment is tried first.
set -euo pipefail

usable() {
    "$1" -IS - > /dev/null 2>&1 << 'PROBE'
import os, sys, sysconfig
import ensurepip, venv
headers = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(not (sys.version_info >= (3, 11) and os.path.exists(headers)))
PROBE
}

for candidate in "${PYTHON:-}" python3.11 /usr/bin/python3.11 python3.12 python3.13 python3; do
    if [[ -n $candidate ]] && usable "$candidate"; then
        "$candidate" -IS -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
exit 1
