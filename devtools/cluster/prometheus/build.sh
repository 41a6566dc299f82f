#!/usr/bin/env bash
# Prometheus that finds pods, from source into .tools/bin: minutes, once. The distributions' is built
# without that; this one is built without clouds, and without its pages.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
tools="$(cd "$here/../../.." && pwd)/.tools"
work="$tools/prometheus"
export CGO_ENABLED=0 GOFLAGS=-mod=mod

rm -rf "$work" && mkdir -p "$work" "$tools/bin"
cp "$here/go.mod" "$work"
cd "$work"
prometheus=github.com/prometheus/prometheus
# The module v0.316.0 is the release 3.16.0.
version=$(sed -n "s#^require $prometheus v0\.\(.\)#\1.#p" go.mod)
nice -n 19 go build -trimpath -tags netgo,remove_all_sd,enable_kubernetes_sd \
  -ldflags "-s -w -X github.com/prometheus/common/version.Version=$version" \
  -o "$tools/bin/prometheus" "$prometheus/cmd/prometheus"
