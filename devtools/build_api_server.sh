#!/usr/bin/env bash
# A real Kubernetes API server, with etcd and kubectl, from source into .tools/bin: about five minutes
# on two cores. Kubernetes can't be installed as a module, since it replaces its own parts by folders;
# here they are replaced by the modules as which they are published.
set -euo pipefail
KUBERNETES=1.34.4
ETCD=3.6.8
tools="$(cd "$(dirname "$0")/.." && pwd)/.tools"
export CGO_ENABLED=0 GOFLAGS=-mod=mod

fresh_module() {
  rm -rf "$tools/$1" && mkdir -p "$tools/$1" "$tools/bin" && cd "$tools/$1" && go mod init "$1"
}

fresh_module kubernetes
sources=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
for part in $(sed -n 's#.*=> ./staging/src/\(.*\)#\1#p' "$sources/go.mod" | sort -u); do
  go mod edit -replace "$part=$part@v0${KUBERNETES#1}"
done
go get "k8s.io/kubernetes@v$KUBERNETES"
version=k8s.io/component-base/version
nice -n 19 go build -trimpath -o "$tools/bin/" \
  -ldflags "-s -w -X $version.gitVersion=v$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=34" \
  k8s.io/kubernetes/cmd/kube-apiserver k8s.io/kubernetes/cmd/kubectl

fresh_module etcd
go get "go.etcd.io/etcd/server/v3@v$ETCD"
nice -n 19 go build -trimpath -ldflags "-s -w" -o "$tools/bin/etcd" go.etcd.io/etcd/server/v3
