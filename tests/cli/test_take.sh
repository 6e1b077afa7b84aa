#!/bin/bash
# dc3 take: the first images of a larger run. Of selections that are nested the same bytes as a run of that size, of
# the paper's by rank and bin; files and tars; what works on a run works on what is taken; what is refused.
source "$2/tests/cli/support.sh"
for class in blue red; do images data/$class 12; done
for i in 1 2 3 4; do "$make" data/red/extra$i.png 24 30 $((200 - 30 * i)) $((20 * i)) 90 || fail "make_image"; done
"$tools/make_teacher" teacher.safetensors 2 || fail "make_teacher"
tiny_editor tiny
given=(--teacher teacher.safetensors --any-teacher --editor none --no-report "${common[@]}")
sources() { field "$1/train/metadata.jsonl" source; }

# The images, names and lines of a run with --ipc 3, where each next image follows one order.
for how in "dc3-select --selection "{cao2,bps,herding} \
  "dc3-select "{,"--bins 1","--selection paper --bins 1"}" --editor tiny" herding k-center graph-cut random; do
  name=${how// /_}
  # shellcheck disable=SC2086 # options are words
  expect 0 "20 images stored" "$dc3" condense data -o "$name" --ipc 10 "${given[@]}" --method $how
  # shellcheck disable=SC2086
  expect 0 "6 images stored" "$dc3" condense data -o "$name-3" --ipc 3 "${given[@]}" --method $how
  expect 0 "6 of 20 images taken" "$dc3" take "$name" --ipc 3 -o "$name-taken"
  [[ $output != *"note: "* ]] || fail "$how: a note: $output"
  diff -r "$name-3/train" "$name-taken/train" > differences || fail "$how: not what --ipc 3 chooses: $(< differences)"
  cmp "$name-3/pictures.txt" "$name-taken/pictures.txt" || fail "$how: pictures.txt"
  grep -q '"nested": true' "$name-taken/dc3.json" || fail "$how: $(< "$name-taken/dc3.json")"
done

# The order of random is written, in lines, tables and lists, also where --total and --balance divide: a class has its
# first images in each of them.
first() { # RANKS CLASS N: the images of ranks 1 to N, of lines "rank,image" of a table
  awk -F, -v n="$3" -v class="$2/" '$1 >= 1 && $1 <= n && index($2, class) == 1' "$1" | sort -n
}
ranked() { awk -F, -v rank="$2" -v image="$3" 'NR > 1 { print $rank "," $image }' "$1"; } # TABLE COLUMN COLUMN
ranked random/chosen.csv 7 2 > order
[[ $(wc -l < order) == 20 && $(cut -d, -f1 order | sort -n | uniq -c | awk '{ print $1 $2 }' | xargs) == \
  "21 22 23 24 25 26 27 28 29 210" ]] || fail "ranks of random: $(< random/chosen.csv)"
for how in "--ipc 3" "--total 5" "--total 9" "--total 11 --balance proportional" "--total 7 --balance sqrt"; do
  # shellcheck disable=SC2086 # options are words
  expect 0 "images selected" "$dc3" select data $how --method random --threads 1 -o part.csv
  ranked part.csv 7 3 > part
  (($(wc -l < part) >= 5)) || fail "$how: $(< part)"
  for class in blue red; do
    [[ $(first part $class 99) == "$(first order $class "$(grep -c "$class/" part)")" ]] || fail "$how: $(< part)"
  done
done
expect 0 "20 images stored" "$dc3" condense data -o rded --ipc 10 "${given[@]}" --method rded
[[ $(grep -o '"rank":[0-9]*' rded/train/metadata.jsonl | head -10 | tr -d '\n') == \
  "$(printf '"rank":%d' 1 2 3 4 5 6 7 8 9 10)" ]] || fail "ranks of rded: $(< rded/train/metadata.jsonl)"

expect 0 "4 images stored" "$dc3" condense data -o drawn --ipc 2 "${given[@]}" --method graph-cut --maximizer stochastic
expect 0 "a run of its own with --ipc 1 would choose (docs" "$dc3" take drawn --ipc 1 -o drawn-taken

! grep stored_accuracy herding-taken/dc3.json || fail "a teacher's accuracy on images that were left"

# Of crops too, where a class with too few images repeats them: the repeats come last.
for i in 1 2 3; do mkdir -p few/{blue,red} && cp data/blue/$i.png few/blue && cp data/red/{,extra}$i.png few/red; done
for how in herding random; do
  crops=(--method $how --crops 3 --factor 1 "${given[@]}")
  expect 0 "12 images stored" "$dc3" condense few -o "crops-$how" --ipc 6 "${crops[@]}"
  expect 0 "6 images stored" "$dc3" condense few -o "crops-$how-3" --ipc 3 "${crops[@]}"
  expect 0 "6 of 12 images taken" "$dc3" take "crops-$how" --ipc 3 -o "crops-$how-taken"
  diff -r "crops-$how-3/train" "crops-$how-taken/train" > differences || fail "crops, $how: $(< differences)"
done

# Of the paper's selection rank 1 of each bin comes first; it is no smaller run's.
expect 0 "12 images stored" "$dc3" condense data -o paper --ipc 6 --selection paper --bins 3 "${given[@]}" \
  --method dc3-select --editor tiny
expect 0 "not those that a run of its own with --ipc 3 would choose; those of --selection nested are" \
  "$dc3" take paper --ipc 3 -o paper-taken
for class in blue red; do
  [[ $(grep "\"class\":\"$class\"" paper-taken/train/metadata.jsonl | field /dev/stdin rank | xargs) == "1 1 1" ]] ||
    fail "paper: ranks: $(< paper-taken/train/metadata.jsonl)"
done
[[ $(field paper-taken/train/metadata.jsonl bin | sort | uniq -c | awk '{print $1}' | xargs) == "2 2 2" ]] ||
  fail "paper: bins: $(< paper-taken/train/metadata.jsonl)"
while read -r name; do cmp "paper/train/$name" "paper-taken/train/$name" || fail "$name is not the same"; done \
  < paper-taken/pictures.txt
grep -Fxvf paper/train/metadata.jsonl paper-taken/train/metadata.jsonl && fail "a line is not the run's"
expect 0 '"nested": false' "$dc3" take paper --ipc 1 -o paper-one --json -q

# dc3.json says what was taken of what; --total divides as evenly as there are images.
cat > is.py << 'PY'
import json, sys
d = json.load(open(sys.argv[1])); s = d["settings"]; t = s["taken"]
assert d["complete"] and s["ipc"] == 3 and s["total"] == 5 and t["ipc"] == 6 and t["images"] == 12, s
assert t["of"].endswith("/paper") and t["nested"] is False and d["classes"] == ["blue", "red"], d
PY
expect 0 "5 of 12 images taken" "$dc3" take paper --total 5 -o five
if command -v python3 > /dev/null; then python3 is.py five/dc3.json || fail "dc3.json: $(< five/dc3.json)"; fi
[[ $(ls five/train/blue | wc -l) == 3 && $(ls five/train/red | wc -l) == 2 ]] || fail "five: $(ls -R five/train)"
expect 0 "2 of 5 images taken" "$dc3" take five --ipc 1 -o five-one
cmp five-one/train/metadata.jsonl paper-one/train/metadata.jsonl || fail "taken of what was taken"

# From tars to tars, as a run of that size has them.
tars=(--method herding --store tar --shard-size 12kB "${given[@]}")
expect 0 "20 images stored" "$dc3" condense data -o tar --ipc 10 "${tars[@]}"
expect 0 "6 images stored" "$dc3" condense data -o tar-3 --ipc 3 "${tars[@]}"
expect 0 "6 of 20 images taken" "$dc3" take tar --ipc 3 -o tar-taken
diff -r tar-3/train tar-taken/train || fail "tars differ"
[[ $(grep -o '"\(shards\|stored\)": [0-9]*' tar-3/dc3.json) == $(grep -o '"\(shards\|stored\)": [0-9]*' \
  tar-taken/dc3.json) ]] || fail "dc3.json: $(< tar-taken/dc3.json)"

# A budget is told as a size, also that of the run.
expect 0 "images stored" "$dc3" condense data -o bytes --budget 5kB --method random "${given[@]}"
expect 0 "" "$dc3" take bytes --total 2 -o bytes-taken
expect 0 "taken.budget 5.0 kB" "$dc3" info bytes-taken

# With edits, the run's own teacher and its page.
expect 0 "4 images stored" "$dc3" condense data -o calibrated --ipc 2 "${given[@]}" --editor tiny
expect 0 "compensated together with those of the images that are left out" "$dc3" take calibrated --ipc 1 -o calm
expect 0 "6 images stored" "$dc3" condense data -o edited --ipc 3 --editor tiny --teacher-epochs 1 \
  --compensation random "${common[@]}"
printf 'gone.png\tnot readable\n' > edited/skipped.txt
expect 0 "4 of 6 images taken" "$dc3" take edited --ipc 2 -o two
cmp edited/teacher.safetensors two/teacher.safetensors || fail "the run's own teacher is not taken"
cmp edited/skipped.txt two/skipped.txt || fail "skipped.txt is not taken"
for edits in two/edits/*/*; do cmp "$edits" "edited/${edits#two/}" || fail "$edits"; done
[[ $(find two/edits -type f | wc -l) == 4 && $(find two/train -name '*.png' | wc -l) == 4 ]] || fail "$(find two)"
for run in two tar-taken; do
  expect 0 "complete" "$dc3" info $run
  expect 0 "" "$dc3" status $run
  expect 0 "images shown" "$dc3" report $run --threads 1
  expect 0 "" "$dc3" contact $run -o $run.png
  expect 0 "convnet3" "$dc3" evaluate $run --val data --arch convnet3 --labels hard --epochs 1 --threads 1 --size 16 \
    --seeds 1 --batch 4
done
expect 0 "views of each of 4 images" "$dc3" label two --views 2 --threads 1

# Stored labels come along, but for views that show an image that is left out.
expect 0 "note: of 2 views of each image that are labelled in two 0 are taken: the others mix it" \
  "$dc3" take two --ipc 1 -o one
[[ $output == *"dc3 label one makes new ones"* && ! -e one/soft_labels.safetensors && ! -e one/scores.json ]] ||
  fail "labels or scores were taken: $output"
student=(--val data --arch convnet3 --labels stored --epochs 2 --threads 1)
expect 0 "views of each of 4 images" "$dc3" label two --views 3 --fresh --cutmix 0 --rand-ops 1 --batch 4 --threads 1
expect 0 "soft labels of 3 views of each" "$dc3" take two --ipc 1 -o one --fresh
expect 0 "3 of each image" "$dc3" info one/soft_labels.safetensors
expect 0 "convnet3" "$dc3" evaluate one "${student[@]}"
[[ $output != *"others now"* ]] || fail "the images seem to be others: $output"
"$dc3" take two --ipc 1 --fresh -o again > out 2>&1 && cmp one/soft_labels.safetensors again/soft_labels.safetensors ||
  fail "other bytes: $(< out)"
expect 0 "views of each of 20 images" "$dc3" label tar --views 2 --cutmix 0 --teacher teacher.safetensors \
  --any-teacher --threads 1
expect 0 '"label_views": 2' "$dc3" take tar --ipc 3 -o tar-taken --fresh --json
expect 0 "convnet3" "$dc3" evaluate tar-taken "${student[@]}" --seeds 1
# They are not those that label makes of the part, whose images have other numbers.
expect 0 "2 views of each of 6 images" "$dc3" label tar-taken --views 2 --cutmix 0 --teacher teacher.safetensors \
  --any-teacher --threads 1
[[ $output != *"is complete"* ]] || fail "labels that were taken along pass for new ones: $output"
cp tar/soft_labels.safetensors two
expect 0 "warning: soft labels are not taken: two/soft_labels.safetensors: expected labels of 4 images" \
  "$dc3" take two --ipc 1 -o one --fresh
[[ ! -e one/soft_labels.safetensors ]] || fail "labels of other images were taken"

# Refused, and nothing is left.
before=$(find paper five -type f -exec cat {} + | cksum)
expect 2 "Use one of --ipc and --total" "$dc3" take paper -o x
expect 2 "Use one of --ipc and --total" "$dc3" take paper -o x --ipc 1 --total 3
expect 2 "where should the result go" "$dc3" take paper --ipc 1
expect 2 "--ipc: expected at most what the run has of a class, 6, found 7" "$dc3" take paper --ipc 7 -o x
expect 2 "--total: expected from one image of each class, 2, to all of the run, 12; found 1" "$dc3" take paper \
  --total 1 -o x
expect 2 "found 13" "$dc3" take paper --total 13 -o x
expect 1 "no dc3.json in it" "$dc3" take data --ipc 1 -o x
expect 1 "nothing there" "$dc3" take nowhere --ipc 1 -o x
expect 1 "apart from the run" "$dc3" take paper --ipc 1 -o paper/x
expect 1 "apart from the run" "$dc3" take paper --ipc 1 -o paper
expect 1 "apart from the dataset" "$dc3" take paper --ipc 1 -o data/x
expect 1 "five: holds a run already; use --fresh" "$dc3" take paper --ipc 1 -o five
mkdir mine && touch mine/notes.txt
expect 1 "files that dc3 did not make" "$dc3" take paper --ipc 1 -o mine --fresh
[[ $(find paper five -type f -exec cat {} + | cksum) == "$before" && ! -e x ]] || fail "what a refused command left"

# A run that is not complete, or lacks an image, gives nothing; what an interrupted call left is made anew, and so is
# any run with --fresh.
cp -r paper broken && sed -i 's/"complete": true/"complete": false/' broken/dc3.json
expect 1 "the run is not complete" "$dc3" take broken --ipc 1 -o x
cp -r paper lost && rm lost/train/blue/000-*
expect 1 "expected an image of the run, found none" "$dc3" take lost --ipc 1 -o x
grep -q '"complete": false' x/dc3.json || fail "what is not complete says that it is"
expect 1 "x: holds a run already" "$dc3" take paper --ipc 1 -o x
rm -r lost && cp -r paper lost
expect 0 "2 of 12 images taken" "$dc3" take lost --ipc 1 -o x
diff -r x/train paper-one/train || fail "made anew"
# The same again takes nothing, while all is there.
inodes() { find x -printf '%i %p %t\n' | sort | cksum; }
there=$(inodes)
expect 0 "x: all images are there already: none was taken" "$dc3" take lost --ipc 1 -o x
[[ $output == *"2 of 12 images taken, of 2 classes"*"on the disk: 3 files"* && $(inodes) == "$there" ]] ||
  fail "taken again: $output"
mv x/train/blue/*.png . && expect 1 "x: holds a run already" "$dc3" take lost --ipc 1 -o x
mv ./000-*.png x/train/blue
# Nor where the run has other images now, or labels that were not taken.
first=$(head -1 lost/pictures.txt)
mv "lost/train/$first" kept.png && cp "lost/train/$(tail -1 lost/pictures.txt)" "lost/train/$first"
expect 1 "x: holds a run already" "$dc3" take lost --ipc 1 -o x
mv kept.png "lost/train/$first" && touch lost/soft_labels.safetensors
expect 1 "x: holds a run already" "$dc3" take lost --ipc 1 -o x
rm lost/soft_labels.safetensors && expect 0 "none was taken" "$dc3" take lost --ipc 1 -o x
expect 0 "4 of 12 images taken" "$dc3" take paper --ipc 2 -o x --fresh
[[ $(find x/train -name '*.png' | wc -l) == 4 ]] || fail "--fresh: $(find x)"
expect 1 "holds a set that dc3 take made of another" "$dc3" condense data -o x --ipc 2 --bins 3 --method dc3-select \
  "${given[@]}" --editor tiny
echo "all checks passed"
