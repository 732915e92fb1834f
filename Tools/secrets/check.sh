#!/usr/bin/env bash
# Fails if a kernel in C branches on a secret or uses one as an address, and if that check could not see it.
set -euo pipefail
cd "$(dirname "$0")/../.."

out=.build-secrets
mkdir -p "$out"
vectors=()
[ "$(uname -m)" != x86_64 ] || vectors=(-march=x86-64-v3)
sources=(Sources/CPermutation Sources/CPolynomial Sources/CSyndrome Sources/CToeplitz)
flags=()
files=(Tools/secrets/kernels.c)
for source in "${sources[@]}"; do
  flags+=("-I$source/include")
  files+=("$source"/*.c)
done
"${CC:-clang}" -O2 -gdwarf-4 -std=c11 "${vectors[@]}" "${flags[@]}" "${files[@]}" -o "$out/kernels"

watch() { valgrind --quiet --error-exitcode=9 "$out/kernels" "$@" > "$out/log" 2>&1; }
if ! watch; then
  cat "$out/log" >&2
  echo "error: secrets: a kernel depends on a secret, see above" >&2
  exit 1
fi
if watch planted; then
  echo "error: secrets: a planted branch on a secret was not reported" >&2
  exit 1
fi
echo "secrets: no branch and no address of the kernels in C depends on a secret; a planted one was seen"
