#!/bin/bash
# --near-duplicates: of images of a class that are nearly the same by their embeddings the first alone is chosen.
source "$2/tests/cli/support.sh"
for i in {1..8}; do
  mkdir -p plain/blue plain/red
  "$make" plain/blue/$i.png 52 50 $((25 * i)) $((i % 4 * 60)) 180 &&
    "$make" plain/red/$i.png 50 52 180 $((25 * i)) $((i % 3 * 80)) || fail "make_image"
done
cp -r plain data
# Behind the images that they are like, in the order of names: a value of one channel is another.
for i in 1 2 3 4; do
  "$make" data/blue/9-$i.png 52 50 $((25 + i)) 60 180 && "$make" data/red/9-$i.png 50 52 180 $((25 + i)) 80 ||
    fail "make_image"
done
"$tools/make_teacher" seen.safetensors 4 || fail "make_teacher"
sources() { local file=$1; [[ -d $1 ]] && file=$1/train/metadata.jsonl; field "$file" source | sort; }
run=("$dc3" condense data --method dc3-select --size 16 --bins 1 --threads 1 --dtype f32 --no-report
  --backbone seen.safetensors --teacher none)
near=("${run[@]}" --near-duplicates 0.999)

# All that are different are chosen before one of them twice; what is left is chosen as if the others were not there.
expect 0 "note: 8 images are near-duplicates of others of their class, a cosine of 0.999 or more ('blue/9-1.png' of \
'blue/1.png'): left out" "${near[@]}" --ipc 8 -o all
diff <(sources all) <(cd plain && printf '%s\n' */*.png | sort) || fail "not all that differ are chosen"
grep -q '"near_duplicates": 0.999' all/dc3.json || fail "dc3.json: $(< all/dc3.json)"
expect 0 '"near_duplicates": 8' "${near[@]}" --ipc 4 -o four --json
expect 0 "" "${run[@]/#data/plain}" --ipc 4 -o four-plain
diff <(sources four) <(sources four-plain) || fail "near-duplicates change the choice"
expect 0 "near-duplicates of others" "$dc3" select data -o four.jsonl --ipc 4 --bins 1 --threads 1 \
  --near-duplicates 0.999 --backbone seen.safetensors
diff <(sources four) <(sources four.jsonl) || fail "select chooses others"
expect 0 "" "${run[@]}" --ipc 9 -o usual
sources usual | grep -q /9- && ! grep -q near_duplicates usual/dc3.json || fail "near-duplicates are left out unasked"
expect 0 "different images, fewer than 9" "${near[@]}" --ipc 9 -o again
# More than half of a class: hardly copies, it is said; least of all by a teacher of the same classes.
expect 0 "warning: 2 classes lose more than half of their images as near-duplicates ('blue': " "${run[@]}" \
  --near-duplicates 0.5 --ipc 1 -o lost
"$tools/make_teacher" two.safetensors 2 || fail "make_teacher"
expect 0 "or compare by a network of other classes: --backbone" "$dc3" condense data --method dc3-select --size 16 \
  --bins 1 --threads 1 --no-report --backbone none --teacher two.safetensors --near-duplicates 0.5 \
  --ipc 1 -o by-teacher
expect 1 "different images by --near-duplicates, fewer than 9 (--strict)" "${near[@]}" --ipc 9 --strict -o strict
# Saved features, and a run that chooses again: the same.
expect 0 "" "${near[@]}" --ipc 4 -o cached --cache kept
expect 0 "features of 24 images from kept/" "${near[@]}" --ipc 4 -o cached2 --cache kept
same_run cached cached2 > differences && same_run four cached > differences || fail "runs differ: $(< differences)"
# A file of them with an image twice is damaged: they are made again.
file=(kept/features-*.safetensors)
header=$(od -An -t u8 -N 8 "${file[0]}")
offset=$(head -c $((8 + header)) "${file[0]}" | grep -ao '"items":{[^}]*' | sed 's/.*offsets":\[\([0-9]*\).*/\1/')
[[ ${#file[@]} == 1 && $offset ]] || fail "the saved features: ${file[*]}"
printf '\001' | dd of="${file[0]}" bs=1 seek=$((8 + header + offset + 16)) conv=notrunc status=none
expect 0 "" "${near[@]}" --ipc 4 -o cached3 --cache kept
[[ $output != *"images from kept/"* ]] || fail "damaged features are taken: $output"
same_run cached cached3 > differences || fail "after damage: $(< differences)"
rm cached/selection.json
expect 0 "near-duplicates of others" "${near[@]}" --ipc 4 -o cached
same_run four cached > differences || fail "a run that chooses again differs: $(< differences)"
expect 1 "near_duplicates was 0.999" "${run[@]}" --ipc 4 -o four

# By the embeddings of a teacher, where there is no backbone; and of a run's own.
"$dc3" train plain -o taught.safetensors --size 16 --epochs 2 --batch 8 --threads 1 -q > /dev/null || fail "train"
expect 0 "near-duplicates of others" "$dc3" select data -o taught.jsonl --ipc 4 --threads 1 --near-duplicates 0.999 \
  --teacher taught.safetensors
expect 0 "near-duplicates of others" "$dc3" condense data -o own --method dc3-select --size 16 --ipc 4 --threads 1 \
  --dtype f32 --no-report --near-duplicates 0.999 --backbone seen.safetensors

# A comparison hands it to the methods that compare all images, and keeps its scores apart.
compare=("$dc3" compare data --val plain --ipc 4 --labels hard --seeds 1 --epochs 1 --size 16 --bins 1 --threads 1
  --dtype f32 --backbone seen.safetensors --teacher none)
expect 0 "near-duplicates of others" "${compare[@]}" -o compared --methods random,dc3-select --near-duplicates 0.999
diff <(sources compared/ipc4/dc3-select/seed0) <(sources four) || fail "a comparison chooses others"
grep -q '"near_duplicates": 0.999' compared/compare.json || fail "compare.json: $(< compared/compare.json)"
! grep -q near_duplicates compared/ipc4/random/seed0/dc3.json || fail "random images are compared"
expect 1 "scores of another 'near_duplicates'" "${compare[@]}" -o compared --methods random,dc3-select
expect 2 "--near-duplicates: none of --methods compares all images" "${compare[@]}" -o x --methods random \
  --near-duplicates 0.999

expect 2 "--near-duplicates: there are no embeddings" "${compare[@]}" -o x --methods random,dc3-select \
  --near-duplicates 0.999 --backbone none
[[ ! -e x ]] || fail "a refused comparison begins"

# What has nothing to compare is refused, and what is no cosine.
expect 2 "there are no embeddings to compare images by; expected --backbone, --teacher or --features" \
  "${near[@]}" --ipc 4 -o x --backbone none
expect 2 "--near-duplicates: the method looks at some images only; expected another --method" \
  "$dc3" condense data -o x --ipc 4 --method random --threads 1 --near-duplicates 0.99
expect 2 "--near-duplicates" "${run[@]}" --ipc 4 -o x --near-duplicates 0.3
expect 2 "--near-duplicates" "$dc3" select --from x.npz --ipc 1 --near-duplicates 0.9
[[ ! -e x ]] || fail "a refused command writes"
echo "near: passed"
