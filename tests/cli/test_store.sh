#!/bin/bash
# --store tar: the images of a run as WebDataset shards, which all commands read, and which come from any interruption.
source "$2/tests/cli/support.sh"
for class in a b; do images "data/$class" 6; done
images data/c.v2 3
mv data/a/1.png "data/a/1.first.png"
random=(--method random --ipc 4 --threads 1 --size 32 --no-report)
tar=("${random[@]}" --store tar --shard-size 12000)

# As tar(1) sees them: a file, a number and a line for each image, the same bytes as without tars.
expect 0 "12 images stored" "$dc3" condense data -o files "${random[@]}"
expect 0 "files of " "$dc3" condense data -o good "${tar[@]}"
[[ $output == *$'\n'"packing: "*"packing: 12 of 12, "* ]] || fail "packing tells nothing: $output"
[[ $(cd good/train && echo *) == $(cd good/train && ls | sort | grep -E '^train-00000[0-9]\.tar$' | xargs) ]] ||
  fail "more than shards: $(ls good/train)"
shards=$(ls good/train | wc -l)
((shards > 2)) || fail "$shards shards"
mkdir unpacked
for shard in good/train/*.tar; do
  (($(stat -c %s "$shard") <= 12000)) || fail "$shard: $(stat -c %s "$shard") bytes"
  tar tf "$shard" > names && tar xf "$shard" -C unpacked 2> errors || fail "tar: $(cat errors)"
  [[ ! -s errors ]] || fail "tar warns: $(cat errors)"
  sed -E 's/\.[a-z]*$//' names | uniq -c | grep -v '^ *3 ' && fail "$shard: members: $(cat names)"
  grep -oE '\.[a-z]*$' names | xargs | sed 's/ \?\.png \.cls \.json//g' | grep . && fail "$shard: $(cat names)"
done
tar tvf good/train/train-000000.tar --utc --numeric-owner | grep -vE '^-rw-r--r-- 0/0 +[0-9]+ 1980-01-01 00:00 ' &&
  fail "what else a tar holds: $(tar tvf good/train/train-000000.tar)"
[[ $(find unpacked -name '*.png' | wc -l) == 12 && -z $(find unpacked -name '*.*.*' -not -path '*/c.v2/*') ]] ||
  fail "unpacked: $(find unpacked)"
number=0
for class in a b c.v2; do
  for image in unpacked/$class/*.png; do
    cmp "$image" "files/train/$class/$(basename "$image" | sed 's/1_first/1.first/')" || fail "$image differs"
    [[ $(cat "${image%.png}.cls") == "$number" ]] || fail "$image: class $(cat "${image%.png}.cls")"
    [[ $(cat "${image%.png}.json") == \{\"file_name\":\"$class/$(basename "$image")\",\"label\":$number,*\} ]] ||
      fail "$image: $(cat "${image%.png}.json")"
  done
  number=$((number + 1))
done
cat unpacked/*/*.json | tr '}' '\n' | sed 's/1_first/1.first/' | sort > lines
tr '}' '\n' < files/train/metadata.jsonl | grep . | sort | diff - <(grep . lines) || fail "lines of metadata"
expect 0 "images stored" "$dc3" condense data -o threads "${tar[@]}" --threads 2
diff -r good/train threads/train || fail "threads change a tar"

# Classes have their names, and what works on files works on shards.
"$dc3" info good/train > info && grep -q "WebDataset" info || fail "info: $(cat info)"
"$dc3" info good/train --json | grep -q '"name": "c.v2"' || fail "names of classes: $("$dc3" info good/train --json)"
expect 0 "on the disk   $shards files of" "$dc3" info good
expect 0 "12 of 12 stored" "$dc3" status good
score() { "$dc3" evaluate "$1" --val data --arch convnet3 --epochs 2 --threads 1 --json "${@:2}" \
  2> log | grep -E '"(loss|top1)"'; }
hard=(--labels hard --batch 4 --size 16)
[[ -n $(score files "${hard[@]}") && $(score files "${hard[@]}") == "$(score good "${hard[@]}")" ]] ||
  fail "a student of a tar: $(score good "${hard[@]}") $(cat log)"
expect 0 "result" "$dc3" train data --arch convnet3 --epochs 1 --size 16 --threads 1 -o t.safetensors -q
for run in files good; do
  expect 0 "3 views of each of 12 images" "$dc3" label $run --teacher t.safetensors --views 3 --threads 1
done
[[ -n $(score files --labels stored) && $(score files --labels stored) == "$(score good --labels stored)" ]] ||
  fail "a student with stored labels: $(score good --labels stored) $(cat log)"
expect 0 "labels    3 views" "$dc3" status good
expect 0 "against their originals" "$dc3" measure data good
expect 0 "sheet.png" "$dc3" contact good -o sheet.png
expect 0 "good/report.html" "$dc3" report good
grep -q "train-000000.tar/a/000-" good/report.html || fail "the report does not say where images are"
for run in files good; do "$dc3" measure data $run --json -q > $run.json || fail "measure"; done
diff <(sed 's/files/good/' files.json) good.json || fail "measures of a tar"
expect 0 "3 images stored" "$dc3" condense good/train -o again --ipc 1 --method random --threads 1 --size 16
expect 0 "3 in 3 classes" "$dc3" info again

# Whatever ends it: the command given again gives the same bytes.
same() { # FOLDER WHAT
  "$dc3" condense data -o "$1" "${tar[@]}" -q > log 2>&1 || fail "$2: $(cat log)"
  diff -r whole "$1/train" || fail "$2: other shards"
  [[ $("$dc3" status "$1") == *complete*"12 of 12 stored"* ]] || fail "$2: $("$dc3" status "$1")"
}
cp -r good/train whole
export ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"
killed() { # WHERE WHAT
  local status
  { LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=$1 "$dc3" condense data -o out "${tar[@]}" -q > log; } 2> errors
  status=$?
  cat errors >> log
  [[ $status == 137 || ($1 != kill:* && $status == 1) ]] || fail "$2: status $status: $(cat log)"
  [[ $("$dc3" status out) == *"to continue"* ]] || fail "$2: $("$dc3" status out)"
  expect 1 "not complete" "$dc3" evaluate out --val data --labels hard --arch convnet3 --epochs 1 --threads 1
  same out "$2"
  rm -rf out
}
killed kill:write=train-000000.tar "killed in the first shard"
killed kill:rename=train-000001.tar "killed between shards"
killed half:write=train-000001.tar "a disk that is full at the second shard"
killed kill:unlink=metadata.jsonl "killed when all is packed"
{ LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=kill:unlink=metadata.jsonl "$dc3" condense data -o out "${tar[@]}" \
  -q > log; } 2> errors && fail "not killed"
cp out/train/train-000000.tar out/train/train-000009.tar
same out "a shard of another packing, behind a gap"
rm -rf out
killed kill:unlink=train/a/000 "killed before the first image goes"
killed kill:unlink=train/b/001 "killed while images go"

# Killed when only folders are left beside the shards, or a file: the teacher is asked about the shards.
"$tools/make_teacher" teacher.safetensors 3 || fail "make_teacher"
crops=(--method random --ipc 4 --crops 2 --factor 1 --teacher teacher.safetensors --any-teacher --dtype f32 --threads 1
  --size 16 --no-report --store tar)
asked() { tr -d ' \n' < "$1/dc3.json" | grep -o '"stored_accuracy":{[^}]*}'; }
expect 0 "12 images stored" "$dc3" condense data -o asked "${crops[@]}"
[[ $(asked asked) == *'"images":12'* ]] || fail "what a teacher says of a tar: $(asked asked)"
for left in 0 1; do
  { LD_PRELOAD=$tools/libfaulty_io.so DC3_FAULT=kill:unlink=train/c.v2/002 \
    "$dc3" condense data -o out "${crops[@]}" -q > log; } 2> errors && fail "not killed"
  [[ $(find out/train -name '*.png') == */c.v2/002*.png ]] || fail "files that are left: $(find out/train)"
  ((left)) || find out/train -name '*.png' -delete
  expect 0 "12 images stored" "$dc3" condense data -o out "${crops[@]}"
  diff -r asked/train out/train || fail "other shards, or files beside them"
  [[ $(asked out) == "$(asked asked)" ]] || fail "half-tidied, $left left: $(asked out), not $(asked asked)"
  rm -rf out
done
# A class's folder that is a link is not followed.
cp -r good out
mkdir elsewhere && ln -s ../../elsewhere out/train/a
for image in unpacked/a/*.png; do cp "$image" elsewhere; done
expect 1 "out/train/a: expected a folder of images of the run, found a link" "$dc3" condense data -o out "${tar[@]}"
rm out/train/train-000001.tar
expect 1 "out/train/a: expected a folder of images of the run, found a link" "$dc3" condense data -o out "${tar[@]}"
[[ $(find elsewhere -name '*.png' | wc -l) == 4 ]] || fail "files elsewhere go: $(ls elsewhere)"
rm out/train/a; same out "a link in place of a folder"
rm -rf out

# A finished run that has lost a shard says so wherever it is read, and gets no labels.
for lost in 1 2; do
  cp -r good out && rm out/report.html
  for ((i = 1; i <= lost; i++)); do rm "out/train/train-00000$i.tar"; done
  gone=$((12 - $(cat out/train/*.tar | tar tif - | grep -c 'png$')))
  ((lost == 1)) && with="its shard train-000001.tar" || with="2 shards: train-000001.tar and others"
  expect 0 "note: out/train: $gone of 12 images of the run are missing, with $with" "$dc3" evaluate out --val data \
    "${hard[@]}" --arch convnet3 --epochs 1 --threads 1
  expect 0 "note: out/train: $gone of 12 images of the run are missing, with $with" "$dc3" measure data out
  expect 0 "note: $gone of 12 images of the run are missing, with $with" "$dc3" report out
  grep -q "$gone of 12 images of the run are missing" out/report.html || fail "the page says nothing of $lost shards"
  expect 1 "out/train: $gone of 12 images of the run are missing, with $with; give the run's command again" \
    "$dc3" label out --teacher t.safetensors --views 1 --threads 1 -o labels-of-$lost
  rm -rf out
done

# What is lost or damaged is made again, and no more.
cp -r good out
before=$(stat -c '%n %i' out/train/*)
same out "nothing to do"
[[ $(stat -c '%n %i' out/train/*) == "$before" ]] || fail "a finished run packs again"
rm out/train/train-000001.tar
left=$((12 - $(tar tf whole/train-000001.tar | grep -c 'png$')))
[[ $("$dc3" status out) == *" $left of 12 stored"* ]] || fail "a lost shard, $left images left: $("$dc3" status out)"
same out "a lost shard"
rm out/train/train-000000.tar; same out "a lost first shard"
for size in 5000 $(($(stat -c %s whole/train-000001.tar) - 1024)); do
  truncate -s $size out/train/train-000001.tar; same out "a shard of $size bytes"
done
: > out/train/train-000002.tar; same out "an empty shard"
rm out/state.db; same out "a lost database"
mkdir -p out/train/a && echo mine > out/train/a/mine.txt
expect 1 "out/train/a: expected nothing but images of the run" "$dc3" condense data -o out "${tar[@]}"
rm out/train/a/mine.txt; same out "something beside the images"
cp out/train/train-000000.tar out/train/train-000009.tar
# Settings count, and starting over removes the shards.
expect 1 "other settings (store" "$dc3" condense data -o out "${random[@]}"
expect 1 'other settings (shard_size was "12.0 kB" and is "20.0 kB");' "$dc3" condense data -o out "${random[@]}" \
  --store tar --shard-size 20kB
expect 1 'other settings (store was "tar" and is not given);' "$dc3" condense data -o out "${random[@]}"
expect 0 "12 images stored" "$dc3" condense data -o out "${random[@]}" --fresh
diff -r files/train out/train || fail "--fresh leaves shards"
expect 0 "12 images stored" "$dc3" condense data -o out "${tar[@]}" --fresh
diff -r whole out/train || fail "--fresh leaves files"
for wrong in "--shard-size 1MB|--shard-size: is of tars" "--store tar --shard-size 9kB|--shard-size: expected 10240" \
  "--store zip|--store: expected one of files, tar"; do
  read -ra words <<< "${wrong%|*}"
  expect 2 "${wrong#*|}" "$dc3" condense data -o x "${random[@]}" "${words[@]}"
done
long=$(printf 'x%.0s' {1..156})
cp -r data long && mv long/a "long/$long"
expect 2 "--store tar: expected names of classes of at most 155 bytes" "$dc3" condense long -o x "${tar[@]}"
cp -r data called && mv called/a called/train-000000.tar
expect 2 "--store tar: expected classes called otherwise than shards, found 'train-000000.tar'" \
  "$dc3" condense called -o x "${tar[@]}"
[[ ! -e x ]] || fail "a refused command makes something"

# compensate stores the same way, with edits for the report; its images are found in the shard.
tiny_editor tiny
edited=(--editor tiny --threads 1 --dtype f32 --size 16)
expect 0 "15 images stored" "$dc3" compensate data -o edited-files "${edited[@]}"
expect 0 "15 images stored" "$dc3" compensate data -o edited "${edited[@]}" --store tar
[[ $(echo edited/train/*) == edited/train/train-000000.tar ]] || fail "compensate: $(ls edited/train)"
mkdir made && tar xf edited/train/train-000000.tar -C made
(cd made && find . -name '*.png' -exec md5sum {} +) | sed 's/1_first/1.first/' | sort -k 2 > sums
(cd edited-files/train && find . -name '*.png' -exec md5sum {} +) | sort -k 2 | diff sums - || fail "compensate"
expect 0 "stored" "$dc3" condense data -o with-edits --compensation random --teacher none --ipc 1 --bins 1 \
  "${edited[@]}" --store tar
grep -o 'warm: [a-z ]*' with-edits/report.html | grep -q . || fail "edits in the report"
echo "all checks passed"
