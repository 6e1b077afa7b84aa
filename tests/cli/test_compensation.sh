#!/bin/bash
# The pipeline of the method, in every type that this processor has: what `condense` stores is what the method says of
# its sources, prompts and seeds, of random compensation, whose edits are drawn; each way to combine, and each option of
# the editor, arrives where it should. (test_calibrated.sh has the default.)
source "$2/tests/cli/support.sh"
check=$tools/check_compensation model=$source/models/dc3-mini
for class in red blue; do
  mkdir -p data/$class
  for i in 1 2 3 4 5 6; do
    [[ $class == red ]] && colour=($((150 + 15 * i)) $((20 * i)) 60) || colour=(40 $((140 - 12 * i)) $((90 + 20 * i)))
    "$make" data/$class/$i.png $((44 + i)) $((60 - 2 * i)) "${colour[@]}" || fail "make_image"
  done
done

types=(f32)
if "$dc3" condense data -o probe --method dc3 --ipc 1 --teacher none --dtype bf16 --size 16 -q > probe.log 2>&1; then
  types+=(bf16)
else
  [[ $(< probe.log) == *"neither AVX512-BF16 nor AMX"* ]] || fail "bf16: $(< probe.log)"
  echo "skipped: bf16, which this processor does not have"
fi

# made NAME OPTION...: a run whose images are made again; by its own type exactly, by f32 nearly.
editor=$model
made() {
  local name=$1; shift
  expect 0 "images stored" "$dc3" condense data -o "$name" --compensation random --ipc 2 --teacher none --threads 2 \
    --dtype $type "$@"
  "$check" "$name" data "$editor" $type "${other[@]}" || fail "$name: not what the method says"
}
for type in "${types[@]}"; do
  other=(); [[ $type == f32 ]] || other=(f32)
  for mode in gradient random grid fourfold; do made $mode-$type --combine $mode --size 48 --ipc 1; done
  for mode in gradient random grid fourfold; do cat $mode-$type/train/*/*.png | cksum; done > sums
  [[ $(sort -u sums | wc -l) == 4 ]] || fail "modes that give the same: $(< sums)"
  made edit-$type --detail edit --size 64
  made guided-$type --size 40 --steps 2 --guidance 2.5 --image-guidance 1.2
  for setting in '"guidance": 2.5' '"image_guidance": 1.2' '"steps": 2'; do
    grep -q "$setting" guided-$type/dc3.json || fail "dc3.json does not say $setting"
  done
  # The types choose the same images, and draw the same prompts.
  cut -d, -f4- grid-$type/train/metadata.jsonl | sed 's/"gain":[^,}]*//' > lines-$type
  cmp lines-f32 lines-$type || fail "$type chooses or draws otherwise than f32"
done

# Samplers of each kind, with a model that all of them can run (all: golden/test_edit_steps).
cp -r "$model" other && sed -i 's/\("rescale_betas_zero_snr": \)true/\1false/' other/scheduler/scheduler_config.json
editor=other type=f32 other=()
: > sums
samplers=(euler-ancestral euler ddim dpmpp-2m pndm heun lcm)
for sampler in "${samplers[@]}"; do
  made $sampler --size 32 --ipc 1 --editor other --sampler $sampler --steps 5
  grep -q "\"sampler\": \"$sampler\"" $sampler/dc3.json || fail "--sampler $sampler"
  cat $sampler/train/*/*.png | cksum >> sums
done
[[ $(sort -u sums | wc -l) == ${#samplers[@]} ]] || fail "samplers that give the same: $(< sums)"

# pndm with Runge-Kutta steps takes at least four; the estimate too.
expect 0 "5 step" "$dc3" condense data -o dry --ipc 1 --teacher none --editor other --sampler pndm --steps 5 --dry-run \
  "${common[@]}"
expect 1 "the sampler pndm takes at least 4" "$dc3" condense data -o dry --ipc 1 --teacher none --editor other \
  --sampler pndm --steps 3 "${common[@]}"

tiny_mini
# Features that come from a cache give the same images as those that were made.
expect 0 "features" "$dc3" condense data -o first --ipc 2 --teacher none --threads 2 --dtype f32 --size 24 --cache cache
expect 0 "from cache/features-" "$dc3" condense data -o second --ipc 2 --teacher none --threads 2 \
  --dtype f32 --size 24 --cache cache
expect 0 "images stored" "$dc3" condense data -o third --ipc 2 --teacher none --threads 2 --dtype f32 --size 24
same_run first second && same_run first third || fail "the cache changes the result"

# What select chose can be compensated: the two together are condense with random compensation.
quick=(--threads 1 --dtype f32) small=(--threads 1 --dtype f32 --size 16)
expect 0 "result" "$dc3" condense data -o whole --compensation random --ipc 3 --teacher none --no-report "${small[@]}"
expect 0 "6 images selected from 12, 0 of them again" "$dc3" select data -o chosen.jsonl --ipc 3 --teacher none \
  "${quick[@]}"
expect 0 "6 images stored" "$dc3" compensate data --list chosen.jsonl -o parts "${small[@]}"
diff -r whole/train parts/train || fail "select and compensate give another dataset than condense"
grep -q '"compensation": "random"' parts/dc3.json || fail "compensate: $(< parts/dc3.json)"
# In another order and one twice, by hand: by class, each as it stands in the list.
tac chosen.jsonl > back.jsonl; head -1 chosen.jsonl >> back.jsonl
[[ $(sed -n '/"settings"/,/}/p' parts/dc3.json) == *'"listed": 6,'* ]] || fail "listed: $(cat parts/dc3.json)"
! grep -qE '"(ipc|bins|objective|similarity|maximizer|feature_size)"' parts/dc3.json || fail "it says what was not done"
expect 0 "a compensated dataset, method dc3, 6 images in all" "$dc3" info parts
expect 0 '"ipc": null' "$dc3" status parts --json
[[ $("$dc3" status parts) != *"per class"* ]] || fail "status: $("$dc3" status parts)"
expect 0 "7 images stored" "$dc3" compensate data --list back.jsonl -o back "${small[@]}"
[[ $(field back/train/metadata.jsonl source) == "$(for class in blue red; do
  grep "\"$class/" back.jsonl | sed 's/.*"source":"\([^"]*\)".*/\1/'; done)" ]] ||
  fail "order: $(field back/train/metadata.jsonl source)"
expect 1 "holds a run with other settings (list was " "$dc3" compensate data --list chosen.jsonl -o back "${small[@]}"
expect 1 "and is not given" "$dc3" compensate data -o back "${small[@]}"
# Lists that are none, or of other data.
for line in '{"source":"red/9.png"}:is no image of data' 'red/1.png:expected a line of a list that dc3 select wrote' \
  '{"source":"red/1.png","box":[0,0,8,8]}:a square of an image' ':found no line'; do
  echo "${line%:*}" > wrong.jsonl
  expect 1 "wrong.jsonl: " "$dc3" compensate data --list wrong.jsonl -o x "${small[@]}"
  [[ $output == *"${line##*:}"* ]] || fail "$line: $output"
done
expect 1 "nothere.jsonl" "$dc3" compensate data --list nothere.jsonl -o x "${small[@]}"
[[ ! -e x ]] || fail "a refused command writes"
# More than there are: so many again.
expect 0 "16 images selected from 12, 4 of them again" "$dc3" select data -o more.jsonl --ipc 8 --teacher none \
  "${quick[@]}"
expect 0 '"selected": 16' "$dc3" select data -o more.jsonl --ipc 8 --teacher none "${quick[@]}" --json
expect 0 "16 images stored" "$dc3" compensate data --list more.jsonl -o more "${small[@]}"
echo "all checks passed"
