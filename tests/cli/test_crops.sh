#!/bin/bash
# --crops of every method as a user runs it: what is stored and said of it, nested, the same again, continued, saved
# features, refused. What is in the images: unit/test_pipeline.
source "$2/tests/cli/support.sh"

mkdir -p data/red data/blue
for i in 1 2 3 4 5 6 7 8 9; do
  "$make" data/red/r$i.png $((40 + i)) 36 $((90 + 15 * i)) $((25 * i)) 40 &&
    "$make" data/blue/b$i.png 36 $((36 + i)) 30 $((15 * i)) $((230 - 20 * i)) || fail "make_image"
done
echo "not an image" > data/red/text.png
"$tools/make_teacher" teacher.safetensors 2 || fail "make_teacher"
tiny_editor tiny
teacher=(--teacher teacher.safetensors --any-teacher)
metadata() { cat "$1/train/metadata.jsonl"; }
# squares RUN: sources and boxes of each image, a line each.
squares() { metadata "$1" | sed 's/.*"patches"://; s/,"loss[^]}]*}/}/g; s/}\][,}].*/}]/'; }
crops() { # OUT METHOD-WORDS IPC OPTION...
  # shellcheck disable=SC2086 # words
  expect 0 "images stored" "$dc3" condense data -o "$1" --method $2 --ipc "$3" --crops 3 --editor none "${teacher[@]}" \
    "${common[@]}" --no-report "${@:4}"
}

# Each method stores crops, one to an image or four of different images, and says which.
for way in random kmeans herding k-center graph-cut dq "dc3-select --selection bps" \
  "dc3-select --selection cao2" rded; do
  name=${way##* }
  crops $name-1 "$way" 2 --factor 1
  crops $name-2 "$way" 2 --factor 2
  for factor in 1 2; do
    [[ $(metadata $name-$factor | wc -l) == 4 ]] || fail "$way: two a class"
    grep -q '"crops": 3' $name-$factor/dc3.json && grep -q "\"factor\": $factor" $name-$factor/dc3.json ||
      fail "$way: dc3.json does not say the crops"
    metadata $name-$factor | while read -r line; do
      sources=$(grep -o '{"source":"[a-z0-9/.]*","box":\[[0-9]*,[0-9]*,[0-9]*,[0-9]*\],"loss":[0-9.e-]*' <<< "$line")
      [[ $(wc -l <<< "$sources") == $((factor * factor)) ]] || fail "$way: patches: $line"
      [[ $(grep -o '"source":"[^"]*"' <<< "$sources" | sort -u | wc -l) == $((factor * factor)) ]] ||
        fail "$way: a source twice: $line"
      [[ $(grep -o '"source":"red' <<< "$sources" | wc -l) =~ ^(0|$((factor * factor)))$ ]] || fail "$way: two classes"
    done || exit 1
  done
done
[[ $(squares herding-1) != "$(squares cao2-1)" ]] || fail "herding and cao2 choose the same crops"
grep -q '"selection": "cao2"' cao2-1/dc3.json || fail "dc3.json does not name the selection"
loss='[^]]*\],"loss":[0-9.e-]*'
grep -q '"patches":\[{'"$loss"',"rank":1},{'"$loss"',"rank":2}' herding-2/train/metadata.jsonl ||
  fail "the ranks of a mosaic: $(metadata herding-2)"

# Nested as without: the first images are those of fewer.
for way in herding cao2; do
  words=herding; [[ $way != cao2 ]] || words="dc3-select --selection cao2"
  for factor in 1 2; do
    crops $way-first "$words" 1 --factor $factor --fresh
    [[ $(squares $way-first) == "$(metadata $way-$factor | grep '/000-' > firsts; mkdir -p f/train &&
      cp firsts f/train/metadata.jsonl && squares f)" ]] || fail "$way, factor $factor: not nested"
  done
done

# With bins too; a run goes on, the same bytes; saved features; another number of threads.
how=(--ipc 2 --crops 3 --factor 2 "${teacher[@]}" --dtype f32 --size 32 --editor tiny --bins 3)
expect 0 "note: --factor 2 makes patches of 16 pixels; below 64 pixels --factor 1 is usual" "$dc3" condense data \
  -o bins --method dc3-select "${how[@]}" --threads 1
[[ $(grep -o '"rank":[0-9]*' bins/train/metadata.jsonl | head -8 | tr -dc '0-9') == 12345678 &&
  $(grep -o '"bin":[0-9]*' bins/train/metadata.jsonl | head -3 | sort | tr -dc '0-9') == 012 ]] ||
  fail "an image takes turns between bins: $(metadata bins)"
expect 0 "4 images stored" "$dc3" condense data -o paper --method dc3-select "${how[@]}" --threads 1 --selection paper
[[ $(grep -o '"bin":[0-9]*,"rank":[0-9]*' paper/train/metadata.jsonl | head -3 | tr '\n' ' ') == \
  '"bin":0,"rank":1 "bin":1,"rank":1 "bin":2,"rank":1 ' ]] || fail "the paper's takes turns too: $(metadata paper)"
cp -r bins again && rm again/train/red/001-*
expect 0 "continuing" "$dc3" condense data -o again --method dc3-select "${how[@]}" --threads 1
same_run bins again > differences || fail "a continued run differs: $(< differences)"
for run in saved saved2; do
  expect 0 "4 images stored" "$dc3" condense data -o $run --method dc3-select "${how[@]}" --threads 1 --cache kept
  same_run bins $run > differences || fail "saved features change what is stored: $(< differences)"
done
[[ $output == *"features of 18 images from kept/"* ]] || fail "features are not saved: $output"
for other in "--seed 5" "--crops 4" "--factor 1"; do # shellcheck disable=SC2086
  expect 0 "images stored" "$dc3" condense data -o other --fresh --method dc3-select "${how[@]}" --threads 1 \
    --cache kept $other
  [[ $output != *"features of 18 images from kept/"* ]] || fail "$other: features of other crops"
done
expect 1 "other settings (crops was 3 and is 4" "$dc3" condense data -o bins --method dc3-select "${how[@]}" \
  --threads 1 --crops 4
for threads in 1 3; do
  expect 0 "4 images selected from 18, " "$dc3" select data -o t$threads.jsonl --method dc3-select "${how[@]:0:9}" \
    --editor tiny --bins 3 --threads $threads -q
done
cmp t1.jsonl t3.jsonl || fail "the selection depends on threads"
[[ $(grep -c '"box":' t1.jsonl) == 16 ]] || fail "select: boxes: $(< t1.jsonl)"

# Edits are of the crops: the same ones, and an interrupted run is the same; of mosaics too.
for kind in none random calibrated; do
  for factor in 1 2; do
    run=e-$kind-$factor how[5]=$factor
    expect 0 "4 images stored" "$dc3" condense data -o $run --compensation $kind "${how[@]}" --threads 1
    [[ $(squares $run) == "$(squares e-none-$factor)" ]] || fail "--compensation $kind: other crops"
    [[ $kind != random ]] || ! cmp -s $run/train/red/000-* e-none-$factor/train/red/000-* || fail "nothing is edited"
    # Its report shows what was edited, or where the crops are from.
    aligned=1; [[ $kind != none ]] || aligned=0
    [[ $(grep -o 'data-aligned="[01]"' $run/report.html | sort | uniq -c | xargs) == "4 data-aligned=$aligned" ]] ||
      fail "$kind, factor $factor: the report's originals"
    [[ $kind != calibrated ]] || grep -q '"candidates": *[1-9]' $run/calibration/class-0000.json ||
      fail "no candidates"
    cp -r $run half && rm half/train/blue/000-*
    expect 0 "continuing" "$dc3" condense data -o half --compensation $kind "${how[@]}" --threads 1
    same_run $run half > differences || fail "$kind, factor $factor: a continued run differs: $(< differences)"
    rm -r half
  done
done
how[5]=2
expect 0 "4 images stored" "$dc3" condense data -o blurred --method blur "${how[@]}" --threads 1
[[ $(squares blurred) == "$(squares bins)" ]] || fail "blur: other crops"
expect 0 "4 images stored" "$dc3" condense data -o four --combine fourfold "${how[@]}" --factor 1 --threads 1

# A class of too few gives other crops of the same images; in all, too.
crops few herding 12 --factor 1
[[ $output == *"fewer than 12; some are used again with other crops"* && $(squares few | sort -u | wc -l) == 24 ]] ||
  fail "repeats: $output $(squares few)"
expect 0 "3 images stored" "$dc3" condense data -o total --method herding --total 3 --crops 3 --factor 2 --editor none \
  "${teacher[@]}" "${common[@]}" --no-report
[[ $(metadata total | wc -l) == 3 && $(squares total | head -1) == "$(squares herding-2 | head -1)" ]] ||
  fail "--total: $(metadata total)"
expect 0 "images stored" "$dc3" condense data -o own --method random --ipc 1 --crops 2 --threads 1 --size 16
grep -q '"own_teacher"' own/dc3.json || fail "a teacher is trained for the crops"
expect 0 "mosaic.png" "$dc3" contact random-2 -o mosaic.png
expect 0 "crops scored" "$dc3" condense data -o x --method dc3-select "${how[@]}" --dry-run --threads 1
expect 0 "its images are crops of others" "$dc3" measure herding-2 --threads 1

# A comparison has them for all methods.
compare=("$dc3" compare data --val data "${teacher[@]}" --threads 1 --dtype f32 --seeds 1 --epochs 1
  --ipc 1 --labels hard --size 32 -q)
expect 0 "table.txt" "${compare[@]}" -o table --methods random,herding --crops 3
grep -q '"crops": 3' table/compare.json || fail "compare.json: $(< table/compare.json)"
for way in random herding; do
  grep -q '"crops": 3' table/ipc1/$way/seed0/dc3.json || fail "compare: no crops of $way"
done
expect 1 "holds scores of another 'crops'" "${compare[@]}" -o table --methods random,herding
expect 2 "--crops 3: a teacher scores crops" "${compare[@]}" --teacher none -o x --methods random --crops 3

# Refused, and nothing is left.
refused=("$dc3" condense data -o x --ipc 1 "${common[@]}" --method dc3-select)
expect 2 "--crops: expected 1 to 100" "${refused[@]}" "${teacher[@]}" --crops 101
expect 2 "--crops 5: a teacher scores crops: expected --teacher FILE" "${refused[@]}" --teacher none --crops 5
expect 2 "--factor is of crops, and --method dc3-select stores whole images: leave it out, or add --crops N" \
  "${refused[@]}" "${teacher[@]}" --factor 2
expect 2 "images of more than 64 pixels four crops: take another --combine" "$dc3" condense data -o x --ipc 1 \
  --threads 1 --dtype f32 --size 80 "${teacher[@]}" --editor tiny --combine fourfold --crops 5
expect 2 "--combine fourfold stores four edits of half the size, and --factor 2 four crops: take --factor 1" "$dc3" \
  condense data -o x --ipc 1 "${common[@]}" "${teacher[@]}" --editor tiny --combine fourfold --crops 5 --factor 2
expect 2 "--crops is for a dataset" "$dc3" select --from x --crops 5
expect 1 "square" "$dc3" compensate data --list t1.jsonl -o x --editor tiny "${common[@]}"
[[ ! -e x ]] || fail "a refused command makes a folder"
echo "all checks passed"
