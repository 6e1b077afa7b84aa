#!/bin/bash
# dc3 train and dc3 evaluate on two classes of small images that differ in their colour.
source "$2/tests/cli/common.sh"
tiny_mini

blue_and_red 8 10
train=("$dc3" train train --val val --size 16 --batch 4 --threads 1 --dtype f32 --lr 0.05)

expect 0 "last epoch: top-1 100.00 %" "${train[@]}" --epochs 6 --threads 2 -o whole.safetensors
[[ $output != *top-5* ]] || fail "a top-5 of two classes: $output"
expect 0 '"arch": "convnet3"' "${train[@]}" --epochs 6 --threads 2 -o again.safetensors --json
cmp whole.safetensors again.safetensors || fail "the same command gives other bytes"
[[ ! -e whole.safetensors.checkpoint ]] || fail "the checkpoint of a finished training stays"

# Cut off at some moments and continued: the same bytes.
expect 0 "result: twenty.safetensors" "${train[@]}" --epochs 20 -o twenty.safetensors
for epoch in 1 6 12; do interrupt . "epoch $epoch:" "${train[@]}" --epochs 20 -o cut.safetensors; done
expect 0 "resuming after step" "${train[@]}" --epochs 20 -o cut.safetensors
cmp twenty.safetensors cut.safetensors || fail "an interrupted training gives other bytes"

# A checkpoint of other settings is refused, and --fresh starts over. How far it is can be asked.
"${train[@]}" --epochs 100000 -o far.safetensors > log 2>&1 & process=$!
for ((i = 0; i < 600; i++)); do [[ $("$dc3" status far.safetensors 2> /dev/null) == *" of 400000, about "* ]] && break
  sleep 0.1; done
output=$("$dc3" status far.safetensors)
[[ $output =~ "running"$'\n'.*"process $process on ".*": training "[0-9]+" of 400000, about "[0-9] ]] ||
  fail "status of a training: $output"
busy="process $process on $(hostname) is at work on it (train); wait until"
expect 1 "far.safetensors: $busy" "${train[@]}" --epochs 100000 -o far.safetensors
expect 1 "far.safetensors: $busy" "${train[@]}" --epochs 5 -o far.safetensors --fresh
kill -0 $process || fail "a second training ends the first"
kill -INT $process; wait $process
expect 0 "far.safetensors: stopped   to continue: the command that began it, again" "$dc3" status far.safetensors
[[ $output =~ "  saved     "([0-9]+)" of "([0-9]+)" steps of the training" ]] || fail "what is saved: $output"
expect 0 "how far       step ${BASH_REMATCH[1]} of ${BASH_REMATCH[2]}, " "$dc3" info far.safetensors.checkpoint
expect 0 '"state": "complete"' "$dc3" status twenty.safetensors --json
compgen -G ".*.work.*" && fail "a note is left"
interrupt . "epoch 2:" "${train[@]}" --epochs 400 -o long.safetensors
[[ -f long.safetensors.checkpoint ]] || fail "no checkpoint is left: $(cat log)"
expect 1 "other settings was interrupted here (epochs was 400, is 5)" "${train[@]}" --epochs 5 -o long.safetensors
expect 1 'arch was "convnet3", is "convnet4"' "${train[@]}" --epochs 400 --arch convnet4 \
  -o long.safetensors
expect 0 "result: long.safetensors" "${train[@]}" --epochs 1 -o long.safetensors --fresh

# Smaller views first: the same again, and only for networks of any size.
small_views=("${train[@]}" --epochs 3 --arch speednet --progressive --size 32)
expect 0 "last epoch" "${small_views[@]}" -o small.safetensors
expect 0 "last epoch" "${small_views[@]}" -o same.safetensors
cmp small.safetensors same.safetensors || fail "the same progressive training gives other bytes"
expect 2 "--progressive: convnet3 does not take" "${train[@]}" --progressive -o x.safetensors

# Students.
expect 0 "4 images stored" "$dc3" condense train -o small --ipc 2 --size 16 --teacher whole.safetensors --threads 1 \
  --dtype f32
score=("$dc3" evaluate small --val val --threads 1 --dtype f32 --epochs 20)
expect 0 "100.00 +-" "${score[@]}" --teacher whole.safetensors --seeds 2
[[ $output == *"soft labels of a convnet3 (top-1 100.00 %) at temperature 20"* ]] ||
  fail "the teacher's accuracy: $output"
expect 0 "convnet3           100.00           " "${score[@]}" --labels hard --lr 0.003
settings="20 epochs of 4 images, 20 steps of 4, learning rate 0.003, 16 px, f32; hard labels; RDED's views, factor 1"
expect 0 "$settings; tested on 16" "${score[@]}" --labels hard --lr 0.003
expect 0 '"top1_deviation"' "${score[@]}" --labels hard --augment none --json --arch convnet3,convnet4
expect 0 "views of each" "$dc3" label small --teacher whole.safetensors --views 3 --batch 3 --factor 2 --threads 1
expect 0 '"factor": 2' "${score[@]}" --labels stored --json
expect 2 "--factor: the stored labels were made with a factor of 2, found 1" "${score[@]}" --labels stored --factor 1
expect 2 "there is no 'convnet9'" "${score[@]}" --labels hard --arch convnet3,convnet9
for option in batch factor size lr temperature; do expect 2 "--$option: expected" "${score[@]}" --labels hard \
  --$option 0; done
# An image to test on that cannot be read is reported; so is a test on what was trained on.
cp -r val broken && echo nothing > broken/red/3.png
expect 0 "tested on 15 (1 more cannot be read)" "${score[@]}" --labels hard --val broken
expect 0 "skipped: red/3.png" "${score[@]}" --labels hard --val broken --seeds 2
[[ $(grep -c "skipped: red/3.png" <<< "$output") == 1 ]] || fail "the images to test on were read twice: $output"
expect 2 "DC3_KERNELS: expected amx, amx-emulated, avx512, avx2, neon or plain, found 'avx5'" \
  env DC3_KERNELS=avx5 "${score[@]}" --labels hard
expect 1 "1 image cannot be read (--strict)" "$dc3" train train --val broken --strict --size 16 -o x.safetensors
expect 0 "warning: --val is train itself" "$dc3" train train --val train --size 16 --epochs 1 --threads 1 \
  -o x.safetensors
first=$("${score[@]}" --labels hard --json | grep -v '"seconds\|"date') \
  second=$("${score[@]}" --labels hard --json | grep -v '"seconds\|"date')
[[ $first == "$second" ]] || fail "the same evaluation scores differently: $first and $second"

# Students that were interrupted resume, and finished ones are not trained again, to the same scores.
# One thread: one student after the other, so that the second is under way when the first is finished.
many=("${score[@]}" --labels hard --epochs 400 --seeds 2 --threads 1 --json)
"${many[@]}" 2> /dev/null | grep -v '"seconds\|"date' > undisturbed || fail "evaluate"
[[ ! -e small/students ]] || fail "students of a finished command stay: $(ls small/students)"
interrupt "small/students/*.checkpoint" "students: " "${many[@]}"
interrupt "small/students/*.json" "seed 0: resuming in epoch" "${many[@]}"
interrupt "small/students/*.checkpoint" "seed 0: was finished by an earlier command" "${many[@]}"
expect 0 "an interrupted training of a student, convnet3" "$dc3" info small/students/*.checkpoint
[[ $output =~ "epoch "([0-9]+)" of 400" ]] && ((BASH_REMATCH[1] >= 100)) || fail "how far: $output"
# Another command has students of its own.
expect 0 "3 epochs" "${score[@]}" --labels hard --epochs 3
[[ $(find small/students -name '*.checkpoint' | wc -l) == 1 ]] ||
  fail "another command's students: $(ls small/students)"
expect 0 "seed 0: was finished by an earlier command" "${many[@]}"
[[ $output == *"seed 1: resuming in epoch "* ]] || fail "the second student started over: $output"
sed -n '/^\[$/,$p' <<< "$output" | grep -v '"seconds\|"date' | diff undisturbed - ||
  fail "interrupted students score otherwise"
[[ ! -e small/students ]] || fail "students of a finished command stay: $(ls small/students)"
# Damaged ones start over; where nothing can be written students are scored all the same.
interrupt "small/students/*.checkpoint" "students: " "${many[@]}"
for file in small/students/*.checkpoint; do echo "no checkpoint" > "$file";
  echo '{"settings": 3, "score": [7]}' > "${file%checkpoint}json"; done
"${many[@]}" 2> /dev/null | grep -v '"seconds\|"date' | diff undisturbed - || fail "damaged students change the score"
touch small/students
expect 0 "warning: students are not saved, and start over if they are interrupted: small/students" "${many[@]}" \
  --epochs 40
[[ $(grep -c "students are not saved" <<< "$output") == 1 ]] || fail "reported twice: $output"
rm small/students
expect 0 "40 epochs" "$dc3" evaluate small/train --val val --threads 1 --dtype f32 --epochs 40 --labels hard
[[ $(ls small/train) == $'blue\nmetadata.jsonl\nred' ]] ||
  fail "something was written into a dataset: $(ls small/train)"

# The same of students that are trained side by side, as they are in bf16, which score as alone.
many=("$dc3" evaluate small --val val --labels hard --epochs 400 --seeds 3 --json)
scores() { sed -n '/^\[$/,$p' | grep -v '"seconds\|"date\|"threads'; }
"${many[@]}" --threads 1 2> /dev/null | scores > undisturbed || fail "evaluate, one thread"
interrupt "small/students/*.checkpoint" "students: " "${many[@]}" --threads 2
expect 0 "resuming in epoch" "${many[@]}" --threads 2
grep -q '"dtype": "f32"' undisturbed || scores <<< "$output" | diff undisturbed - || fail "side by side: other scores"
[[ ! -e small/students ]] || fail "students of a finished command stay: $(ls small/students)"

# The same with a teacher's labels, of each batch and stored.
for labels in "soft --teacher whole.safetensors" stored; do
  many=("${score[@]}" --labels $labels --epochs 400 --json)
  "${many[@]}" 2> /dev/null | grep -v '"seconds\|"date' > undisturbed || fail "evaluate, $labels labels"
  interrupt "small/students/*.checkpoint" "student: " "${many[@]}"
  expect 0 "seed 0: resuming in epoch" "${many[@]}"
  sed -n '/^\[$/,$p' <<< "$output" | grep -v '"seconds\|"date' | diff undisturbed - ||
    fail "a student of $labels labels that was interrupted scores otherwise"
done

# An image of the run that is gone, and one that is not the run's, are told.
cp -r small gone && file=$(find gone/train -name '*.png' | sort | head -1) &&
  cp "$file" "${file%/*}/mine.png" && rm "$file"
expect 0 "note: gone/train: 1 of 4 images of the run is missing: ${file#gone/train/}" "$dc3" evaluate gone --val val \
  --labels hard --threads 1 --epochs 1
[[ $output == *"gone/train: 1 image is not of the run: "*mine.png*"1 epoch of 4 images"* ]] || fail "foreign: $output"

# A run that was not finished is not scored.
cp -r small half && sed -i 's/"complete": true/"complete": false/' half/dc3.json
expect 1 "the run is not complete" "$dc3" evaluate half --val val --labels hard --threads 1

# CIFAR binaries: the same folder is for training and, by its test_batch.bin, for testing; a file may be named too.
record() { printf "\\$(printf %03o "$1")"; head -c 3072 /dev/zero | tr '\0' "\\$(printf %03o "$2")"; }
mkdir cifar train_only
for i in 0 1 2 3; do record $((i % 2)) $((200 * (i % 2) + i)); done > cifar/data_batch_1.bin
for i in 0 1 1; do record $i $((200 * i)); done > cifar/test_batch.bin
cp cifar/data_batch_1.bin train_only
binaries=("$dc3" train cifar --batch 2 --threads 1 --dtype f32 --epochs 1)
expect 0 "tests are the 3 images of test_batch.bin" "${binaries[@]}" --val cifar -o c.safetensors
expect 0 "result: c.safetensors" "${binaries[@]}" --val cifar/test_batch.bin -o c.safetensors
expect 1 "expected test_batch.bin or test.bin to test on, found training images only" "${binaries[@]}" \
  --val train_only -o c.safetensors
expect 0 "result: c.safetensors" "${binaries[@]}" --val train_only/data_batch_1.bin -o c.safetensors
expect 0 "2 images stored" "$dc3" condense cifar --ipc 1 -o cifar1 --teacher none --editor none --method random \
  --threads 1 --dtype f32
expect 0 '"test_images": 3' "$dc3" evaluate cifar1 --val cifar --labels hard --epochs 2 --threads 1 --dtype f32 --json

# Bad input.
expect 2 "expected 3 epochs or more" "${small_views[@]}" --epochs 2 -o x.safetensors
mkdir -p other/blue other/green && cp val/blue/1.png other/blue && cp val/red/1.png other/green
expect 1 "class 'green' is not in" "$dc3" train train --val other -o x.safetensors
expect 1 "class 'green' is not in" "$dc3" evaluate small --val other --labels hard
"$tools/make_teacher" three.safetensors 3 || fail "make_teacher"
expect 1 "distinguishes 3 classes" "${score[@]}" --teacher three.safetensors
expect 2 "expected --teacher" "${score[@]}"
expect 2 "--labels: expected one of" "${score[@]}" --labels sofft
expect 2 "--arch: expected one of" "${train[@]}" -o x.safetensors --arch resnet9
expect 1 "expected images of a multiple of 8 pixels" "$dc3" train train --size 20 -o x.safetensors
expect 2 "--epochs: expected" "${train[@]}" -o x.safetensors --epochs 0
expect 2 "where should the weights go" "$dc3" train train
expect 2 "found no folder missing" "${train[@]}" --epochs 1 -o missing/x.safetensors
expect 2 "found the folder" "${train[@]}" --epochs 1 -o train
expect 2 "--lr: expected more than 0" "$dc3" train train --lr 0 -o x.safetensors

# A full disk leaves the checkpoint that was there.
interrupt . "epoch 2:" "${train[@]}" --epochs 400 -o full.safetensors
cp full.safetensors.checkpoint before
(trap '' XFSZ; ulimit -f 8; expect 1 "full.safetensors" "${train[@]}" --epochs 400 -o full.safetensors) || exit 1
cmp before full.safetensors.checkpoint || fail "a full disk harms the checkpoint that was there"
echo "train and evaluate: passed"
