#!/bin/bash
# Every --selection as a user runs it: what is stored, in which order, what is written about it, the same again,
# refused; of a comparison too.
source "$2/tests/cli/support.sh"

mkdir -p data/red data/blue
for i in 1 2 3 4 5 6 7; do
  "$make" data/red/r$i.png $((40 + i)) 36 $((90 + 20 * i)) $((25 * i)) 40 &&
    "$make" data/blue/b$i.png 36 $((36 + i)) 30 $((15 * i)) $((230 - 20 * i)) || fail "make_image"
done
"$tools/make_teacher" teacher.safetensors 2 || fail "make_teacher"
tiny_editor tiny
teacher=(--teacher teacher.safetensors)
sources() { field "$1" source; }

# Exactly IPC a class, named in dc3.json, the rank in each line as in the names; no editor is opened for it.
for selection in bps cao2 kmeans herding nested; do
  editor=none
  [[ $selection != nested ]] || editor=tiny # whose features make the bins
  how=(--method dc3-select --selection $selection --editor $editor "${teacher[@]}" "${common[@]}")
  expect 0 "6 images stored" "$dc3" condense data -o $selection --ipc 3 "${how[@]}"
  grep -q "\"selection\": \"$selection\"" $selection/dc3.json || fail "$selection: dc3.json does not name it"
  [[ $(sources $selection/train/metadata.jsonl | sort -u | wc -l) == 6 ]] || fail "$selection: an image twice"
  for class in red blue; do
    for i in 0 1 2; do
      grep -q "\"$class/00$i-.*\"rank\":$((i + 1))[,}]" $selection/train/metadata.jsonl ||
        fail "$selection: rank $((i + 1)) of $class: $(< $selection/train/metadata.jsonl)"
    done
  done
  # The first images are those of a smaller set, where the selection is nested.
  expect 0 "2 images stored" "$dc3" condense data -o $selection-1 --ipc 1 "${how[@]}"
  if [[ $selection != kmeans ]]; then
    grep '/000-' $selection/train/metadata.jsonl > firsts
    [[ $(sources firsts) == $(sources $selection-1/train/metadata.jsonl) ]] || fail "$selection: not nested"
  fi
  choose=("$dc3" select data --method dc3-select --selection $selection --ipc 7 --editor $editor "${teacher[@]}" -q)
  expect 0 "14 images selected from 14, " "${choose[@]}" --threads 1 -o t1.jsonl
  expect 0 "14 images selected from 14, " "${choose[@]}" --threads 3 -o t3.jsonl
  cmp t1.jsonl t3.jsonl || fail "$selection: the selection depends on threads"
  [[ $(grep '"class":"red"' t1.jsonl | head -3 | sed 's/.*"source":"\([^"]*\)".*/\1/') == \
    "$(grep '"class":"red"' $selection/train/metadata.jsonl | sed 's/.*"source":"\([^"]*\)".*/\1/')" ||
    $selection == kmeans ]] || fail "$selection: select and condense differ"
done
[[ $(sort -u <(sources bps/train/metadata.jsonl) <(sources cao2/train/metadata.jsonl) | wc -l) -gt 6 ]] ||
  fail "bps and cao2 choose the same"
grep -q '"bins": 10' bps/dc3.json || fail "bps: dc3.json does not say how many patterns"
grep -q '"bins"' herding/dc3.json && fail "herding has no bins"

# Of two bins too: bytes and counts over all classes take the first of each class, mosaics of crops follow, and so do
# rows of a file.
nested=(--method dc3-select --selection nested --bins 2 --editor tiny "${teacher[@]}" --no-report "${common[@]}")
firsts() { # RUN CLASS N: sources of the first N images of a class
  grep "\"class\":\"$2\"" "$1/train/metadata.jsonl" | head -n "$3" | field /dev/stdin source
}
expect 0 "10 images stored" "$dc3" condense data -o two --ipc 5 "${nested[@]}"
expect 0 "5 images stored" "$dc3" condense data -o total --total 5 "${nested[@]}"
[[ $(firsts total blue 5) == "$(firsts two blue 3)" && $(firsts total red 5) == "$(firsts two red 2)" ]] ||
  fail "--total is not the first of each class: $(< total/train/metadata.jsonl)"
expect 0 "2 images stored" "$dc3" condense data -o mosaic-1 --ipc 1 --crops 2 --factor 2 "${nested[@]}"
expect 0 "4 images stored" "$dc3" condense data -o mosaic-2 --ipc 2 --crops 2 --factor 2 "${nested[@]}"
expect 0 "2 of 4 images taken" "$dc3" take mosaic-2 --ipc 1 -o mosaic-taken
diff -r mosaic-1/train mosaic-taken/train > differences || fail "mosaics: $(< differences)"
rows() { "$dc3" select --from "$source/tests/golden/npy/deflated.npz" --bins 2 --ipc "$1" "${@:2}" || fail "rows"; }
[[ $(rows 2 --selection nested | awk 'NR % 2 == 1') == "$(rows 1 --selection nested)" ]] || fail "--from is not nested"
[[ $(rows 2 --selection nested) == "$(rows 2)" ]] || fail "--from is not nested by itself"
[[ $(rows 2 --selection paper) != "$(rows 2)" ]] || fail "--from says nothing of turns"
[[ $(rows 2 --maximizer stochastic) == "$(rows 2 --maximizer stochastic --selection paper)" ]] ||
  fail "--from: of a stochastic selection no bins"

# A run goes on, but not with another selection; without --teacher it trains one.
rm bps/train/red/001-*
how=(--method dc3-select --selection bps --editor none "${teacher[@]}" "${common[@]}")
expect 0 "continuing" "$dc3" condense data -o bps --ipc 3 "${how[@]}"
expect 0 "6 images stored" "$dc3" condense data -o bps-again --ipc 3 "${how[@]}"
same_run bps bps-again > differences || fail "a continued run differs: $(< differences)"
expect 1 "selection was \"bps\" and is \"cao2\"" "$dc3" condense data -o bps --ipc 3 --method dc3-select \
  --selection cao2 "${teacher[@]}" "${common[@]}"
expect 0 "2 images stored" "$dc3" condense data -o own --ipc 1 --method dc3-select --selection cao2 --no-report \
  "${common[@]}"

# dc3 edits what dc3-select has chosen. Nested is what is done without the option, but
# where the maximizer cannot.
expect 0 "6 images stored" "$dc3" condense data -o edited --selection bps --ipc 3 --editor tiny "${teacher[@]}" \
  "${common[@]}"
[[ $(sources edited/train/metadata.jsonl) == $(sources bps/train/metadata.jsonl) ]] || fail "dc3 chooses differently"
for how in "" "--selection nested" "--maximizer stochastic" "--maximizer stochastic --selection paper"; do
  # shellcheck disable=SC2086 # options are words
  expect 0 "6 images stored" "$dc3" condense data -o "usual$how" $how --method dc3-select --ipc 3 --editor tiny \
    "${teacher[@]}" "${common[@]}"
done
same_run "usual--selection nested" usual > differences || fail "--selection nested: $(< differences)"
same_run "usual--maximizer stochastic"{," --selection paper"} > differences || fail "stochastic: $(< differences)"
grep -q '"selection": "nested"' usual/dc3.json || fail "dc3.json: $(< usual/dc3.json)"
grep -q '"selection": "paper"' "usual--maximizer stochastic/dc3.json" ||
  fail "a stochastic selection is not the paper's"
expect 1 'other settings (selection was "nested" and is "paper")' "$dc3" condense data -o usual \
  --selection paper --method dc3-select --ipc 3 --editor tiny "${teacher[@]}" "${common[@]}"

# Refused, and nothing is left.
refused=("$dc3" condense data -o x --ipc 3 "${common[@]}")
expect 2 "--selection: expected one of paper, bps" "${refused[@]}" --selection best
expect 2 "--selection bps: --method random chooses in its own way" "${refused[@]}" --method random --selection bps
expect 2 "--selection paper: --method kmeans chooses" "${refused[@]}" --method kmeans --selection paper
expect 2 "--selection bps chooses by what a teacher makes of the images: expected --teacher FILE" "${refused[@]}" \
  --selection bps --teacher none
expect 2 "expected --teacher FILE" "$dc3" select data -o x --selection herding
for unused in "--bins 5" "--objective log-determinant" "--maximizer lazy" "--gradient double-softmax"; do
  # shellcheck disable=SC2086
  expect 2 "${unused% *} says nothing about --selection cao2; leave it out" "${refused[@]}" --selection cao2 $unused \
    "${teacher[@]}"
done
expect 2 "--selection bps is for a dataset; with --from expected nested or paper" "$dc3" select --from x --selection bps
for how in "" --dry-run; do
  # shellcheck disable=SC2086
  expect 2 "--maximizer stochastic: how many rows" "${refused[@]}" --selection nested --maximizer stochastic \
    --editor tiny "${teacher[@]}" $how
done
expect 0 "estimate" "${refused[@]}" --selection bps --bins 3 --dry-run "${teacher[@]}"

# A comparison has it for the methods that choose so.
compare=("$dc3" compare data --val data "${teacher[@]}" --any-teacher --threads 1 --dtype f32 --seeds 1 --epochs 1
  --ipc 1 --labels hard --size 32 -q)
expect 0 "table.txt" "${compare[@]}" -o table --methods random,dc3-select --selection herding
grep -q '"selection": "herding"' table/compare.json || fail "compare.json: $(< table/compare.json)"
expect 0 "2 images selected" "$dc3" select data -o h.jsonl --method dc3-select --selection herding --ipc 1 \
  --editor none "${teacher[@]}"
[[ $(sources table/ipc1/dc3-select/seed0/train/metadata.jsonl) == $(sources h.jsonl) ]] || fail "compare: not herding's"
expect 0 "table.txt" "${compare[@]}" -o nested-table --methods random,dc3-select --selection nested --editor tiny
grep -q '"selection": "nested"' nested-table/compare.json || fail "compare.json: $(< nested-table/compare.json)"
expect 0 "table.txt" "${compare[@]}" -o nested-table --methods random,dc3-select --editor tiny
expect 1 "holds scores of another 'selection'" "${compare[@]}" -o nested-table --methods random,dc3-select \
  --selection paper --editor tiny
expect 1 "holds scores of another 'selection'" "${compare[@]}" -o table --methods random,dc3-select
expect 2 "--selection bps: none of --methods chooses as dc3 does" "${compare[@]}" -o x --methods random,dq \
  --selection bps
expect 2 "--bins says nothing about --selection herding" "${compare[@]}" -o x --methods random,dc3-select --bins 5 \
  --selection herding
[[ ! -e x ]] || fail "a refused command makes a folder"
echo "all checks passed"
