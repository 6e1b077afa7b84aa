#!/bin/bash
# Who may include whom: the list in src/README.md. Prints each #include that breaks a rule and fails.
cd "$(dirname "$0")/.." || exit 1
declare -A may
while IFS=: read -r room list; do
  may[${room// /}]=$list
done < <(grep '^    [a-z_]*:' src/README.md)
bad=0
for file in $(find src -name '*.[ch]' | sort); do
  folder=$(echo "$file" | cut -d/ -f2)
  [[ -v may[$folder] ]] || { echo "$file: src/README.md has no room $folder"; bad=1; continue; }
  for inner in $(sed -n 's/^#include "\([a-z0-9_]*\)\/.*/\1/p' "$file" | sort -u); do
    [[ $inner == dc3 || $inner == "$folder" ]] && continue
    [[ " ${may[$folder]} " == *" $inner "* ]] || { echo "$file: $folder may not include $inner"; bad=1; }
  done
  if grep -q 'dnnl' <(grep '^#include' "$file") && [[ $file != src/kernels/onednn/* ]]; then
    echo "$file: only src/kernels/onednn sees oneDNN"; bad=1
  fi
done
for file in $(find cli examples -name '*.[ch]' 2>/dev/null); do
  if grep -q '^#include "[a-z]*/' "$file" && grep '^#include "[a-z]*/' "$file" | grep -qv '"dc3/'; then
    echo "$file: the command line sees include/dc3 only"; bad=1
  fi
done
for header in include/dc3/*.h; do
  for language in c c++; do
    echo "#include \"dc3/$(basename "$header")\"" | ${CC:-cc} -x $language -Iinclude -Wall -Wextra -Werror \
      -fsyntax-only - ||
      { echo "$header does not compile alone as $language"; bad=1; }
  done
done
exit $bad
