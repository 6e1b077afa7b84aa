#!/bin/bash
# Every --method as a user runs it: what is stored, what is written about it, the same again, resumed, refused.
source "$2/tests/cli/common.sh"
tiny_mini

make=$tools/make_image teach=$tools/make_teacher
mkdir -p data/red data/blue
for i in 1 2 3 4 5 6 7; do
  "$make" data/red/r$i.png $((40 + i)) 36 $((90 + 20 * i)) $((25 * i)) 40 &&
    "$make" data/blue/b$i.png 36 $((36 + i)) 30 $((15 * i)) $((230 - 20 * i)) || fail "make_image"
done
echo "not an image" > data/red/text.png
"$teach" teacher.safetensors 2 && head -c 5000 teacher.safetensors > cut.safetensors || fail "make_teacher"
common=(--threads 2 --dtype f32 --size 32)
sources() { grep -o '"source":"[^"]*"' "$1/train/metadata.jsonl"; }

# Every method: exactly IPC a class, named in dc3.json and in each line, the same bytes again.
for method in dc3-select jitter grayscale blur random kmeans herding k-center graph-cut dq rded; do
  teacher=(--teacher none); [[ $method == rded ]] && teacher=(--teacher teacher.safetensors)
  expect 0 "6 images stored" "$dc3" condense data -o $method --method $method --ipc 3 "${teacher[@]}" "${common[@]}"
  [[ $(find $method/train/red -name '*.png' | wc -l) == 3 &&
    $(find $method/train/blue -name '*.png' | wc -l) == 3 ]] || fail "$method: three a class"
  [[ $(grep -c "\"method\":\"$method\"" $method/train/metadata.jsonl) == 6 ]] || fail "$method: six lines that name it"
  grep -q "\"method\": \"$method\"" $method/dc3.json || fail "$method: dc3.json does not name it"
  [[ $method == rded || $(sources $method | sort -u | wc -l) == 6 ]] || fail "$method: an image twice"
done
for method in jitter dq random rded; do
  teacher=(--teacher none); [[ $method == rded ]] && teacher=(--teacher teacher.safetensors)
  expect 0 "6 images stored" "$dc3" condense data -o again --fresh --method $method --ipc 3 "${teacher[@]}" \
    "${common[@]}"
  same_run $method again > differences || fail "$method: two runs differ: $(cat differences)"
  victim=$(find again/train -name '*.png' | sort | tail -1); rm "$victim"
  expect 0 "continuing" "$dc3" condense data -o again --method $method --ipc 3 "${teacher[@]}" "${common[@]}"
  same_run $method again > differences || fail "$method: a continued run differs: $(cat differences)"
done
expect 1 "other settings (method was \"rded\" and is \"random\"" "$dc3" condense data -o again --method random \
  --ipc 3 "${common[@]}"

# The editors work on dc3's own selection, and change it.
for method in jitter grayscale blur; do
  [[ $(sources $method) == $(sources dc3-select) ]] || fail "$method: another selection than dc3-select"
  cmp -s "$(find $method/train -name '*.png' | sort | head -1)" \
    "$(find dc3-select/train -name '*.png' | sort | head -1)" && fail "$method changes nothing"
done
grep -q '"edits":\[{"brightness":[0-9.]*,"contrast":[0-9.]*,"saturation":[0-9.]*,"hue":[-0-9.e]*,"order":\["' \
  jitter/train/metadata.jsonl || fail "jitter: factors"
grep -q '"edits":\[{"sigma":[0-9.]*,"kernel":3},{"sigma"' blur/train/metadata.jsonl || fail "blur: sigmas"
expect 0 "6 images stored" "$dc3" condense data -o four --method jitter --ipc 3 --combine fourfold --teacher none \
  "${common[@]}"
expect 0 "6 images stored" "$dc3" condense data -o plain --ipc 3 --teacher none "${common[@]}"
[[ $(sources plain) == $(sources dc3-select) ]] || fail "dc3 and dc3-select choose differently"

# With a teacher its features choose; without features nothing but the chosen images is opened, and no model.
for method in kmeans herding k-center graph-cut dq; do
  expect 0 "6 images stored" "$dc3" condense data -o taught --fresh --method $method --ipc 3 \
    --teacher teacher.safetensors --editor none "${common[@]}"
  choose=("$dc3" select data --method $method --ipc 7 --teacher teacher.safetensors -q)
  expect 0 "14 images selected from 14, " "${choose[@]}" --threads 1 -o t1.jsonl
  expect 0 "14 images selected from 14, " "${choose[@]}" --threads 3 -o t3.jsonl
  diff t1.jsonl t3.jsonl || fail "$method: the selection depends on threads"
done
expect 0 "2 images stored" "$dc3" condense data -o r1 --method random --ipc 1 --editor none "${common[@]}"
expect 1 "nowhere: expected a diffusers directory with a model_index.json, found nothing there (--editor)" \
  "$dc3" condense data -o r2 --method random --ipc 1 --editor nowhere "${common[@]}"
expect 1 "--teacher nowhere: expected a classifier's file" "$dc3" condense data -o r2 --method random --ipc 1 \
  --teacher nowhere "${common[@]}"
expect 0 "does not use a teacher" "$dc3" condense data -o r2 --method random --ipc 1 --teacher teacher.safetensors \
  "${common[@]}"
expect 0 "fewer than 9; some are used again" "$dc3" condense data -o r9 --method random --ipc 9 "${common[@]}"
[[ $(find r9/train -name '*.png' | wc -l) == 18 ]] && grep -q text.png r9/skipped.txt ||
  fail "random: exactly IPC, and the unreadable one is listed"
# Of many classes of too few, twenty are named.
for c in $(seq 25); do mkdir -p many/$c && cp data/red/r1.png many/$c; done
for how in "--dry-run:so have 5 more classes" "--no-report:more classes have too few images"; do
  expect 0 "${how#*:}" "$dc3" condense many -o few --method random --ipc 2 "${how%%:*}" "${common[@]}"
  [[ $(grep -c "^warning: class '.*fewer than 2" <<< "$output") == 20 ]] || fail "classes of one image: $output"
done
expect 1 "(--strict)" "$dc3" condense data -o strict --method random --ipc 8 --strict "${common[@]}"

# RDED: patches with their boxes, stitched at factor 2; the best first; more crops than images.
grep -q '"patches":\[{"source":"[a-z0-9/.]*","box":\[[0-9]*,[0-9]*,[0-9]*,[0-9]*\],"loss":[0-9.e-]*,"rank":[1-3]}\]}' \
  rded/train/metadata.jsonl || fail "rded: one patch an image"
expect 0 "fewer than 12; some are used again with other crops" "$dc3" condense data -o f2 --method rded --factor 2 \
  --ipc 3 --teacher teacher.safetensors "${common[@]}"
[[ $(grep -o '"box"' f2/train/metadata.jsonl | wc -l) == 24 ]] || fail "rded: four patches an image"
for class in red blue; do
  for k in 1 2 3 4; do # losses of the k-th patches, in the order of the images, rise from the first to the last
    grep "\"class\":\"$class\"" f2/train/metadata.jsonl | sed 's/.*"patches"//' | while read -r line; do
      grep -o '"loss":[0-9.e+-]*' <<< "$line" | sed -n "${k}s/.*://p"; done
  done > losses
  [[ $(wc -l < losses) == 12 ]] && sort -g -c losses || fail "rded: the best come first"
done
expect 0 "4 images selected from 14, 0 of them again" "$dc3" select data -o s.jsonl --method rded --ipc 2 \
  --teacher teacher.safetensors
grep -q '"box":\[' s.jsonl || fail "select --method rded: boxes"
expect 2 "expected --teacher FILE" "$dc3" condense data -o x --method rded --teacher none
expect 0 "a teacher is trained first" "$dc3" condense data -o own --method rded --ipc 2 "${common[@]}"
expect 1 "cut.safetensors" "$dc3" condense data -o x --method rded --teacher cut.safetensors
expect 2 "--factor: expected 1 or 2" "$dc3" condense data -o x --method rded --factor 3 --teacher teacher.safetensors
expect 2 "--method: expected one of dc3, dc3-select" "$dc3" condense data -o x --method magic
expect 2 "--method is for a dataset" "$dc3" select --from x --method random
expect 0 "estimate" "$dc3" condense data -o dry --method rded --teacher teacher.safetensors --dry-run
[[ ! -e dry && ! -e x ]] || fail "a folder is left"

# What is wrong use with the diffusion model is so without it. An image that is lost, or another, after it was chosen
# is skipped; select lists what it skips.
expect 2 "--sampler: expected one of" "$dc3" condense data -o x --method random --sampler none
expect 2 "--detail: expected one of" "$dc3" condense data -o x --method rded --detail some --teacher teacher.safetensors
expect 2 "--factor is for a dataset" "$dc3" select --from x --factor 2
expect 0 "14 images selected from 14, " "$dc3" select data -o listed.jsonl --method kmeans --ipc 7 \
  --teacher teacher.safetensors --editor none
grep -q '^red/text.png: ' listed.jsonl.skipped.txt || fail "select: the unreadable one is listed"
cp -r data lost
for method in jitter random rded; do
  expect 0 "14 images stored" "$dc3" condense lost -o lost-$method --method $method --ipc 7 \
    --teacher teacher.safetensors --any-teacher "${common[@]}"
  rm lost-$method/train/red/*-r[12].png
done
echo "no longer an image" > lost/red/r1.png; "$make" lost/red/r2.png 8 8 1 2 3
expect 0 "13 images stored" "$dc3" condense lost -o lost-jitter --method jitter --ipc 7 \
  --teacher teacher.safetensors --any-teacher "${common[@]}"
expect 0 "13 images stored" "$dc3" condense lost -o lost-random --method random --ipc 7 "${common[@]}"
expect 0 "12 images stored" "$dc3" condense lost -o lost-rded --method rded --ipc 7 \
  --teacher teacher.safetensors --any-teacher "${common[@]}"
for method in jitter random rded; do
  grep -q '^red/r1.png: ' lost-$method/skipped.txt || fail "$method: a lost image is not listed"
  [[ $(find lost-$method/train -name '*.png' | wc -l) == $(wc -l < lost-$method/train/metadata.jsonl) ]] ||
    fail "$method: images and lines"
done
expect 1 "apart from the dataset" "$dc3" condense data -o data/out --method random --fresh "${common[@]}"
cp -r lost-random kept && echo mine > kept/train/red/mine.txt
expect 0 "2 images stored" "$dc3" condense data -o kept --method random --ipc 1 --fresh "${common[@]}"
[[ -f kept/train/red/mine.txt && $(find kept/train -name '*.png' | wc -l) == 2 ]] ||
  fail "--fresh removes too much or too little"
[[ ! -e x ]] || fail "a refused command makes a folder"
expect 0 "result: grid.png" "$dc3" contact f2 -o grid.png
expect 0 "k-center" "$dc3" condense --help
echo "all checks passed"
