#!/bin/sh
# Install a list of libraries, with the hashes of the lock: install.sh LIST PREFIX
#
# Nothing beyond the list is installed; byte code is compiled, for a root file system that is
# read-only can't keep it.
set -eu
list=$1
prefix=$2
uv pip install --quiet --python /opt/matops/bin/python --prefix "$prefix" --no-deps \
  --require-hashes --constraint hashes.lock --compile-bytecode --requirement "$list"

# What runs in no image: headers, static libraries, the packages' own tests, the installer's lock.
packages=$prefix/lib/python3.11/site-packages
rm -rf "$packages"/torch/include "$packages"/torch/bin/*test* "$packages"/pyarrow/include
rm -f "$prefix/.lock"
find "$packages" -name '*.a' -delete
for package in numpy pandas pyarrow scipy sympy skimage sklearn networkx matplotlib mpl_toolkits; do
  [ ! -d "$packages/$package" ] || find "$packages/$package" -name tests -prune -exec rm -rf {} +
done
