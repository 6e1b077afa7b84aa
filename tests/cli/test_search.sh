#!/bin/bash
# condense --search: short trainings say in which format and size a budget is spent.
source "$2/tests/cli/support.sh"
for class in a b; do images "data/$class" 40; done
search=(condense data -o out --method random --budget 6kB --search --search-images 200 --threads 1 --no-report)
expect 0 "is taken" "$dc3" "${search[@]}"
[[ $(grep -c '^search: .* images as webp:.* of .* held-out images$' <<< "$output") == 6 ]] || fail "$output"
taken=$(sed -n 's/^search: \(webp:[0-9]*\) at \([0-9]*\) px is taken$/\1 \2/p' <<< "$output")
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
# Again: what was found stands in dc3.json, and nothing is tried.
cp -r out before
expect 0 "${taken% *} at ${taken#* } px is taken" "$dc3" "${search[@]}"
[[ $output != *"held-out"* ]] || fail "it searches again: $output"
same_run before out || fail "the same command again"
# Interrupted while it searches: the same again goes on, to the same. The tests are on images that no set has.
interrupt 'other/.search/held/b/*' "held-out images" "$dc3" "${search[@]/#out/other}"
[[ -d other/.search && ! -e other/dc3.json ]] || fail "interrupted: $(ls -a other)"
sets=$(cat other/.search/webp-*/train/metadata.jsonl | grep -o '"source":"[^"]*"' | cut -d'"' -f4 | sort -u)
for image in other/.search/held/a/*.png; do # called by its number in the dataset
  number=$(basename "$image" .png)
  name=$(find data -name '*.png' | LC_ALL=C sort | sed -n "$((number + 1))s,^data/,,p")
  [[ -n $name ]] && ! grep -qxF "$name" <<< "$sets" || fail "$image, $name, is tested on and stored"
done
expect 0 "is taken" "$dc3" "${search[@]/#out/other}"
diff -r out/train other/train && diff out/dc3.json other/dc3.json || fail "after an interruption"
# What is given stays, and where nothing is open there is nothing to find.
expect 0 "at 16 px is taken" "$dc3" "${search[@]/#out/sized}" --size 16
[[ $(grep -c 'held-out images' <<< "$output") == 3 ]] || fail "--size: $output"
for wrong in "--search --ipc 3|--search: finds how a budget is spent best; expected --budget" \
  "--search --budget 6kB --size 16 --format webp:30|--search: has nothing to find" \
  "--search-images 9 --budget 6kB|--search-images says how --search tries" \
  "--search --budget 6kB --dry-run|--search trains students" \
  "--search --budget 200|--budget: none of 6 ways"; do
  read -ra words <<< "${wrong%|*}"
  expect 2 "${wrong#*|}" "$dc3" condense data -o x --method random --threads 1 "${words[@]}"
done
expect 1 "class 'a' has" "$dc3" condense data -o x --method random --threads 1 --search --budget 1MB
[[ ! -e x ]] || fail "a refused search leaves something: $(ls -a x)"
mkdir mine && echo mine > mine/text
expect 1 "holds files that dc3 did not make" "$dc3" condense data -o mine --method random --search --budget 6kB
[[ ! -e mine/.search ]] || fail "a refused search makes something"
echo "all checks passed"
