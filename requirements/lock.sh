#!/bin/sh
# Writes the locked requirements again from pyproject.toml. Needs uv; says nothing of where packages come from.
set -eu
cd "$(dirname "$0")/.."
lock() {
  out=$1; shift
  uv pip compile pyproject.toml "$@" --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-annotate --no-header --prerelease=if-necessary-or-explicit --quiet -o "requirements/$out"
}
lock base.txt
lock dev.txt --group dev
