#!/bin/bash
# uninstall.sh LIST: removes the files of LIST, which `make install` wrote, below $DESTDIR, and the folders named dc3
# that it empties.
set -eu
list=$1
[[ -f $list ]] || { echo "nothing is known to be installed from here: $list is missing" >&2; exit 1; }
removed=0
while read -r file || [[ -n $file ]]; do
  file=${DESTDIR:-}$file
  if [[ -e $file || -L $file ]]; then rm -- "$file"; removed=$((removed + 1)); fi
  folder=${file%/*}
  while [[ $folder/ == */dc3/* ]] && rmdir -- "$folder" 2> /dev/null; do folder=${folder%/*}; done
done < "$list"
rm -- "$list"
echo "removed $removed files"
