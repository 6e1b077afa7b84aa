#!/bin/bash
# --store copy and link: the files of the chosen images byte for byte, or symbolic links to them; what works on a run
# works on them; what changes pixels, or has no such files, is refused.
source "$2/tests/cli/support.sh"
for class in blue red; do images data/$class 5; done
"$make" data/red/wide.png 60 20 200 10 10 && cp data/red/wide.png data/red/Wide2.PNG && "$make" data/red/wide.png \
  64 20 200 10 10 || fail "make_image"
random=(--method random --ipc 4 --threads 1)
expect 0 "8 images stored" "$dc3" condense data -o files "${random[@]}" --size 16
expect 0 "8 images stored" "$dc3" condense data -o copy "${random[@]}" --store copy
expect 0 "8 images stored" "$dc3" condense data -o link "${random[@]}" --store link
sources() { field "$1/train/metadata.jsonl" source; }
[[ $(sources files) == "$(sources copy)" && $(sources files) == "$(sources link)" ]] || fail "other images are chosen"
same() { # RUN: every line's file is its source's, and is called as that ends
  paste <(field "$1/train/metadata.jsonl" file_name) <(sources "$1") > pairs
  [[ $(wc -l < pairs) == 8 ]] || fail "$1: $(< pairs)"
  while read -r name origin; do
    cmp "$1/train/$name" "data/$origin" || fail "$1: $name is not $origin"
    [[ ${name##*.} == "${origin##*.}" ]] || fail "$1: $name is called otherwise than $origin"
  done < pairs
}
same copy; same link
[[ -z $(find copy/train -type l) && $(find link/train -type l | wc -l) == 8 ]] || fail "links: $(find link copy)"
[[ $(readlink "$(find link/train -type l | head -1)") == "$(realpath "$work")"/data/* ]] ||
  fail "a link is not absolute"
grep -q '"store": "copy"' copy/dc3.json && grep -q '"format": "original"' copy/dc3.json || fail "$(< copy/dc3.json)"

# A run goes on, makes again what is gone, and starts over without touching an original.
before=$(find data -type f -exec cksum {} + | sort)
for kind in copy link; do
  rm "$(find $kind/train -name '001-*' | head -1)"
  expect 0 "continuing" "$dc3" condense data -o $kind "${random[@]}" --store $kind
  same $kind
  expect 0 "8 of 8 stored" "$dc3" status $kind
  expect 0 "complete" "$dc3" info $kind
  expect 0 "8 of 8 images shown, 8 beside" "$dc3" report $kind --threads 1
  expect 0 "" "$dc3" contact $kind -o $kind.png
  expect 0 "convnet3" "$dc3" evaluate $kind --val data --arch convnet3 --labels hard --epochs 1 --threads 1 --size 16 \
    --seeds 1 --batch 4
done
expect 1 "store was \"copy\" and is \"link\"" "$dc3" condense data -o copy "${random[@]}" --store link
expect 0 "4 of 8 images taken" "$dc3" take link --ipc 2 -o taken
[[ -z $(find taken/train -type l) ]] && grep -q '"store": "copy"' taken/dc3.json || fail "take makes links"
ln -s "$work/data/red/1.png" link/train/red/x.png.1.part # as a process leaves it that is killed there
for kind in copy link; do
  expect 0 "2 images stored" "$dc3" condense data -o $kind --method random --ipc 1 --threads 1 --store $kind --fresh
  [[ $(find $kind/train -name '*.[pP]*' | wc -l) == 2 ]] || fail "--fresh leaves: $(find $kind/train)"
done
link=$(find link/train -type l | head -1)
ln -s "$PWD/$link" way.png
for place in "$link" way.png; do
  expect 2 "expected a place apart from the images of a run" "$dc3" contact files -o "$place" --force
done
[[ $(find data -type f -exec cksum {} + | sort) == "$before" ]] || fail "an original is another"
mv data moved
expect 1 "a link to nothing" "$dc3" evaluate link --val moved --arch convnet3 --labels hard --epochs 1 --threads 1
expect 0 "0 of 2 stored, 0 bytes, 0 edits; 2 gone: removed, or links to nothing" "$dc3" status link
expect 0 "complete; 2 of its images are gone" "$dc3" info link
mv moved data

# The files in a tar, whose names say little; pixels of CIFAR are no files.
mkdir -p tars && for i in 1 2 3; do cp data/red/$i.png tars/r$i.img; echo 0 > tars/r$i.cls; cp data/blue/$i.png \
  tars/b$i.png; echo 1 > tars/b$i.cls; done
tar cf set.tar -C tars . && expect 0 "4 images stored" "$dc3" condense set.tar -o from-tar --method random --ipc 2 \
  --threads 1 --store copy
[[ $(find from-tar/train -name '*.png' | wc -l) == 4 ]] || fail "from a tar: $(find from-tar)"
for image in $(find from-tar/train -name '*.png'); do
  cat tars/*.img tars/*.png > /dev/null; found=0
  for origin in tars/*.img tars/*.png; do cmp -s "$image" "$origin" && found=1; done
  ((found)) || fail "$image is in no tar"
done
# One that is no image, under a name that says no format, is skipped.
head -c 100 /dev/zero > tars/r2.img && tar cf set.tar -C tars .
expect 0 "4 images stored, 0 edits made, 1 image skipped" "$dc3" condense set.tar -o unreadable --method random \
  --ipc 2 --threads 1 --store copy
[[ $(cut -f1 unreadable/skipped.txt) == *r2.img* ]] || fail "skipped: $(< unreadable/skipped.txt)"

# Refused, and nothing is left.
refused=("$dc3" condense data -o x --ipc 1 --threads 1)
expect 2 "--store link: expected a dataset whose images are files of their own, found WebDataset" "$dc3" condense \
  set.tar -o x --method random --ipc 1 --store link
head -c 3073 /dev/zero > data_batch_1.bin
expect 2 "--store copy: expected a dataset of image files, found CIFAR" "$dc3" condense data_batch_1.bin -o x --method \
  random --ipc 1 --store copy
for method in jitter blur grayscale; do
  expect 2 "--store copy keeps images as their files are, and --method $method changes their pixels" "${refused[@]}" \
    --store copy --method $method --teacher none
done
expect 2 "--method dc3 changes their pixels" "${refused[@]}" --store link --teacher none
expect 2 "crops of them are new images" "${refused[@]}" --store copy --method random --crops 2
expect 2 "leave out --size" "${refused[@]}" --store copy --method random --size 16
expect 2 "leave out --format" "${refused[@]}" --store copy --method random --format webp
expect 2 "leave out --budget" "$dc3" condense data -o x --store copy --method random --budget 10kB
expect 2 "--shard-size" "${refused[@]}" --store copy --method random --shard-size 1MB
expect 2 "changes their pixels" "$dc3" compensate data -o x --store copy
[[ ! -e x ]] || fail "a refused command makes a folder"
expect 0 "as their files of about" "$dc3" condense data -o x --method random --ipc 1 --store copy --dry-run
expect 0 "2 images stored" "$dc3" condense data -o plain --ipc 1 --compensation none --store copy --teacher none \
  --editor "$source/models/dc3-mini" --threads 1
echo "all checks passed"
