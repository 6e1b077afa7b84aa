#!/bin/bash
# check_cycles.sh LIBRARY: no two rooms of src need each other, nor two files of one room (src/README.md). Which file
# needs which is read from the symbols of the static library's objects, so that a declaration in somebody else's header
# hides nothing; only objects of the build as it stands count, which compile_commands.json names.
set -eu -o pipefail
library=$(realpath "$1")
cd "$(dirname "$0")/.."
symbols() { # lines "has FILE SYMBOL" and "need FILE SYMBOL"; the AVX2 tier is the AVX-512 tier's files once more
  grep -o ' -o [^ ]*\.dir/src/[^ ]*\.c\.o' compile_commands.json | cut -d' ' -f3 | grep -v avx2 |
    xargs nm -A | sed -E 's/^.*\.dir\/src\/([^:]*)\.c\.o:/\1 /' | awk '
      NF == 3 && $2 == "U" { print "need", $1, $3 } NF == 4 && $3 ~ /[TDBRCV]/ { print "has", $1, $4 }'
}
# Lines "ROOM/FILE ROOM/FILE": the first needs a symbol of the second.
edges=$(cd "$(dirname "$library")" && symbols | awk '
  $1 == "has" { of[$3] = $2 }
  $1 == "need" { from[$2 SUBSEP $3] = $2; what[$2 SUBSEP $3] = $3 }
  END { for (key in from) if (what[key] in of && of[what[key]] != from[key]) print from[key], of[what[key]] }' |
  sort -u)
bad=0
echo "$edges" | awk '{ sub(/\/.*/, "", $1); sub(/\/.*/, "", $2); if ($1 != $2) print $1, $2 }' | sort -u |
  tsort > /dev/null || bad=1
for room in src/*/; do
  room=$(basename "$room")
  awk -v room="$room" 'index($1, room "/") == 1 && index($2, room "/") == 1' <<< "$edges" | tsort > /dev/null || bad=1
done
while read -r folder; do
  lines=$(cat "$folder"/*.[ch] | wc -l)
  ((lines <= 4000)) || { echo "$folder has $lines lines, more than 4,000: cut it"; bad=1; }
done < <(find src -name '*.c' -printf '%h\n' | sort -u)
exit $bad
