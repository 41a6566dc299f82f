#!/usr/bin/env bash
# Traefik, a gateway of the Gateway API, from source into .tools/bin: minutes, once.
set -euo pipefail
LEGO=5.4.1
here="$(cd "$(dirname "$0")" && pwd)"
tools="$(cd "$here/../../.." && pwd)/.tools"
work="$tools/gateway"
export CGO_ENABLED=0 GOFLAGS=-mod=mod

# lego speaks with certificate authorities, which Traefik can't be built without; the DNS providers go.
copy_lego() {
  local source
  source=$(go mod download -json "github.com/go-acme/lego/v5@v$LEGO" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  cp -r "$source" "$work/lego" && chmod -R u+w "$work/lego"
  find "$work/lego/providers/dns" -mindepth 1 -maxdepth 1 ! -name internal -exec rm -rf {} +
  cp "$here/dns/dns.go" "$work/lego/providers/dns/"
}

rm -rf "$work" && mkdir -p "$work" "$tools/bin"
cp -r "$here/go.mod" "$here/auth" "$here/ext" "$work"
copy_lego
cd "$work"
traefik=github.com/traefik/traefik/v3
version=$(sed -n "s#^require $traefik v##p" go.mod)
nice -n 19 go build -trimpath \
  -ldflags "-s -w -X $traefik/pkg/version.Version=$version" \
  -o "$tools/bin/traefik" "$traefik/cmd/traefik"
