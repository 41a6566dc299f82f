#!/usr/bin/env bash
# build.sh [PROGRAM...]: Kubernetes' own programs and etcd, from source into .tools/bin; those that
# are there in this version stay. Kubernetes can't be installed as a module, since it replaces its own
# parts by folders; here they are replaced by the modules as which they are published.
set -euo pipefail
KUBERNETES=1.34.4
ETCD=3.6.8
NODE=(kube-apiserver kubectl etcd kubelet kube-controller-manager kube-scheduler kube-proxy)
tools="$(cd "$(dirname "$0")/../../.." && pwd)/.tools"
export CGO_ENABLED=0 GOFLAGS=-mod=mod

is_built() { # is_built PROGRAM: kubectl tells its version in words of its own
  local version=$KUBERNETES arguments=(--version)
  [ "$1" = etcd ] && version=$ETCD
  [ "$1" = kubectl ] && arguments=(version --client)
  [ -x "$tools/bin/$1" ] && "$tools/bin/$1" "${arguments[@]}" | grep -w "v\?$version" > /dev/null
}

fresh_module() {
  rm -rf "${tools:?}/$1" && mkdir -p "$tools/$1" "$tools/bin" && cd "$tools/$1" && go mod init "$1"
}

prepare_kubernetes() {
  local sources part
  fresh_module kubernetes
  sources=$(go mod download -json "k8s.io/kubernetes@v$KUBERNETES" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
  for part in $(sed -n 's#.*=> ./staging/src/\(.*\)#\1#p' "$sources/go.mod" | sort -u); do
    go mod edit -replace "$part=$part@v0${KUBERNETES#1}"
  done
  go get "k8s.io/kubernetes@v$KUBERNETES"
}

build_kubernetes() { # build_kubernetes PROGRAM...: one at a time, so that what is done stays done
  local program version=k8s.io/component-base/version
  prepare_kubernetes
  for program in "$@"; do
    nice -n 19 go build -trimpath -o "$tools/bin/" \
      -ldflags "-s -w -X $version.gitVersion=v$KUBERNETES -X $version.gitMajor=1 -X $version.gitMinor=34" \
      "k8s.io/kubernetes/cmd/$program"
  done
}

build_etcd() {
  fresh_module etcd
  go get "go.etcd.io/etcd/server/v3@v$ETCD"
  nice -n 19 go build -trimpath -ldflags "-s -w" -o "$tools/bin/etcd" go.etcd.io/etcd/server/v3
}

wanted=("$@")
[ $# -gt 0 ] || wanted=("${NODE[@]}")
missing=()
for program in "${wanted[@]}"; do
  is_built "$program" || missing+=("$program")
done
kubernetes=()
for program in "${missing[@]}"; do
  if [ "$program" = etcd ]; then build_etcd; else kubernetes+=("$program"); fi
done
if [ ${#kubernetes[@]} -gt 0 ]; then build_kubernetes "${kubernetes[@]}"; fi
