#!/usr/bin/env bash
# build_main.sh FOLDER: the program whose main package is in a folder here, from source into .tools/bin,
# under the name of the module.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
tools="$(cd "$here/../.." && pwd)/.tools"
work="$tools/$1"
export CGO_ENABLED=0 GOFLAGS=-mod=mod

# go.mod names what the program calls; what that needs in its turn is written into a copy.
rm -rf "${work:?}" && mkdir -p "$work" "$tools/bin"
cp "$here/$1"/go.mod "$here/$1"/*.go "$work"
cd "$work"
program=$(sed -n 's/^module //p' go.mod)
go mod tidy
nice -n 19 go build -trimpath -ldflags "-s -w" -o "$tools/bin/$program" .
