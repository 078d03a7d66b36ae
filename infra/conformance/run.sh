#!/usr/bin/env bash
# Independent tools judge what we write: the template linters, the reference ASC MHL tool, OpenImageIO, LibRaw.
# Skipped aloud, and never in CI, where the oracles are not there.
set -euo pipefail
cd "$(dirname "$0")/../.."
reference="${PLATEFLEET_REFERENCE:-$PWD/../shared}"
if [ ! -x "$reference/oracles/setup.sh" ]; then
  echo "SKIPPED: conformance: no oracles in $reference"
  exit 0
fi
oracles="${PLATEFLEET_ORACLES:-${XDG_CACHE_HOME:-$HOME/.cache}/platefleet-oracles}"
"$reference/oracles/setup.sh" "$oracles" --sam
export PLATEFLEET_ORACLES="$oracles" PATH="$oracles/media/bin:$PATH"
platefleet="$(realpath "${CARGO_TARGET_DIR:-target}")/debug/platefleet"
work="$(mktemp -d)"
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
passed=0

# ok NAME COMMAND...: the command has to succeed
ok() {
  local name="$1"; shift
  if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); echo "ok    $name"; else
    echo "FAILED $name: $*"; cat "$work/log"; exit 1
  fi
}
# code N NAME COMMAND...: the command has to exit with N
code() {
  local want="$1" name="$2" got=0; shift 2
  "$@" >"$work/log" 2>&1 || got=$?
  if [ "$got" = "$want" ]; then passed=$((passed + 1)); echo "ok    $name"; else
    echo "FAILED $name: exit $got, wanted $want: $*"; cat "$work/log"; exit 1
  fi
}

# All parts, or those that are named: run.sh colour exr
parts=("${@/%/.part.sh}")
[ $# -gt 0 ] || parts=($(cd infra/conformance && ls -- *.part.sh))
for part in "${parts[@]/#/infra/conformance/}"; do
  # shellcheck source=/dev/null
  source "$part"
done
echo "$passed passed, 0 failed"
