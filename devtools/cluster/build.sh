#!/usr/bin/env bash
# build.sh FOLDER...: the programs of each part that were not built yet from what the folder now says.
# A folder has a build.sh of its own or is the Go module of one program.
set -euo pipefail
ATTEMPTS=3
here="$(cd "$(dirname "$0")" && pwd)"
built="$(cd "$here/../.." && pwd)/.tools/built"

inputs() { # a sum over the files of a folder that a build reads
  find "$here/$1" -type f \( -name '*.sh' -o -name '*.go' -o -name go.mod \) -print0 \
    | sort -z | xargs -0 sha256sum | sed "s#$here/##" | sha256sum
}

build() {
  if [ -x "$here/$1/build.sh" ]; then "$here/$1/build.sh"; else "$here/build_main.sh" "$1"; fi
}

build_with_patience() { # a full machine refuses forks for a while; what was compiled is kept by Go
  local attempt
  for attempt in $(seq $ATTEMPTS); do
    build "$1" && return
    echo "building $1: attempt $attempt of $ATTEMPTS failed" >&2
    sleep 10
  done
  return 1
}

command -v go > /dev/null || { echo "the cluster's programs need Go to be built" >&2; exit 1; }
mkdir -p "$built"
for part in "$@"; do
  now=$(inputs "$part")
  [ "$(cat "$built/$part" 2> /dev/null)" = "$now" ] && continue
  echo "building $part"
  build_with_patience "$part"
  echo "$now" > "$built/$part"
done
