#!/bin/bash
# dc3 label, and the program of docs/soft-labels.md that makes views and labels again, on a run of six images.
source "$2/tests/cli/common.sh"
tiny_mini

# Two classes, and one without images that is left out.
mkdir -p data/absent data/blue "data/re d"
for i in 1 2 3; do
  "$tools/make_image" "data/blue/$i.png" 45 40 $((20 * i)) 30 200 &&
    "$tools/make_image" "data/re d/$i.png" 50 43 200 $((30 * i)) 20 || fail "make_image"
done
"$tools/make_teacher" teacher.safetensors 2 && "$tools/make_teacher" three.safetensors 3 || fail "make_teacher"
expect 0 "6 images stored" "$dc3" condense data -o photos-ipc10 --ipc 3 --size 41 --teacher none --threads 2 --dtype f32

# One image is replaced by one of another shape.
odd=$(find photos-ipc10/train/blue -name '*.png' | sort | head -1)
"$tools/make_image" "$odd" 57 38 90 90 10 || fail "make_image"
label=("$dc3" label photos-ipc10 --teacher teacher.safetensors --threads 2)

expect 0 "estimate: 10 views of each of 6 images" "${label[@]}" --dry-run
[[ ! -e photos-ipc10/soft_labels.safetensors ]] || fail "--dry-run writes"
expect 0 "times the images'" "${label[@]}" --views 5 --batch 4
cp photos-ipc10/soft_labels.safetensors first
expect 0 '"views": 5' "${label[@]}" --views 5 --batch 4 --json --fresh
cmp first photos-ipc10/soft_labels.safetensors || fail "the same command gives other bytes"
# What is complete is not made again: neither its time nor its inode changes. That of other images is; of other settings
# it stays, unless --fresh replaces it.
there="photos-ipc10/soft_labels.safetensors is complete: of these settings, teacher and images; --fresh makes it again"
before=$(stat -c %i:%y photos-ipc10/soft_labels.safetensors)
for dry in "" --dry-run; do # shellcheck disable=SC2086 # an option or none
  expect 0 "$there" "${label[@]}" --views 5 --batch 4 $dry
  [[ $output != *estimate* ]] || fail "an estimate of what is there: $output"
done
[[ $(stat -c %i:%y photos-ipc10/soft_labels.safetensors) == "$before" ]] || fail "labels that were there are made again"
"$tools/make_teacher" another.safetensors 2 blind || fail "make_teacher"
for other in "--views 6=views was 5 and is 6" "--views 5 --seed 2=seed was \"0\" and is \"2\"" \
  "--views 5 --bits 8=bits was not given and is 8" "--views 5 --temperature 4=temperature was 20 and is 4" \
  "--views 5 --crop 0.3=crop was not given and is 0.3" \
  "--views 5 --teacher another.safetensors=teacher_fingerprint was \""; do
  # shellcheck disable=SC2086 # options are words
  expect 1 "holds labels of other settings (${other#*=}" "${label[@]}" --batch 4 ${other%%=*}
  [[ $output == *"use --fresh to replace them, or another file (-o)"* ]] || fail "what to do: $output"
  [[ $(stat -c %i:%y photos-ipc10/soft_labels.safetensors) == "$before" ]] || fail "$other: labels are replaced"
  # shellcheck disable=SC2086
  expect 0 "result: other" "${label[@]}" --batch 4 ${other%%=*} -o other
  expect 1 "other: holds labels of other settings (" "${label[@]}" --views 5 --batch 4 -o other
  expect 0 "result: other" "${label[@]}" --views 5 --batch 4 -o other --force
  rm other
done
expect 0 "result: photos-ipc10" "${label[@]}" --views 5 --batch 4 --crop 0.3 --fresh
expect 1 "(crop was 0.3 and is not given)" "${label[@]}" --views 5 --batch 4
expect 0 "result: photos-ipc10" "${label[@]}" --views 5 --batch 4 --fresh
[[ $output != *"is complete"* ]] || fail "--fresh: $output"
mv "$odd" kept.png && "$tools/make_image" "$odd" 57 38 10 90 90 || fail "make_image"
expect 0 "soft_labels.safetensors is made again: its labels are of other images than" "${label[@]}" --views 5 --batch 4
[[ $output != *"is complete"* ]] || fail "labels of other images: $output"
mv kept.png "$odd"
expect 0 "result: seed" "${label[@]}" --views 5 --batch 4 --seed 1 -o seed
cmp -s first seed && fail "the seed changes nothing"
for threads in 1 3; do
  expect 0 "result: threads" "${label[@]}" --views 15 --batch 4 --threads $threads -o threads$threads
done
cmp threads1 threads3 || fail "the number of threads changes labels"

# Views made again by dc3 and by the program of docs/soft-labels.md.
python=${PYTHON:-python3}
if "$python" -c "import numpy, PIL, safetensors" 2> /dev/null; then
  sed -n '/^```python$/,/^```$/p' "$source/docs/soft-labels.md" | grep -v '^```' > snippet.py
  grep -q "def view(v, i)" snippet.py || fail "docs/soft-labels.md has no program for soft labels"
  cat > compare.py <<'PYTHON'
from snippet import *
theirs = load_file("again.safetensors")
views, n = labels["flags"].shape
assert theirs["views"].shape == (views, n, info["size"], info["size"], 3), theirs["views"].shape
assert labels["labels"].tolist() == [0, 0, 0, 1, 1, 1], labels["labels"]
assert info["files"][3].startswith("re d/"), info["files"]
for v in range(views):
    for i in range(n):
        image, logits = view(v, i)
        assert np.abs(image - theirs["views"][v, i]).max() < 1e-5, (v, i, np.abs(image - theirs["views"][v, i]).max())
        if "scale" in labels:
            assert np.abs(logits - theirs["logits"][v, i]).max() <= 1e-3 * np.abs(logits).max(), (v, i)
        else:
            assert (logits == theirs["logits"][v, i]).all() and logits.dtype == np.float16, (v, i)
boxes = (labels["box"][..., 2:] - labels["box"][..., :2]).prod(-1)
assert (labels["partner"] != np.arange(n)).any() and (boxes > 0).any()
assert len(set(labels["flags"].flat)) > (3 if info["factor"] == 2 else 1)
print("compared", views * n)
PYTHON
else
  echo "the program of docs/soft-labels.md is not run: $python has no numpy, PIL and safetensors"
fi
for options in "--bits 8" "--bits 8 --top-k 1" "--factor 2" "--top-k 1 --temperature 4" "--factor 1"; do
  # shellcheck disable=SC2086
  expect 0 "result: photos-ipc10/soft_labels.safetensors" "${label[@]}" --views 4 --batch 4 $options --fresh
  expect 0 "differ by at most" "$tools/rebuild_views" photos-ipc10 teacher.safetensors again.safetensors
  [[ -f compare.py ]] && expect 0 "compared 24" "$python" compare.py
done

# Eight bits: the same views, smaller, read by info and by students.
expect 0 "result: fine" "${label[@]}" --views 50 --batch 4 -o fine
expect 0 "result: coarse" "${label[@]}" --views 50 --batch 4 --bits 8 -o coarse
expect 0 "all 2, 8 bits" "$dc3" info coarse
expect 0 '"top1"' "$dc3" evaluate photos-ipc10 --val data --labels stored --stored coarse --arch convnet3 --epochs 2 \
  --threads 1 --json -q
[[ $output != *warning* ]] || fail "its own labels: $output"
cp -r photos-ipc10 other && cp "$(find data -name '*.png' | head -1)" "$(find other/train -name '*.png' | tail -1)"
expect 0 "warning: the labels in coarse were made of other images than those in other" "$dc3" evaluate other --val \
  data --labels stored --stored coarse --arch convnet3 --epochs 2 --threads 1 --dry-run
for bits in 7 9 12; do expect 2 "--bits: expected 8 or 16, found $bits" "${label[@]}" --bits $bits; done
expect 0 "result: coarse" "${label[@]}" --views 50 --batch 4 --bits 8 -o coarse

# Of another teacher than the one that is given, or the run's.
own=("$dc3" evaluate ../photos-ipc10 --val ../data --labels stored --arch convnet3 --epochs 2 --threads 1 --dry-run)
taught="were made by another teacher than"
cp -r photos-ipc10 taught && (cd taught && expect 0 "" "${own[@]}" --stored ../fine && [[ $output != *"$taught"* ]] &&
  expect 0 "" "${own[@]}" --stored ../fine --teacher ../teacher.safetensors && [[ $output != *"$taught"* ]] &&
  expect 0 "warning: the labels in ../fine $taught ../another.safetensors, which is not asked; dc3 label --teacher" \
    "${own[@]}" --stored ../fine --teacher ../another.safetensors) || fail "stored labels and their teacher"
expect 0 "6 images stored" "$dc3" condense data -o chosen --ipc 3 --size 41 --method dc3-select --any-teacher \
  --teacher teacher.safetensors --threads 2 --dtype f32
expect 0 "" "$dc3" label chosen --teacher teacher.safetensors --views 1
evaluate=("$dc3" evaluate chosen --val data --labels stored --arch convnet3,resnet18 --epochs 1 --threads 1)
expect 0 "" "${evaluate[@]}"
[[ $output != *"$taught"* ]] || fail "the run's teacher: $output"
expect 0 "" "$dc3" label chosen --teacher another.safetensors --any-teacher --views 1 --fresh
expect 0 "$taught the one with which the images of chosen were chosen" "${evaluate[@]}"
[[ $(grep -c "$taught" <<< "$output") == 1 ]] || fail "it is said once: $output"

# An interrupted labelling resumes where it was, to the same bytes; one with other settings says which differ.
long=("${label[@]}" --views 400 --batch 4)
expect 0 "result: whole" "${long[@]}" -o whole
interrupt . "labels: " "${long[@]}" -o cut
[[ ! -e cut ]] || fail "interrupted labels are there"
expect 0 "interrupted: " "$dc3" info cut.checkpoint
[[ $output =~ "interrupted: "([0-9]+)" of 2400 labelled" ]] && ((BASH_REMATCH[1] > 0 && BASH_REMATCH[1] < 2400)) ||
  fail "how far: $output"
cp cut.checkpoint photos-ipc10/soft_labels.safetensors.checkpoint
expect 0 "  saved     ${BASH_REMATCH[1]} of 2400 views labelled" "$dc3" status photos-ipc10
[[ $output == *"  labels    4 views of each image"* ]] || fail "status: labels that are there: $output"
mv photos-ipc10/soft_labels.safetensors . && rm photos-ipc10/soft_labels.safetensors.checkpoint
expect 0 "  complete" "$dc3" status photos-ipc10
[[ $output != *labels* && $output != *saved* ]] || fail "status: labels that are gone: $output"
mv soft_labels.safetensors photos-ipc10
expect 1 "cut.checkpoint: a labelling with other settings was interrupted here (seed was" "${long[@]}" -o cut --seed 3
expect 1 "interrupted here (crop was not given, is 0.3)" "${long[@]}" -o cut --crop 0.3
expect 1 "its crop is empty" "$dc3" evaluate photos-ipc10 --val data --labels stored --stored cut.checkpoint --epochs 1
expect 0 "result: cut" "${long[@]}" -o cut
cmp whole cut || fail "an interrupted labelling gives other bytes"
[[ ! -e cut.checkpoint ]] || fail "the checkpoint stays"

# Folders that dc3 did not make are only read.
expect 1 "use -o FILE" "$dc3" label data --teacher teacher.safetensors
expect 0 "result: l.safetensors" "$dc3" label data --teacher teacher.safetensors --views 2 -o l.safetensors --factor 1
[[ $(find data -name '*.safetensors' | wc -l) == 0 ]] || fail "something was written into the dataset"

# Wrong use and damaged input.
expect 2 "--teacher: expected" "$dc3" label photos-ipc10
expect 1 "nope: expected a folder that dc3 condense made, or a dataset, found nothing there" "$dc3" label nope
expect 2 "which run's folder?" "$dc3" label --teacher teacher.safetensors
expect 2 "--views: expected 1 to 100000, found -1" "${label[@]}" --views -1
expect 2 "--top-k: expected 1 to 1 of 2 classes, found 2" "${label[@]}" --top-k 2
expect 2 "--factor: expected 1 or 2" "${label[@]}" --factor 3
expect 1 "the teacher distinguishes 3 classes, photos-ipc10 has 2" "$dc3" label photos-ipc10 --teacher three.safetensors
expect 2 "takes 32 pixels only, found 24" "${label[@]}" --teacher-size 24
expect 1 "found nothing there" "$dc3" label photos-ipc10 --teacher nowhere.safetensors
lost=$(find photos-ipc10/train -name '*.png' | sort | tail -1); mv "$lost" lost.png
expect 1 "expected the 6 images of metadata.jsonl, found 5" "${label[@]}"
head -c 200 lost.png > "$lost"
expect 1 "damaged or truncated" "${label[@]}"
cp lost.png "$lost"; cp lost.png photos-ipc10/train/blue/other.png
expect 1 "blue/other.png: is not in metadata.jsonl" "${label[@]}"
rm photos-ipc10/train/blue/other.png
expect 0 "6 images stored" "$dc3" condense data -o photos-ipc10 --ipc 3 --size 41 --teacher none --threads 2 \
  --dtype f32 --fresh
[[ ! -e photos-ipc10/soft_labels.safetensors ]] || fail "--fresh leaves old labels"
echo "all checks passed"
