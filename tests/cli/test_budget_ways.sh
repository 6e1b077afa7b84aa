#!/bin/bash
# How a budget is spent: the precision of labels is chosen or given, what was chosen is told, and a search tries labels
# and sizes too.
source "$(dirname "$0")/support.sh"
for class in {a..l}; do images data/$class 8; done
how=(--method random --threads 1 --no-report)
bytes() { find "$1/train" -type f -printf '%s\n' | awk '{n += $1} END {print n + 0}'; }
both() { echo $(($(bytes "$1") + $(stat -c %s "$1/soft_labels.safetensors"))); }
# setting RUN NAME: of its settings, a number; what a search tried comes before.
setting() { sed -n 's/^ *"'"$2"'": \([0-9]*\),*$/\1/p' "$1/dc3.json" | tail -1; }

# What was chosen and why is a line each, of a dry run too; info and the report keep it.
why='; [a-z0-9: ]* would hold [0-9]* images, an expected score [0-9.]* points lower$'
expect 0 "images stored" "$dc3" condense data -o few --budget 8kB "${how[@]}"
[[ $(grep -c "^budget: format: webp:[0-9]*$why" <<< "$output") == 1 && $output != *"label precision"* ]] ||
  fail "why is not said: $output"
line=$(sed -n 's/^budget: format/format/p' <<< "$output")
expect 0 "budget: $line" "$dc3" condense data --budget 8kB "${how[@]}" --dry-run
expect 0 "chosen        $line" "$dc3" info few
expect 0 "result" "$dc3" report few --threads 1
grep -q "Chosen for the budget" few/report.html || fail "the page does not say what was chosen"
expect 0 "images stored" "$dc3" condense data -o given --budget 8kB --format webp:40 "${how[@]}"
[[ $output != *"budget: format"* ]] || fail "--format is chosen: $output"
expect 2 "--budget: expected at least about" "$dc3" condense data --budget 999 "${how[@]}" --dry-run
least=$(sed -n 's/.*at least about \([0-9]*\) bytes.*/\1/p' <<< "$output")
expect 2 "; a smaller --size takes fewer, and so do fewer --label-views" "$dc3" condense data --budget 999 \
  --label-views 9 "${how[@]}" --dry-run
expect 0 "format: webp:20; no other holds an image of each class" "$dc3" condense data --budget "$least" "${how[@]}" \
  --dry-run

# Labels: 8 bits where that makes room for more images, 16 where all fit; bits or logits that are given stay.
expect 0 "" "$dc3" train data --arch convnet3 --epochs 1 --size 16 --threads 1 -o t.safetensors
label() { # BYTES BITS
  expect 0 "labels as the run left room for: --views 30, --bits $2" "$dc3" label labels --teacher t.safetensors \
    --threads 1 --fresh
  (($(both labels) <= $1)) && [[ $output != *"images and labels take"* ]] ||
    fail "labels: $(both labels) of $1 bytes: $output"
}
reserve=(condense data -o labels --fresh --label-views 30 "${how[@]}")
expect 0 "budget: label precision: labels of 8 bits; labels of 16 bits would hold " "$dc3" "${reserve[@]}" --budget 50kB
label 50000 8
expect 0 "budget: label precision: labels of 16 bits; " "$dc3" "${reserve[@]}" --budget 9MB
label 9000000 16
for words in "--label-bits 16" "--label-bits 8" "--label-top-k 2"; do
  read -ra given <<< "$words"
  expect 0 "images stored" "$dc3" "${reserve[@]}" --budget 50kB "${given[@]}"
  [[ $output != *"label precision"* ]] || fail "$words: $output"
  [[ $words == *bits* ]] && bits=${given[1]} || bits=16
  label 50000 "$bits"
done

# A search with a teacher: its students learn from labels of either precision.
search=(condense data --search --search-images 100 "${how[@]}")
labels=(--budget 10kB --label-views 6 --teacher t.safetensors --size 16)
expect 0 "is taken" "$dc3" "${search[@]}" -o found "${labels[@]}"
[[ $(grep -c 'labels of 8 bits: [0-9.]* % of' <<< "$output") == 3 &&
  $(grep -c 'labels of 16 bits: [0-9.]* % of' <<< "$output") == 1 ]] || fail "ways: $output"
[[ $(grep -c '"label_bits": 8' found/dc3.json) == 3 ]] || fail "found: $(< found/dc3.json)"
expect 0 " bits: " "$dc3" info found
cp -r found before
expect 0 "is taken" "$dc3" "${search[@]}" -o found "${labels[@]}"
same_run before found || fail "the same search again"
expect 0 "--bits $(setting found bits)" "$dc3" label found --teacher t.safetensors --threads 1
(($(both found) <= 10000)) || fail "found: $(both found) bytes"

# A budget that holds none but smaller images: students see them as large as those of the search did.
for class in a b; do
  mkdir -p large/$class
  for i in {1..12}; do
    "$make" large/$class/$i.png 64 68 $((10 * i)) $((12 * i)) $((250 - 9 * i)) || fail "make_image"
  done
done
search=(condense large --search --search-images 50 --budget 1600 --format webp:80 --threads 1 --no-report)
expect 0 "is taken" "$dc3" "${search[@]}" -o small --method random
small=$(setting small size)
((small < 64)) && [[ $(setting small view_size) == 64 ]] || fail "$small px: $(< small/dc3.json)"
expect 0 "note: students see 64 px, as the search for a budget's size did" "$dc3" evaluate small --val large \
  --labels hard --arch convnet3 --epochs 1 --batch 4 --threads 1
echo "all checks passed"
