#!/usr/bin/env bash
# usage: readme.sh SOURCE_DIR BUILD_DIR
# Compares the code in the SDK's README with the sources that are tested, and runs its build command.
set -euo pipefail
cd "$1"
block() { awk -v start="\`\`\`$1" -v want="$2" '$0 == start {n++; inside = n == want; next} $0 == "```" {inside = 0} inside' sdk/README.md; }
diff <(block cpp 1) sdk/examples/sink_readme.cpp
diff <(block cpp 2) tests/sdk/readme_test.cpp
export OUT="$2/examples/readme"
mkdir -p "$OUT"
eval "$(block sh 1)"
tests/abi/exports.sh "$OUT/chat.so"
