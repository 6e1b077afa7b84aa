#!/bin/bash
# Names of classes and images: none is lost, metadata.jsonl names files that exist, and labels are those that
# torchvision's ImageFolder gives.
source "$(dirname "$0")/support.sh"
tiny_mini
# Labels against the place of the folder among the sorted folders of $1/train; every named file exists.
check() {
  local run=$1 folders
  folders=$(cd "$run/train" && for f in */; do echo "${f%/}"; done | LC_ALL=C sort)
  while IFS= read -r line; do
    file=$(sed 's/.*"file_name":"\(.*\)","label.*/\1/' <<< "$line") \
      label=$(sed 's/.*"label":\([0-9]*\).*/\1/' <<< "$line")
    [[ -f $run/train/$file ]] || fail "$run: metadata.jsonl names '$file', which is not there"
    [[ $(sed -n "$((label + 1))p" <<< "$folders") == "${file%%/*}" ]] ||
      fail "$run: '$file' has label $label, its folder another place"
  done < "$run/train/metadata.jsonl"
  [[ $(find "$run/train" -name '*.png' | wc -l) == $(wc -l < "$run/train/metadata.jsonl") ]] ||
    fail "$run: images and lines"
}

images 'data/a:b' 2; images data/a_b 2; images data/aZ 2; images data/9 2; images data/10 2; mkdir data/B
expect 0 "class 'B' has no images" "$dc3" condense data -o out --ipc 2 --teacher none "${common[@]}"
[[ $(wc -l < out/train/metadata.jsonl) == 10 ]] || fail "classes whose names resemble each other are merged"
check out
[[ $(field out/train/metadata.jsonl class | uniq | tr '\n' ' ') == "10 9 a:b aZ a_b " ]] ||
  fail "classes are not in the order of their names' bytes"

# Bytes that are no UTF-8, in classes and files; a long name that must be cut between characters.
images $'odd/\xff' 1; images $'odd/\xfe' 1; images 'odd/é' 1
long=$(printf 'ä%.0s' {1..100})
mv odd/é/1.png "odd/é/x$long.png"; mv $'odd/\xff/1.png' $'odd/\xff/\xe9t\xe9.png'
expect 0 "3 images stored" "$dc3" condense odd -o odd-out --ipc 1 --bins 1 --teacher none "${common[@]}"
check odd-out
expect 0 "3 images stored" "$dc3" compensate odd -o odd-all "${common[@]}"
check odd-all
expect 0 "result: grid.png" "$dc3" contact odd-out -o grid.png
expect 0 "3 images in 3 classes" "$dc3" duplicates odd -o alike
expect 0 "3 images selected" "$dc3" select alike/kept.csv -o kept.jsonl --ipc 1 --method random --threads 1

# A class of which nothing can be read gets no folder and no number.
echo no image > data/9/1.png; cp data/9/1.png data/9/2.png
expect 0 "class '9' has no image" "$dc3" condense data -o part --ipc 1 --teacher none "${common[@]}"
check part
grep -A6 '"classes"' part/dc3.json | grep -q '"9"' && fail "dc3.json numbers a class that is not stored"
echo "all checks passed"
