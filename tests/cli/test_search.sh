#!/bin/bash
# condense --search: short trainings say in which format and size a budget is spent.
source "$2/tests/cli/support.sh"
for class in a b; do images "data/$class" 40; done
search=(condense data -o out --method random --budget 6kB --search --search-images 50 --threads 1 --no-report)
expect 0 "is taken" "$dc3" "${search[@]}"
[[ $(grep -c '^search: .* images as webp:.* of .* held-out images$' <<< "$output") == 7 ]] || fail "$output"
found=$(grep '^search: .*px' <<< "$output")
taken=$(sed -n 's/^search: \(webp:[0-9]*\) at \([0-9]*\) px is taken, .* its standard error$/\1 \2/p' <<< "$output")
[[ $output == *"search: 7 students, each sees 50 images (--search-images), about "*"held-out images"* ]] ||
  fail "how long the search takes is not said before: $output"
# The first that is no worse than the best by more than its standard error.
first=$(sed -n 's/^search: .* as \(webp:[0-9]*\) at \([0-9]*\) px: \([0-9.]*\) % of \([0-9]*\) .*/\1 \2 \3 \4/p' <<< \
  "$output" | awk '{ name[NR] = $1 " " $2; p[NR] = $3 / 100; n = $4; if (p[NR] > best) best = p[NR] }
    END { for (i = 1; p[i] < best - sqrt(best * (1 - best) / n) - 0.0006; i++); print name[i] }')
[[ -n $taken && $taken == "$first" ]] || fail "not $first is taken: $output"
grep -q "\"format\": \"${taken% *}\"" out/dc3.json && grep -q "\"size\": ${taken#* }," out/dc3.json ||
  fail "dc3.json: $(grep -E 'format|size' out/dc3.json)"
[[ ! -e out/.search ]] || fail "what it worked on stays: $(ls -a out)"
(($(find out/train -type f -printf '%s\n' | awk '{n += $1} END {print n}') <= 6000)) || fail "more than the budget"
grep -q '"held_out"' out/dc3.json || fail "$(< out/dc3.json)"
# info says what was tried, a line each, and which was taken.
expect 0 "searched      7 ways to spend the budget, each by a student that saw 50 images" "$dc3" info out
[[ $output == *"budget 6.0 kB"* ]] || fail "the budget: $output"
row='^ *webp:[0-9]* at [0-9]* px: [0-9.]* % of [0-9]* held-out images with [0-9]* images'
[[ $(grep -c "$row" <<< "$output") == 7 &&
  $(grep 'this was taken' <<< "$output") == *"${taken% *} at ${taken#* } px: "* && $output != *'"tried"'* ]] ||
  fail "info: $output"
# How long a search takes, without one: nothing is left.
mkdir temporary
TMPDIR=$PWD/temporary expect 0 "search: at most 7 students, each sees 50 images (--search-images), about " "$dc3" \
  "${search[@]/#out/dry}" --dry-run
[[ $output == *"estimate: "* && ! -e dry && -z $(ls temporary) ]] || fail "--dry-run: $(ls -a . temporary): $output"
expect 0 '"estimate_seconds"' "$dc3" condense data --method random --budget 6kB --search --search-images 50 \
  --threads 1 --dry-run --json
expect 0 "${taken% *} at ${taken#* } px is taken" "$dc3" "${search[@]}" --dry-run
[[ $output != *students* ]] || fail "what was found is searched for: $output"
# Again: what was found stands in dc3.json, and nothing is tried.
cp -r out before
expect 0 "${taken% *} at ${taken#* } px is taken" "$dc3" "${search[@]}"
[[ $output != *"held-out"* ]] || fail "it searches again: $output"
same_run before out || fail "the same command again"
# Of another search, or of none: refused, and what is there stays.
for other in "--size 16" "--format webp:40" "--search-images 300"; do
  read -ra words <<< "$other"
  expect 1 "out: holds a run that was not searched for with this --size, --format and --search-images; give the same" \
    "$dc3" "${search[@]}" "${words[@]}"
done
same_run before out || fail "a refused search changes the run"
# What is wrong with the other options is said before anything is tried.
for wrong in "--method dc3 --editor nowhere|1 nowhere" "--method dc3-select --teacher nowhere|1 nowhere" \
  "--method nothing|2 --method: "; do
  read -ra words <<< "${wrong%|*}" && read -r status text <<< "${wrong#*|}"
  expect "$status" "$text" "$dc3" "${search[@]/#out/wrong}" "${words[@]}"
  [[ $output != *held-out* && ! -e wrong ]] || fail "${words[*]}: it is searched first: $output"
done
# Interrupted before its images are stored, and without some of what was tried: the same again goes on, to the same.
# The tests are on images that no set has.
tiny_editor tiny
interrupt "other/.search" "is taken" "$dc3" "${search[@]/#out/other}" --method dc3 --editor tiny --teacher none \
  --steps 1000 --dtype f32
[[ $(< log) == *"the search is saved"* ]] || fail "what an interrupted search leaves: $(< log)"
students=(other/.search/webp-*/students/*.json)
[[ ${#students[@]} == 7 ]] || fail "students: ${students[*]}"
rm "${students[@]:2}" other/.search/held/b/*[13579].png
[[ -d other/.search && ! -e other/dc3.json ]] || fail "interrupted: $(ls -a other)"
sets=$(cat other/.search/webp-*/train/metadata.jsonl | grep -o '"source":"[^"]*"' | cut -d'"' -f4 | sort -u)
for image in other/.search/held/a/*.png; do # called by its number in the dataset
  number=$(basename "$image" .png)
  name=$(find data -name '*.png' | LC_ALL=C sort | sed -n "$((number + 1))s,^data/,,p")
  [[ -n $name ]] && ! grep -qxF "$name" <<< "$sets" || fail "$image, $name, is tested on and stored"
done
# Other settings are refused, and do not cost what is done.
find other -type f -exec md5sum {} + | sort > kept.md5
for changed in "--seed 7 |seed was 0 and is 7" "--budget 5kB |budget was 6000" \
  "--size 16 |size was \"open\" and is 16" "--fit squash|fit was" \
  "--label-views 2 --label-top-k 50|label_views was 0 and is 2"; do
  read -ra words <<< "${changed%|*}"
  expect 1 "a search with other settings was interrupted here (" "$dc3" "${search[@]/#out/other}" "${words[@]}"
  [[ $output == *"${changed#*|}"* ]] || fail "${words[*]}: $output"
done
find other -type f -exec md5sum {} + | sort | cmp - kept.md5 || fail "a refused search changes what is done"
cp -r other begun
cp -r other without
expect 0 "" "$dc3" condense data -o without --method random --ipc 1 --size 16 --threads 1 --no-report
[[ ! -e without/.search ]] || fail "a search that was given up stays: $(ls -a without)"
expect 0 "is taken" "$dc3" "${search[@]/#out/begun}" --seed 7 --fresh
[[ $(find begun -name '*.png' -path '*held*') == "" ]] || fail "--fresh: $(find begun)"
expect 0 "is taken" "$dc3" "${search[@]/#out/seven}" --seed 7
diff -r begun/train seven/train && diff begun/dc3.json seven/dc3.json || fail "--fresh after an interruption"
expect 0 "is taken" "$dc3" "${search[@]/#out/other}"
diff -r out/train other/train && diff out/dc3.json other/dc3.json || fail "after an interruption"
# Of some of the classes, the sets and the tests are too.
for class in c d; do images "data/$class" 20; done
expect 0 "is taken" "$dc3" "${search[@]/#out/chosen}" --classes a,b
[[ $(grep '^search: .*px' <<< "$output") == "$found" ]] || fail "--classes: another search: $output"
diff -r out/train chosen/train || fail "--classes: other images"
rm -r data/c data/d
# What is given stays, and where nothing is open there is nothing to find.
expect 0 "at 16 px is taken" "$dc3" "${search[@]/#out/sized}" --size 16
[[ $(grep -c 'held-out images' <<< "$output") == 3 ]] || fail "--size: $output"
for wrong in "--search --ipc 3|--search: finds how a budget is spent best; expected --budget" \
  "--search --budget 6kB --size 16 --format webp:30|--search: has nothing to find" \
  "--search-images 9 --budget 6kB|--search-images says how --search tries" \
  "--search --budget 200|--budget: none of 7 ways to store images holds one of each class; expected at least about " \
  "--search --budget 6kB --unlabelled|--search: students of one class are always right" \
  "--search --budget 6kB --label-views 9 --label-top-k 50|--label-top-k: "; do
  read -ra words <<< "${wrong%|*}"
  expect 2 "${wrong#*|}" "$dc3" condense data -o x --method random --threads 1 "${words[@]}"
done
expect 1 "class 'a' has" "$dc3" condense data -o x --method random --threads 1 --search --budget 1MB
[[ ! -e x ]] || fail "a refused search leaves something: $(ls -a x)"
mkdir mine && echo mine > mine/text
expect 1 "holds files that dc3 did not make" "$dc3" condense data -o mine --method random --search --budget 6kB
[[ ! -e mine/.search ]] || fail "a refused search makes something"
mkdir generated && echo '{"program": "dc3"}' > generated/generate.json
expect 1 "holds files that dc3 condense did not make" "$dc3" condense data -o generated --method random --search \
  --budget 6kB
[[ $(ls -A generated) == generate.json ]] || fail "a refused search makes something in a generated folder"
echo "all checks passed"
