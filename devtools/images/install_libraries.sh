#!/bin/sh
# Install libraries as locked, for one image: install_libraries.sh PREFIX EXTRA...
#
# With "all" as the only extra: what every image has, without CUDA; "cuda" gives that rest. Else:
# what the extras of pyproject.toml need beyond both. requirements.lock pins versions and hashes.
set -eu
prefix=$1; shift
venv=/opt/matops
cuda='^(nvidia-|cuda-|triton)'

names() { # of the packages that the project needs with the extras given as --extra options
  uv pip compile --quiet --python $venv/bin/python --constraint requirements.lock \
    --no-header --no-annotate --no-emit-index-url pyproject.toml "$@"
}

names > common.txt
case $1 in
  all) grep -Ev "$cuda" common.txt > wanted.txt ;;
  cuda) grep -E "$cuda" common.txt > wanted.txt ;;
  *) names $(printf ' --extra %s' "$@") | grep -vxFf common.txt > wanted.txt ;;
esac
uv pip install --quiet --python $venv/bin/python --prefix "$prefix" --no-deps \
  --require-hashes --constraint requirements.lock --compile-bytecode --requirement wanted.txt

# What runs in no image: headers, static libraries, the packages' own tests.
packages=$prefix/lib/python3.11/site-packages
rm -rf "$packages"/torch/include "$packages"/torch/bin/*test* "$packages"/pyarrow/include
find "$packages" -name '*.a' -delete
for package in numpy pandas pyarrow scipy sympy skimage sklearn networkx matplotlib mpl_toolkits; do
  [ ! -d "$packages/$package" ] || find "$packages/$package" -name tests -prune -exec rm -rf {} +
done
