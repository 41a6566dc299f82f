#!/usr/bin/env bash
# hold.sh NODE PAUSE NAME COVERED...: become the process that holds a node's namespaces, in which each
# of the covered directories is one below NODE.
set -euo pipefail
node=$1 pause=$2 name=$3
shift 3
# What kubelet mounts is seen in pods, and never outside.
mount --make-rshared /
for covered in "$@"; do
  mount --bind "$node$covered" "$covered"
done
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
  echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
fi
exec "$pause" "$name"
