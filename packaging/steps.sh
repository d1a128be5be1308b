# Sourced by ./check, ./demo and .ci/run.

# step NAME COMMAND...: runs the command and prints how long it took; on failure, prints the command and its exit code, and exits.
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

# progress LOG: writes its input to LOG, and prints a line for each tenth of the steps that Ninja counts.
progress() {
  local line tenth last=0
  while IFS= read -r line; do
    printf '%s\n' "$line"
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]]; then
      tenth=$((10 * BASH_REMATCH[1] / BASH_REMATCH[2]))
      if ((tenth > last)); then
        last=$tenth
        echo "    $((10 * tenth)) % (${BASH_REMATCH[1]} of ${BASH_REMATCH[2]})" >&3
      fi
    fi
  done 3>&1 >"$1"
}

# build PRESET [TARGET...]: configures and builds; only progress, errors and the closing line are printed.
build() {
  local preset=$1 log rc=0
  shift
  log=$(mktemp)
  cmake --preset "$preset" >"$log" 2>&1 && cmake --build --preset "$preset" ${1:+--target "$@"} 2>&1 | progress "$log" || rc=$?
  if ((rc)); then grep -E -A 12 'error|Error|FAILED' "$log" | head -n 80 >&2 || tail -n 40 "$log" >&2; fi
  ((rc)) || tail -n 1 "$log"
  rm -f "$log"
  return "$rc"
}
