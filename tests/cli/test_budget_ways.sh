#!/bin/bash
# How a budget is spent: the precision of labels is chosen or given, and what was chosen is told.
source "$(dirname "$0")/support.sh"
for class in {a..l}; do images data/$class 8; done
how=(--method random --threads 1 --no-report)
bytes() { find "$1/train" -type f -printf '%s\n' | awk '{n += $1} END {print n + 0}'; }
both() { echo $(($(bytes "$1") + $(stat -c %s "$1/soft_labels.safetensors"))); }

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
echo "all checks passed"
