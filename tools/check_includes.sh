#!/bin/bash
# Who may include whom (docs/design.md). Prints each #include that breaks a rule and fails.
cd "$(dirname "$0")/.." || exit 1
declare -A may=(
  [base]="" [tensor]="base" [io]="base tensor" [kernels]="base tensor" [ops]="base tensor kernels"
  [nn]="base tensor ops io kernels" [learn]="base tensor nn ops io" [diffusion]="base tensor nn ops io learn kernels"
  [select]="base tensor kernels" [metrics]="base tensor nn ops kernels" [report]="base io"
  [condense]="base tensor io kernels ops nn learn diffusion select metrics report"
)
bad=0
for file in $(find src -name '*.[ch]' | sort); do
  folder=$(echo "$file" | cut -d/ -f2)
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
    echo "#include \"dc3/$(basename "$header")\"" | ${CC:-cc} -x $language -Iinclude -Wall -Wextra -Werror -fsyntax-only - ||
      { echo "$header does not compile alone as $language"; bad=1; }
  done
done
exit $bad
