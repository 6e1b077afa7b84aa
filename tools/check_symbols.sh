#!/bin/bash
# check_symbols.sh SHARED STATIC: whether the shared library shows exactly the functions that include/dc3 declares,
# every name of the static library begins with dc3_, and include/dc3/dc3.h includes every public header. Prints what
# does not hold, and fails.
set -eu -o pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
shared=$1 static=$2 bad=0
# report SENTENCE: of each name of standard input.
report() { while read -r name; do echo "$name: $1"; bad=1; done; }
declared=$(for header in include/dc3/*.h; do echo "#include \"dc3/${header##*/}\""; done |
  ${CC:-cc} -E -P -Iinclude -x c - |
  tr '\n' ' ' | grep -oE '\bdc3_[a-z0-9_]+ *\([^*]' | grep -oE '^dc3_[a-z0-9_]+' | sort -u) # (*: a callback's type
exported=$(nm -D --defined-only "$shared" | awk '$2 != "A" {sub(/@.*/, "", $3); print $3}' | sort -u)
[[ -n $declared && -n $exported ]] || { echo "no functions found"; exit 1; }
report "declared in include/dc3, not exported: without DC3_API, or not there" \
  < <(comm -23 <(echo "$declared") <(echo "$exported"))
report "exported by the shared library, not declared in include/dc3" \
  < <(comm -13 <(echo "$declared") <(echo "$exported"))
# Names with two underscores are of the compiler's sanitizers; those of clang choose a function's clone, and share a
# lock of OpenMP's reductions.
others='^(dc3_|__|\.gomp_critical_user_(dc3_|\.reduction\.var$)|.*\.resolver$)'
report "global in the static library, without the prefix dc3_" \
  < <(nm -g --defined-only "$static" 2> /dev/null | awk 'NF == 3 {print $3}' | grep -vE "$others" | sort -u)
report "not included by include/dc3/dc3.h" < <(comm -23 <(cd include && ls dc3/*.h | grep -v '^dc3/dc3\.h$' | sort) \
  <(sed -n 's/^#include "\(.*\)"$/\1/p' include/dc3/dc3.h | sort))
exit $bad
