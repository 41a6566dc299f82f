#!/usr/bin/env bash
# Argo Workflows' controller and executor, from source into .tools/bin, and the definitions of its
# kinds into .tools/crds/argo: minutes, once.
set -euo pipefail
ARGO=4.0.5
tools="$(cd "$(dirname "$0")/../../.." && pwd)/.tools"
work="$tools/argo"
module=github.com/argoproj/argo-workflows/v4
export CGO_ENABLED=0 GOFLAGS=-mod=mod

# The module as it is served lacks the signals of Linux, which are those of Darwin.
copy_sources() {
  local sources signals=workflow/executor/osspecific/signal
  sources=$(go mod download -json "$module@v$ARGO" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  rm -rf "${work:?}" && mkdir -p "$tools/bin" && cp -r "$sources" "$work" && chmod -R u+w "$work"
  cp "$work/${signals}_darwin.go" "$work/${signals}_linux.go"
}

# The full definitions take a gigabyte of the API server's memory.
copy_definitions() {
  mkdir -p "$tools/crds/argo"
  cp "$work"/manifests/base/crds/minimal/argoproj.io_*.yaml "$tools/crds/argo"
}

copy_sources
copy_definitions
cd "$work"
for program in workflow-controller argoexec; do
  nice -n 19 go build -trimpath -ldflags "-s -w -X $module.version=v$ARGO" \
    -o "$tools/bin/$program" "./cmd/$program"
done
rm -rf "${work:?}"
