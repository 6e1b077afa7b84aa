#!/bin/bash
# dc3 compare by bytes: sets that stay below their budgets, the table, continuing, and the charts of accuracy against
# bytes on the page.
source "$2/tests/cli/common.sh"

blue_and_red 12 7
one=(--threads 1 --dtype f32)
expect 0 "result: t.safetensors" "$dc3" train train --size 16 --batch 4 --epochs 3 --lr 0.05 "${one[@]}" \
  -o t.safetensors
compare=("$dc3" compare train --val val --teacher t.safetensors --size 16 --epochs 2 "${one[@]}")
methods=(--methods random,dc3-select --seeds 2)

# What has no meaning is refused before anything is made.
for wrong in "--budgets 1kB --ipc 1|--ipc and --budgets: expected one of them" \
  "--budgets 4kB,4000|--budgets: 4000 is given twice" "--budgets 4kB,3XB|--budgets: expected bytes, such as 500kB" \
  "--budgets ,4kB|--budgets: expected bytes" "--budgets 4kB,60|--budgets: expected at least about " \
  "--budgets 20000000GB|--budgets: expected 1 byte to 1000000 GB"; do
  read -ra words <<< "${wrong%|*}"
  expect 2 "${wrong#*|}" "${compare[@]}" -o refused "${words[@]}" "${methods[@]}"
done
expect 0 "16 students" "${compare[@]}" -o refused --budgets 1200,4kB "${methods[@]}" --dry-run
[[ ! -e refused ]] || fail "a refused comparison or a dry run makes a folder"

# A set for each budget, method and seed, which takes no more; more bytes hold more images. Lines say what it took.
expect 0 "bytes/table.txt" "${compare[@]}" -o bytes --budgets 1200,4kB "${methods[@]}"
[[ $(wc -l < bytes/results.jsonl) == 16 && $(grep -c '"ipc"' bytes/results.jsonl) == 0 ]] ||
  fail "expected 16 scores of budgets: $(< bytes/results.jsonl)"
for method in random dc3-select; do
  for seed in 0 1; do
    for budget in 1200 4000; do
      run=bytes/budget$budget/$method/seed$seed
      took=$(find "$run/train" -type f -printf '%s\n' | awk '{n += $1} END {print n + 0}')
      images=$(wc -l < "$run/pictures.txt")
      ((took > 0 && took <= budget)) || fail "$run takes $took bytes"
      lines=$(grep "\"budget\":$budget,.*\"method\":\"$method\".*\"seed\":$seed," bytes/results.jsonl)
      [[ $(grep -c "\"images\":$images,.*\"train_bytes\":$took\.0[,}]" <<< "$lines") == 2 ]] ||
        fail "$run has $images images in $took bytes: $lines"
      [[ $budget == 1200 ]] && few=$images
    done
    ((images > few)) || fail "$run has $images images, with 1,200 bytes $few"
  done
done
[[ $(grep -cE '^ +(1\.2|4\.0) kB +[0-9]+  (webp:[0-9]+|png) +convnet3 ' bytes/table.txt) == 8 ]] ||
  fail "expected 8 rows: $(< bytes/table.txt)"
grep -q "^ *budget  images  format .* train kB" bytes/table.txt && grep -q "the best of its budget" bytes/table.txt ||
  fail "the table: $(< bytes/table.txt)"
[[ $(grep -c '"budget": 1200' bytes/table.json) == 4 && $(grep -c '"ipc"' bytes/table.json) == 0 ]] ||
  fail "table.json: $(< bytes/table.json)"
expect 0 '"budget": 4000' "${compare[@]}" -o bytes --budgets 1200,4kB "${methods[@]}" --json
for text in "  scores    16 of 16" "     1.2 kB  random             convnet3           soft    2 of 2 (0-1)"; do
  expect 0 "$text" "$dc3" status bytes
done
expect 0 "budgets       1.2 kB, 4.0 kB" "$dc3" info bytes
[[ $output != *", factor "* && $output == *"epochs 2"* ]] || fail "info tells what nothing was given for: $output"

# What is missing is made, to the same scores; more budgets of the same comparison come beside what is there.
cp bytes/results.jsonl before && cp bytes/table.txt first.txt
head -5 before > bytes/results.jsonl
expect 0 "  next      random, 4.0 kB, convnet3, hard labels, seed 0: training its student" "$dc3" status bytes
expect 0 '"budget": 4000' "$dc3" status bytes --json
expect 0 "bytes/table.txt" "${compare[@]}" -o bytes --budgets 1200,4kB "${methods[@]}"
for file in before bytes/results.jsonl; do
  sed 's/"seconds_[a-z]*":[^,}]*//g' "$file" | sort > "$(basename "$file").sorted"
done
diff before.sorted results.jsonl.sorted || fail "continued scores differ"
cp bytes/results.jsonl before
# Budgets that differ have names that differ.
expect 0 "bytes/table.txt" "${compare[@]}" -o bytes --budgets 3kB,3001 --methods random --seeds 1 --labels hard
[[ $(grep -c '"budget":300[01],' bytes/results.jsonl) == 2 ]] || fail "further budgets: $(< bytes/results.jsonl)"
[[ $(grep -oE '^ +[0-9.]+ kB ' bytes/table.txt | xargs) == "3.0 kB 3.001 kB" ]] || fail "names: $(< bytes/table.txt)"
expect 0 "3.001 kB  random " "$dc3" status bytes
expect 0 "bytes/table.txt" "${compare[@]}" -o bytes --ipc 1 --methods random --seeds 1 --labels hard
[[ $(grep -c '"ipc":1,' bytes/results.jsonl) == 1 ]] || fail "images per class beside budgets: $(< bytes/results.jsonl)"
expect 0 "bytes/table.txt" "${compare[@]}" -o bytes --budgets 1200,4kB "${methods[@]}"

# A budget that holds an image of each class of random images, whose lines are shorter, and none of dc3-select's: the
# others go on, and what is left out is said with the bytes that it needs.
least() { # METHOD: bytes that an image of each class takes
  "$dc3" condense train --method "$1" --size 16 --budget 99 "${one[@]}" --teacher t.safetensors -o few 2>&1 |
    sed -n 's/.*expected at least about \([0-9]*\) bytes.*/\1/p'
}
few=$(least random) more=$(least dc3-select) between=$(((few + 3 * more) / 4))
((few < between && between < more)) || fail "an image of each class takes $few and $more bytes"
part=("${compare[@]}" -o part --budgets "$between,4kB" --methods dc3-select,random --seeds 1)
takes="an image of each class takes at least about $more"
expect 0 "left out: dc3-select, $between bytes, seed 0: $takes bytes" "${part[@]}"
[[ $output == *"left out: dc3-select with a budget of $between bytes: "*"about $more"* && -s part/table.txt &&
  $(wc -l < part/results.jsonl) == 6 && $(grep -cE '^ *[0-9.]+ (kB|bytes) .* convnet3 ' part/table.txt) == 6 ]] ||
  fail "a part of the scores: $output"
[[ $(grep -c "\"needed_bytes\": $more" part/table.json) == 2 && $(grep -c '"top1":' part/table.json) -ge 6 ]] ||
  fail "table.json: $(< part/table.json)"
cp part/results.jsonl before
expect 0 '"needed_bytes": '"$more" "${part[@]}" --json
cmp before part/results.jsonl || fail "scores were made again"
expect 0 "  complete"$'\n'"  scores    6 of 8; 2 left out, whose budgets are too small" "$dc3" status part
[[ $output == *"dc3-select         convnet3           soft    0 of 1, needs $more bytes"* ]] || fail "status: $output"
expect 0 '"unmet": 2' "$dc3" status part --json
head -3 before > part/results.jsonl
expect 0 "  stopped" "$dc3" status part
[[ $output == *"  scores    3 of 8; 2 left out"*"  next      dc3-select, 4.0 kB, "* ]] || fail "status: $output"
expect 0 "part/table.txt" "${part[@]}"
expect 0 "result" "$dc3" report part
note="dc3-select does not keep a budget of $between bytes: $takes bytes."
[[ $(grep -cF "$note" part/report.html) == 1 ]] || fail "the page does not say: $note"
expect 0 "note: dc3-select will be left out with a budget of $between bytes: $takes" "${part[@]}" --dry-run
expect 2 "--budgets: expected at least about $more bytes" "${compare[@]}" -o none --budgets "$between" \
  --methods dc3-select --seeds 1

# The page: a chart for each kind of labels, with a line of each method and the full data's.
expect 0 "result" "$dc3" report bytes
page=bytes/report.html
[[ $(grep -c '<svg class="bytes"' $page) == 2 && $(grep -c 'class="random"><path class="line"' $page) == 2 &&
  $(grep -c 'class="m0"><path class="line"' $page) == 2 && $(grep -c 'class="full"><path class="line"' $page) == 2 ]] ||
  fail "charts: $(grep -n 'class="line"' $page)"
for text in 'convnet3, hard labels' '<td>1.2 kB</td>' 'random, 4.0 kB' '1.2 kB, convnet3, soft labels'; do
  grep -qF "$text" $page || fail "$page has no $text"
done
! grep -qE '<dt>(Batch|Factor|Guidance|Lr|Wanted|Weight decay)<' $page || fail "$page has settings that were not given"
expect 0 "result" "$dc3" report bytes/budget4000/dc3-select/seed0
grep -q '<td>random</td><td>4.0 kB</td>' bytes/budget4000/dc3-select/seed0/report.html ||
  fail "the page of a set has no score of random images at its bytes"
expect 0 "result" "$dc3" report bytes/budget4000/random/seed0
! grep -q 'class="bytes"\|--m0' bytes/budget4000/random/seed0/report.html || fail "the page of a run has chart colours"

# Where points stand: known accuracies at 1, 10 and 100 kB.
mkdir drawn && echo '{"program": "dc3"}' > drawn/compare.json
row() { # METHOD BUDGET TOP1 DEVIATION
  printf '%s{"method": "%s", "budget": %s, "train_bytes": %s, "top1": %s, "top1_deviation": %s, "arch": "a",
    "labels": "hard", "seeds": 3, "images": 9, "full_top1": 0.9}' "${comma-}" "$1" "$2" "$2" "$3" "$4"
  comma=,
}
{
  echo '['
  row random 1000 0.2 0.05; row random 10000 0.4 0.05; row random 100000 0.6 0.05
  row '<b>dc3' 1000 0.3 0.1; row '<b>dc3' 10000 0.5 0.1; row '<b>dc3' 100000 0.7 0.1
  echo ']'
} > drawn/table.json
expect 0 "result" "$dc3" report drawn
# points CLASS: x and y of its line, one after the other.
points() { sed -n "s/.*class=\"$1\"><path class=\"line\" d=\"M\([^\"]*\)\".*/\1/p" drawn/report.html | tr 'L\n' '  '; }
read -ra random <<< "$(points random)"; read -ra ours <<< "$(points m0)"
full=$(sed -n 's/.*class="full"><path class="line" d="M[0-9]* \([0-9]*\)H.*/\1/p' drawn/report.html)
[[ ${#random[@]} == 6 && ${#ours[@]} == 6 ]] || fail "points: ${random[*]} and ${ours[*]}"
near() { (($1 - $2 <= 3 && $2 - $1 <= 3)) || fail "$3: $1 and $2"; }
near $((random[2] - random[0])) $((random[4] - random[2])) "decades of a logarithmic axis"
tenth=$(((random[1] - random[5]) / 4)) # of accuracy: 0.1
((tenth > 50)) || fail "more is higher: ${random[*]}"
for i in 0 2 4; do
  near "${ours[i]}" "${random[i]}" "the same bytes"
  near $((random[i + 1] - ours[i + 1])) $tenth "0.1 above random"
done
near $((ours[5] - full)) $((2 * tenth)) "all data, 0.2 above the best"
read -ra band <<< "$(sed -n 's/.*class="band" d="M\([^"]*\)Z".*/\1/p' drawn/report.html | tr L ' ')"
[[ ${#band[@]} == 12 ]] || fail "the band: ${band[*]}"
for i in 0 2 4; do
  near $((random[i + 1] - band[i + 1])) $((tenth / 2)) "the upper edge of the band"
  near $((band[11 - i] - random[i + 1])) $((tenth / 2)) "the lower edge of the band"
done
[[ $(grep -c 'class="spread"' drawn/report.html) == 3 ]] || fail "deviations of what is not random"
grep -qF '&lt;b&gt;dc3' drawn/report.html && ! grep -qF '<b>dc3' drawn/report.html || fail "a name is markup"
# One budget, one seed, one method, and nothing of all data: a point, no band.
what='"method": "random", "arch": "a", "labels": "hard", "seeds": 1'
echo "[{$what, \"budget\": 1000, \"train_bytes\": 990, \"top1\": 0.5}]" > drawn/table.json
expect 0 "result" "$dc3" report drawn
[[ $(grep -c 'class="mark"' drawn/report.html) == 1 ]] && ! grep -q 'class="band"\|class="full"' drawn/report.html ||
  fail "a single point: $(grep -c 'class="mark"' drawn/report.html)"
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [[ -n $browser ]]; then
  "$browser" --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --user-data-dir="$work/profile" \
    --enable-logging=stderr --v=0 --virtual-time-budget=5000 \
    --dump-dom "file://$work/$page" > dom.html 2> browser.txt ||
    fail "chromium: $(tail -3 browser.txt)"
  ! grep CONSOLE browser.txt || fail "the console of the page is not empty"
  grep -q 'data-ready="yes"' dom.html || fail "the script did not come to its end"
fi
echo "budgets: passed"
