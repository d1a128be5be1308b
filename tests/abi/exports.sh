#!/usr/bin/env bash
# usage: exports.sh PLUGIN.so...   Checks that each plugin exports its entry and nothing else, and links no library of the gateway.
set -euo pipefail
entry=belfry_plugin_entry_v1
failed=0
for file in "$@"; do
  exports=$(nm -D --defined-only "$file" | awk '{print $3}')
  if [[ $exports != "$entry" ]]; then
    echo "$file exports more or less than $entry:" $exports
    failed=1
  fi
  if linked=$(readelf -d "$file" | grep NEEDED | grep -i belfry); then
    echo "$file links the gateway: $linked"
    failed=1
  fi
done
exit $failed
