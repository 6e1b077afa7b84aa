#!/bin/bash
# Who may include whom: the list in src/README.md, a room in several lines or one. Prints each #include that breaks a
# rule and fails.
cd "$(dirname "$0")/.." || exit 1
declare -A may
while IFS=: read -r room list; do
  may[${room// /}]+=" $list"
done < <(grep '^    [a-z_]*:' src/README.md)
bad=0
declare -A seen
while IFS=: read -r file include; do
  folder=${file#src/} inner=${include#*\"}
  folder=${folder%%/*} inner=${inner%/}
  if [[ ! -v may[$folder] ]]; then
    [[ -v seen[$folder] ]] || { echo "src/README.md has no room $folder"; bad=1; }
    seen[$folder]=1
  elif [[ $inner != dc3 && $inner != "$folder" && " ${may[$folder]} " != *" $inner "* ]]; then
    echo "$file: $folder may not include $inner"; bad=1
  fi
done < <(grep -roE --include='*.[ch]' '^#include "[a-z0-9_]*/' src | sort -u)
for file in $(grep -rlE --include='*.[ch]' '^#include.*dnnl' src | grep -v '^src/kernels/onednn/'); do
  echo "$file: only src/kernels/onednn sees oneDNN"; bad=1
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
