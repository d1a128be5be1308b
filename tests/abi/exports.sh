#!/usr/bin/env bash
# usage: exports.sh PLUGIN.so...   Checks that each plugin exports its entry and nothing else, and links no library of the gateway.
set -euo pipefail
failed=0
for file in "$@"; do
  exports=$(nm -D --defined-only "$file" | awk '{print $3}')
  if [[ $exports != belfry_plugin_entry_v0 ]]; then
    echo "$file exports more or less than belfry_plugin_entry_v0:" $exports
    failed=1
  fi
  if linked=$(readelf -d "$file" | grep NEEDED | grep -i belfry); then
    echo "$file links the gateway: $linked"
    failed=1
  fi
done
exit $failed
