#!/bin/sh
# Look for secrets and known vulnerabilities in the repository and in images: scan.sh IMAGE...
#
# Needs gitleaks and uv on the PATH. Each check ends in one line; the exit status is 1 where
# something was found, and 3 where nothing was but a check had no source to ask.
set -eu
audit=pip-audit@2.10.1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
found=0
unasked=0

say() { printf '%-12s %-34s %s\n' "$1" "$2" "$3"; }

leaks() { # WHAT, then gitleaks' arguments
  what=$1; shift
  if gitleaks "$@" --no-banner --redact --log-level error --report-format csv \
    --report-path "$scratch/leaks.csv" > /dev/null; then
    say secrets "$what" "none found"
  else
    found=1
    say secrets "$what" "$(($(wc -l < "$scratch/leaks.csv") - 1)) found:"
    cut -d, -f1,3,6 "$scratch/leaks.csv" | sort | uniq -c | sort -rn | head -20
  fi
}

audited() { # WHAT, and a list of pinned packages
  if uv tool run --quiet "$audit" --strict --no-deps --disable-pip --progress-spinner off \
    --vulnerability-service "${ADVISORIES:-osv}" --requirement "$2" > "$scratch/audit" 2>&1; then
    say packages "$1" "no known vulnerability"
  elif grep -q '^Found ' "$scratch/audit"; then
    found=1
    say packages "$1" "$(grep '^Found ' "$scratch/audit"):"
    sed -n '/^Name/,$p' "$scratch/audit"
  else
    unasked=1
    say packages "$1" "not asked: $(tail -n 1 "$scratch/audit" | cut -c1-160)"
  fi
}

debian() { # fixes that the distribution has and an image lacks
  if ! docker run --rm --user 0 "$1" sh -c 'apt-get update -qq && apt-get -s -qq upgrade' \
    > "$scratch/apt" 2>&1; then
    unasked=1
    say debian "$1" "not asked: $(tail -n 1 "$scratch/apt")"
  elif grep '^Inst ' "$scratch/apt" > "$scratch/fixes"; then
    found=1
    say debian "$1" "$(wc -l < "$scratch/fixes") fixes are out, build again:"
    cat "$scratch/fixes"
  else
    say debian "$1" "every fix that is out is in"
  fi
}

leaks "history of the repository" git .
audited requirements.lock requirements.lock
for image in "$@"; do
  container=$(docker create "$image")
  mkdir "$scratch/root"
  # Libraries are what the lock's hashes say; looked at is what was added to them.
  docker export "$container" | tar -C "$scratch/root" -x --no-same-permissions \
    --exclude='dev/*' --exclude='usr/lib/*'
  docker rm "$container" > /dev/null
  site="$scratch/root/opt/matops/lib/python3.11/site-packages"
  mv "$site/matops" "$scratch/root/matops"
  rm -rf "$site"
  leaks "$image" dir "$scratch/root"
  rm -rf "$scratch/root"
  debian "$image"
done
[ $found = 0 ] || exit 1
[ $unasked = 0 ] || exit 3
