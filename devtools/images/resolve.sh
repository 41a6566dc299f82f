#!/bin/sh
# Which libraries each image needs, from pyproject.toml and as locked: resolve.sh DIRECTORY
#
# Writes a list for each: common to all images, the CUDA that these are linked to, and what the
# images of steps, training and serving need beyond them; and the lock of them all.
set -eu
lists=$1
cuda='^(nvidia-|cuda-|triton)'

names() { # of what every image needs, and the extras given as --extra options
  uv pip compile --quiet --python /opt/matops/bin/python --constraint requirements.lock \
    --no-header --no-annotate --no-emit-index-url pyproject.toml --extra training "$@"
}

beyond() { # what the extras given need beyond that
  names $(printf ' --extra %s' "$@") | grep -vxFf all.txt
}

mkdir -p "$lists"
names > all.txt
grep -Ev "$cuda" all.txt > "$lists/common.txt"
grep -E "$cuda" all.txt > "$lists/cuda.txt"
beyond simulation data storage databases platform signing tuning > "$lists/cpu.txt"
beyond data storage platform signing tuning > "$lists/train.txt"
beyond serving signing > "$lists/serve.txt"
cat "$lists"/*.txt | awk -F '==' '
  NR == FNR { wanted[$1]; next }
  /^[^ ]/ { keep = $1 in wanted }
  keep
' - requirements.lock > "$lists/hashes.lock"
