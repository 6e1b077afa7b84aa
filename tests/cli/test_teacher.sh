#!/bin/bash
# Whether a teacher is one of the dataset's classes, and the teacher that dc3 trains for itself.
source "$2/tests/cli/common.sh"
tiny_mini

blue_and_red 20 4
mkdir swapped other && cp -r train/blue swapped/red && cp -r train/red swapped/blue &&
  cp -r train/blue other/cyan && cp -r train/red other/pink
common=(--threads 2 --dtype f32 --size 16)
train=("$dc3" train train --size 16 --batch 8 --lr 0.05 --epochs 6 --threads 2 --dtype f32)

# A file of dc3 train has the names of its classes, and its accuracy where there was a test.
expect 0 "top-1 100.00 %" "${train[@]}" --val val -o named.safetensors
grep -aq '"dc3.classes":"\[\\"blue\\",\\"red\\"\]"' named.safetensors || fail "no names in the file"
grep -aq '"dc3.accuracy":"{\\"top1\\":1.0,\\"images\\":40,\\"on\\":\\"test images\\"}"' named.safetensors ||
  fail "no accuracy in the file"
expect 0 "note: train: too few images to hold any out" "${train[@]}" --hold-out 0.1 -o few.safetensors
expect 0 "held out for tests: 20 of 40 images" "${train[@]}" --hold-out 0.5 -o held.safetensors
[[ $output == *"epoch 6: loss "*"top-1 100.00 %"* ]] || fail "no accuracy by epoch: $output"
grep -aq '\\"images\\":20,\\"on\\":\\"held-out images\\"' held.safetensors || fail "held-out images are not said"
expect 2 "--hold-out: the images of --val are tested on" "${train[@]}" --val val --hold-out 0.1 -o x.safetensors
expect 2 "--hold-out: expected" "${train[@]}" --hold-out 0.6 -o x.safetensors

# The right one is accepted, and its accuracy said and kept.
right="top-1 100.00 % on 40 training images; after its training top-1 100.00 % on 40 test images"
expect 0 "teacher's accuracy: $right" "$dc3" condense train -o set --ipc 3 --teacher named.safetensors "${common[@]}"
grep -A6 '"teacher": {' set/dc3.json | grep -q '"top1": 1.0' || fail "dc3.json: $(< set/dc3.json)"
grep -A5 '"stored_accuracy": {' set/dc3.json | grep -q '"images": 6' || fail "dc3.json: $(< set/dc3.json)"
grep -q "100.00 % on 6 stored images" set/report.html &&
  grep -q "100.00 % on 40 training images" set/report.html || fail "the report does not say the teacher's accuracy"
# Of a run that is complete it is known, and not asked again; of another teacher or folder it is.
cp set/dc3.json said
expect 0 "all images are there already" "$dc3" condense train -o set --ipc 3 --teacher named.safetensors "${common[@]}"
[[ $output != *"$right"* && $output != *asking* ]] || fail "a teacher is asked for nothing: $output"
cmp said set/dc3.json || fail "dc3.json of a complete run changes: $(diff said set/dc3.json)"
expect 1 "other settings (teacher_fingerprint was" "$dc3" condense train -o set --ipc 3 --teacher held.safetensors \
  "${common[@]}"
[[ $output == *"on 40 training images"* ]] || fail "another teacher is not asked: $output"
expect 0 "teacher's accuracy: $right" "$dc3" select train -o s.jsonl --ipc 2 --teacher named.safetensors --threads 2
expect 0 "teacher's accuracy: $right" "$dc3" label set --views 2 --teacher named.safetensors --threads 2
mv train gone
expect 0 "top-1 100.00 % on 6 stored images" "$dc3" label set --views 2 --teacher named.safetensors --threads 2 --fresh
mv gone train
expect 0 "teacher's accuracy: $right" "$dc3" measure set --data train --teacher named.safetensors --threads 2

# Another's names are known; the number of classes is the same.
wrong="the teacher was trained on other classes: blue, red; those of other are cyan, pink"
for command in "condense other -o x --ipc 1" "select other -o x.jsonl --ipc 1" "label other -o x.safetensors" \
  "compare other --val other -o x --methods random --ipc 1"; do
  expect 1 "$wrong" "$dc3" $command --teacher named.safetensors --threads 2
done
expect 1 "$wrong" "$dc3" evaluate other --val other --teacher named.safetensors --threads 2
expect 0 "warning: named.safetensors: $wrong" "$dc3" select other -o z.jsonl --ipc 1 --teacher named.safetensors \
  --any-teacher --threads 2
LC_ALL=C sed 's/\[\\"blue\\",\\"red\\"\]/[\\"red\\",\\"blue\\"]/' named.safetensors > order.safetensors
expect 1 "classes of train in another order: red, blue; expected blue, red" "$dc3" select train -o x.jsonl --ipc 1 \
  --teacher order.safetensors --any-teacher

# Of a file without names the answers tell.
LC_ALL=C sed 's/dc3\.classes/dc3.classez/' named.safetensors > nameless.safetensors
expect 0 "teacher's accuracy: $right" "$dc3" select train -o s.jsonl --ipc 2 --teacher nameless.safetensors --threads 2
bad="nameless.safetensors: the teacher is too seldom right on swapped: top-1 0.00 % on 40 "
limit="images; expected at least 28 right, 70.0 %: what guessing hardly reaches with chance (50.0 %); give one"
for command in "condense swapped -o x --ipc 1" "select swapped -o x.jsonl --ipc 1" \
  "label swapped -o x.safetensors" "compare swapped --val swapped -o x --methods random --ipc 1" \
  "evaluate swapped --val swapped"; do
  expect 1 "$bad" "$dc3" $command --teacher nameless.safetensors --threads 2
  [[ $output == *"$limit"*"--any-teacher takes it all the same"* ]] || fail "no way out: $output"
done
expect 1 "too seldom right on swapped" "$dc3" measure set --data swapped --teacher nameless.safetensors --threads 2
[[ ! -e x && ! -e x.jsonl && ! -e x.safetensors ]] || fail "a refused command writes"
expect 0 "warning: $bad" "$dc3" label swapped -o y.safetensors --views 1 --teacher nameless.safetensors \
  --any-teacher --threads 2
# Of a teacher of more classes, or in another order, the outputs of the dataset's are used: by the names in its file, or
# by those of a list.
mkdir three && cp -r train/blue train/red three && mkdir three/green && for i in {1..20}; do
  "$tools/make_image" three/green/$i.png 20 18 $((2 * i)) 200 20 || fail "make_image"
done
expect 0 "loss" "$dc3" train three "${train[@]:3}" -o three.safetensors
used=" are used: by the names in its file"
expect 0 "of the 3 classes of three.safetensors the 2 of train$used" "$dc3" select train -o x.jsonl --ipc 2 \
  --teacher three.safetensors --threads 2
[[ $output == *"teacher's accuracy: top-1 100.00 %"* ]] || fail "the wrong outputs: $output"
expect 0 "the 2 of set$used" "$dc3" label set -o x.safetensors --views 1 --teacher three.safetensors --threads 2
LC_ALL=C sed 's/dc3\.classes/dc3.classez/' three.safetensors > plain.safetensors
expect 1 "or its classes be named (--teacher-classes)" "$dc3" select train -o y.jsonl --teacher plain.safetensors
expect 1 "expected an alexnet, found the tensors of a convnet3" "$dc3" label set -o x.safetensors --force --views 1 \
  --teacher plain.safetensors --arch alexnet
expect 0 ", 1 epoch at " "$dc3" train train -o no.safetensors --size 16 --epochs 1 --batch 4 --threads 1 --dry-run
printf 'blue\ngreen\nred\n\n' > list && printf 'red\nblue\n' > order && printf 'green\nblue\nred\n' > wrong
for command in "select train -o x.jsonl --ipc 2 --force" "measure set --data train" "label set --views 1 --fresh" \
  "condense train -o listed --ipc 1 --size 16 --method dc3-select"; do
  expect 0 "the 2 of " "$dc3" $command --teacher plain.safetensors --teacher-classes list --threads 2
  [[ $output == *"are used: by list"* && $output == *"accuracy: top-1 100.00 %"* ]] || fail "$command: $output"
done
expect 0 "are used: by list" "$dc3" evaluate set --val val --teacher plain.safetensors --teacher-classes list \
  --epochs 1 --json
[[ $output == *'"teacher_classes": "'* && $output == *'"departs_from_protocol": [],'* ]] ||
  fail "the list is no setting, or departs from the recipe: $output"
expect 0 "are used: by list" "$dc3" compare train --val val -o listed-table --methods random --ipc 1 --seeds 1 \
  --epochs 1 --labels soft --teacher plain.safetensors --teacher-classes list --threads 2
expect 0 "accuracy: top-1 100.00 %" "$dc3" select swapped -o x.jsonl --ipc 2 --force --teacher nameless.safetensors \
  --teacher-classes order --threads 2
expect 1 "too seldom right" "$dc3" select train -o y.jsonl --teacher plain.safetensors --teacher-classes wrong
expect 2 "order: expected 3 names, a line for each output of plain.safetensors, found 2" "$dc3" select train \
  -o y.jsonl --teacher plain.safetensors --teacher-classes order
expect 2 "list: expected the class 'cyan' of other once, found it nowhere" "$dc3" select other -o y.jsonl \
  --teacher plain.safetensors --teacher-classes list
expect 2 "--teacher-classes is for a teacher's file" "$dc3" condense train -o y --teacher-classes list
[[ ! -e y && ! -e y.jsonl ]] || fail "a refused command writes"
# The last layer alone, made anew for other classes: a classifier as any other, the same from saved embeddings.
probe=("$dc3" train train --backbone three.safetensors --size 16 --threads 2 --cache saved)
expect 0 "note: train: too few images to hold any out" "${probe[@]}" -o few.safetensors --force
expect 0 "chosen by 10 images that were held out: top-1 100.00 % on 10 held-out images" \
  "${probe[@]}" --hold-out 0.25 -o held-probe.safetensors
expect 0 "top-1 100.00 %" "${probe[@]}" --val val -o probe.safetensors
[[ $output == *"embeddings of 40 images from saved/"* ]] || fail "embeddings were not saved: $output"
expect 0 "last layer of convnet3" "${probe[@]}" --val val -o again.safetensors --cache other-place
cmp probe.safetensors again.safetensors || fail "a probe depends on where its embeddings come from"
expect 0 "classes       2" "$dc3" info probe.safetensors
expect 0 "teacher's accuracy: $right" "$dc3" select train -o x.jsonl --ipc 2 --force \
  --teacher probe.safetensors --threads 2
expect 2 "--lr: means nothing with --backbone" "${probe[@]}" -o x.safetensors --lr 1
expect 2 "--backbone: gone.pth: expected a classifier's file" "$dc3" train train --backbone gone.pth -o no.safetensors
expect 2 "--backbone: val: expected a classifier's file (.safetensors or .pth), found no file" \
  "$dc3" train train --backbone val -o no.safetensors
expect 2 "--size: expected 16 to 1024 pixels with --backbone, found 8" \
  "$dc3" train train --backbone three.safetensors --size 8 -o no.safetensors
expect 2 "--cache: needs --backbone" "$dc3" train train --cache saved -o no.safetensors
[[ ! -e no.safetensors ]] || fail "a refused command writes"
# So few images that nothing can be told from them.
mkdir -p tiny/blue tiny/red && cp train/blue/1.png tiny/blue && cp train/red/1.png tiny/red
expect 0 "too few to tell" "$dc3" select tiny -o x.jsonl --ipc 1 --teacher nameless.safetensors --threads 2
# A teacher that no step looks at must be there all the same.
expect 1 "--teacher nothere.pth: expected a classifier's file" "$dc3" condense train -o x --method random --ipc 1 \
  --teacher nothere.pth "${common[@]}"
expect 1 "--teacher nothere.pth: expected a classifier's file" "$dc3" select train -o x.jsonl --method random --ipc 1 \
  --teacher nothere.pth

# Its own: what it is like can be said, and how good it is.
for i in {21..60}; do cp train/blue/$((i % 20 + 1)).png train/blue/$i.png &&
    cp train/red/$((i % 20 + 1)).png train/red/$i.png
done
own=("$dc3" condense train --ipc 2 "${common[@]}")
expect 0 "a teacher is trained first: convnet4 at 32 px, 5 epochs in batches of 32" "${own[@]}" -o own \
  --teacher-arch convnet4 --teacher-size 32 --teacher-epochs 5
[[ $output == *"held out for tests: 12 of 120 images"*"epoch 5: loss "*"top-1 "*" on 12 held-out images"* ]] ||
  fail "its accuracy: $output"
grep -q '"on": "held-out images"' own/dc3.json || fail "dc3.json: $(< own/dc3.json)"
grep -q "on 12 held-out images" own/report.html || fail "the report does not say the own teacher's accuracy"
expect 0 "a teacher is trained first: convnet3 at 16 px, 20 epochs in batches of 32 (" "${own[@]}" -o usual
[[ $output == *"--teacher none: images are compared without one)"* ]] || fail "without a teacher: $output"
expect 0 "a teacher is trained first: convnet3 at 16 px, 1 epoch in batches of 32 (" "${own[@]}" -o named \
  --teacher-arch convnet3 --teacher-epochs 1
! grep -q '"fast"' named/dc3.json || fail "a named architecture by the fast recipe: $(< named/dc3.json)"
expect 0 "a teacher is trained first: speednet at 72 px, 1 epoch in batches of 32 by the fast recipe" "${own[@]}" \
  -o speed --teacher-arch speednet --teacher-size 72 --teacher-epochs 1
grep -q '"fast": true' speed/dc3.json || fail "dc3.json does not say the recipe: $(< speed/dc3.json)"
expect 2 "--teacher-epochs is for a teacher that is trained here" "${own[@]}" -o x --teacher none --teacher-epochs 3
expect 2 "--teacher-epochs is for a teacher that is trained here" "${own[@]}" -o x --teacher named.safetensors \
  --teacher-epochs 3
expect 2 "--teacher-arch: means nothing with --teacher none" "${own[@]}" -o x --teacher none --teacher-arch resnet18
expect 2 "--teacher-size: needs --teacher" "$dc3" select train -o x.jsonl --teacher-size 32
expect 2 "--teacher-epochs: expected" "${own[@]}" -o x --teacher-epochs 0
expect 2 "--teacher-size: expected 16 to 1024 pixels, found 8" "${own[@]}" -o x --teacher-size 8
[[ ! -e x ]] || fail "a refused command writes"
# Its file, damaged: refused, and nothing changes.
cp usual/teacher.safetensors whole && head -c 3000 whole > usual/teacher.safetensors
before=$(cksum usual/*.*)
expect 1 "usual/teacher.safetensors" "${own[@]}" -o usual
[[ $(cksum usual/*.*) == "$before" ]] || fail "a refusal changes the run folder"
cp whole usual/teacher.safetensors
# Where nothing was held out, the settings say so.
expect 0 "note: tiny: too few images to hold any out for tests" "$dc3" condense tiny -o few --ipc 1 --teacher-epochs 1 \
  "${common[@]}"
grep -q '"hold_out": 0.0' few/dc3.json || fail "nothing was held out: $(< few/dc3.json)"
echo path,label,group > one.csv
for image in train/*/*.png; do echo "$image,$(basename "$(dirname "$image")"),all" >> one.csv; done
grouped="note: one.csv: too few images, or groups of them that are too large, to hold any out for tests: all are"
expect 0 "$grouped" "$dc3" condense one.csv -o grouped --ipc 1 --method rded --teacher-epochs 1 "${common[@]}"
expect 0 "$grouped" "$dc3" compare one.csv --val val --ipc 1 --methods herding --epochs 2 --size 16 --teacher-epochs 1 \
  --threads 2 -o grouped-table
# Another file in its place is noticed: nothing is chosen by it, and labels and students of it are told.
cp usual/teacher.safetensors kept.safetensors; cp held.safetensors usual/teacher.safetensors
for dry in "" --dry-run; do
  expect 1 "usual/teacher.safetensors: is not the teacher that was trained here" "${own[@]}" -o usual $dry
done
other="usual/teacher.safetensors is not the teacher with which the images of usual were chosen"
expect 0 "warning: $other" "$dc3" label usual --views 1 --threads 2 --dry-run
expect 0 "warning: $other" "$dc3" evaluate usual --val val --dry-run --threads 2
mv kept.safetensors usual/teacher.safetensors
"$dc3" label usual --views 1 --threads 2 --dry-run 2>&1 | grep "is not the teacher" && fail "the run's own teacher"
# Of one image more there is the same teacher; a comparison's is there already when its time is told again.
cp train/red/1.png train/red/61.png && expect 0 "the images are not those with which the run began" "${own[@]}" -o usual
again=("$dc3" compare train --val train --ipc 1 --methods herding --epochs 2 --size 16 --teacher-epochs 1 --threads 2)
expect 0 "table.txt" "${again[@]}" -o again
expect 0 "estimate: about" "${again[@]}" -o again --dry-run
# Of a method that asks no teacher, too.
expect 0 "estimate: teacher " "${again[@]}" -o dry --methods random,rded --dry-run
cp held.safetensors again/teacher.safetensors
for dry in "" --dry-run; do expect 1 "is not the teacher that was trained here" "${again[@]}" -o again $dry; done
echo "teacher: passed"
