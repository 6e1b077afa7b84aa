#!/bin/bash
# dc3 report of a folder that dc3 finetune made, by documents and grids that were not trained: what the page has room
# for, curves of any values, and options that are not for it.
source "$(dirname "$0")/support.sh"
training='{"data": "photos", "model": "sd", "settings": {"steps": 60, "train": "lora"}, "images": 9, "trained": 5,
 "losses": [0.5, 0.25]}'
mkdir -p run/samples && echo "$training" > run/finetune.json || fail "mkdir"
"$tools/make_image" grid.png 64 32 200 90 30 || fail "make_image"
# grid STEP BYTES: a PNG of so many bytes as the samples of the step.
grid() { cp grid.png "$(printf 'run/samples/step-%06d.png' "$1")" && truncate -s "$2" run/samples/step-*"$1".png; }
# shown: the steps on the page.
shown() { grep -o '>after step [0-9]*' run/report.html | tr -dc '0-9\n' | tr '\n' ' '; }

# Of grids that do not all fit some that are spread evenly, with the first and the last; of one the last.
for ((i = 10; i <= 60; i += 10)); do grid $i 1000000; done
expect 0 "4 of 6 images shown" "$dc3" report run
[[ $(shown) == "10 20 40 60 " ]] || fail "steps on the page: $(shown)"
grep -q 'Of 6 grids of samples the page has room for 4\.' run/report.html || fail "no note about those left out"
grid 30 3000000
expect 0 "1 of 6 images shown" "$dc3" report run
[[ $(shown) == "60 " ]] || fail "the one step on the page: $(shown)"
# One that never fits leaves the room to the others.
grid 30 5000000
expect 0 "4 of 6 images shown" "$dc3" report run
[[ $(shown) == "10 20 40 60 " ]] || fail "steps beside one that is too large: $(shown)"
grep -q 'step-000030.png is not shown: it has more than 4.5 MB' run/report.html || fail "no note about the large one"
rm run/samples/*
for ((i = 10; i < 40; i++)); do grid $i 1000; done
expect 0 "24 of 30 images shown" "$dc3" report run
[[ $(shown) == "10 11 "*" 37 39 " ]] || fail "steps of many: $(shown)"

# Curves of values that differ by their last digits, or of large equal ones, have an end.
set_of() { echo '{"path": "set-'"$1"'", "features": {"network": "teacher", "recall": '"$2"', "precision": 0.5,
 "frechet_distance": '"$3"'}}'; }
for values in "0.1234567 1000 0.12345670000000001 1000.0000000000001" "0.5 100000000000 0.5 100000000000" \
  "0.5 0 0.25 0" "0.1 100000000000 0.9 100000000000.00002"; do
  read -r -a v <<< "$values"
  echo '{"datasets": ['"$(set_of 1 "${v[0]}" "${v[1]}"), $(set_of 2 "${v[2]}" "${v[3]}")"']}' > measures.json
  expect 0 "result: page.html" timeout -s KILL 20 "$dc3" report run --measures measures.json -o page.html --force
  labels=$(grep -c '<path class="grid"' page.html)
  ((labels >= 9 && labels <= 27)) || fail "$labels lines across three curves of $values"
done
echo '{"datasets": ['"$(set_of 1 0.5 20), $(set_of 2 0.25 30)"']}' > measures.json
expect 0 "result: page.html" "$dc3" report run --measures measures.json -o page.html
for text in '>0.25</text>' '>0.50</text>' '>20</text>' '>30</text>'; do
  grep -qF -- "$text" page.html || fail "an axis without $text"
done

# What is no measure, and what is not for a training.
echo '{"datasets": [{"path": "set-1", "features": null, "inception": null}]}' > none.json
expect 1 "none.json: expected measures by a network (dc3 measure with --teacher or --inception), found none" \
  "$dc3" report run --measures none.json
for option in data scores against; do
  expect 2 "--$option: is for a run of dc3 condense, found a folder of dc3 finetune, run" "$dc3" report run \
    --$option absent
done
cp measures.json measures.html
expect 2 "the measures" "$dc3" report run --measures measures.html -o measures.html --force
cmp measures.json measures.html || fail "the page replaces the measures"
# A dataset without a path keeps its columns; no loss is made up.
echo '{"datasets": [{"features": {"network": "teacher", "frechet_distance": 7.25}}]}' > measures.json
echo "${training/\[0.5, 0.25\]/[]}" > run/finetune.json
expect 0 "result: page.html" "$dc3" report run --measures measures.json -o page.html
grep -qE '<th[^>]*></th><td>7\.25</td>' page.html || fail "a row without a path: $(grep -m 1 7.25 page.html)"
! grep -q 'loss at the end' page.html || fail "a loss of no training"
echo "all checks passed"
