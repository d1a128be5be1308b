# Sourced by ./check, ./demo and .ci/run: runs one named step, says how long it took, and on failure which one and why.
step() {
  local name=$1 started=$SECONDS rc=0
  shift
  echo "==> $name"
  "$@" || rc=$?
  if ((rc)); then
    echo "==> FAILED: $name (exit code $rc, after $((SECONDS - started)) s): $*" >&2
    exit "$rc"
  fi
  echo "==> done: $name ($((SECONDS - started)) s)"
}

# build PRESET [TARGET...]: configures and builds; only errors and the closing line are printed.
build() {
  local preset=$1 log rc=0
  shift
  log=$(mktemp)
  cmake --preset "$preset" >"$log" 2>&1 && cmake --build --preset "$preset" ${1:+--target "$@"} >"$log" 2>&1 || rc=$?
  if ((rc)); then grep -E -A 12 'error|Error|FAILED' "$log" | head -n 80 >&2 || tail -n 40 "$log" >&2; fi
  ((rc)) || tail -n 1 "$log"
  rm -f "$log"
  return "$rc"
}
