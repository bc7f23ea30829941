#!/usr/bin/env bash
# npm run check: exactly what CI runs, the quick checks first.
set -euo pipefail
cd "$(dirname "$0")/.."
step() { printf '\n== %s\n' "$1"; }
step types;      npm run --silent types
step lint;       npm run --silent lint
step structure;  npm run --silent tidy
step documents;  npm run --silent docs:check
step tests;      npm test --silent
