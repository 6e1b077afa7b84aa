#!/bin/bash
# dc3 compare on two classes of small images: the table, continuing, other settings, and a run that trains its own
# teacher.
source "$2/tests/cli/common.sh"
tiny_mini

blue_and_red 6 10
expect 0 "result: t.safetensors" "$dc3" train train --size 16 --batch 4 --epochs 4 --lr 0.05 --threads 2 --dtype f32 \
  -o t.safetensors
compare=("$dc3" compare train --val val --teacher t.safetensors --threads 2 --dtype f32 --epochs 4 --seeds 2)

expect 0 "table/table.txt" "${compare[@]}" -o table --ipc 1,2 --methods random,rded,dc3
[[ $(grep -c "^teacher's accuracy: " <<< "$output") == 1 ]] || fail "the teacher is asked more than once: $output"
[[ $(wc -l < table/results.jsonl) == 24 ]] || fail "expected 24 scores: $(cat table/results.jsonl)"
[[ $(grep -c "^ *[12] " table/table.txt) == 12 ]] || fail "expected 12 rows: $(cat table/table.txt)"
grep -q "students: 4 epochs, 16 px, f32; batches of 2 (IPC 1), batches of 4 (IPC 2)" table/table.txt ||
  fail "the table does not say how it was made: $(cat table/table.txt)"
[[ $(find table/ipc2/dc3/seed1/train -name '*.png' | wc -l) == 4 ]] || fail "IPC 2 of two classes is four images"
[[ $(find table/features -name '*.safetensors' | wc -l) -ge 1 ]] || fail "no features are kept"
expect 0 "a comparison of methods on train, tested on val" "$dc3" status table
row="   2  dc3                convnet3           hard    2 of 2 (0-1)"
[[ $output == *"  complete"*"  scores    24 of 24"*"$row"* && $output != *next* ]] ||
  fail "status: $output"

for twice in "--methods random,dc3,random" "--ipc 1,2,1" "--labels hard,hard" "--arch convnet3,convnet3"; do
  expect 2 "is given twice" "${compare[@]}" -o twice --ipc 1 --methods random $twice
done
[[ ! -e twice ]] || fail "a refused comparison makes a folder"

# A number of images is another number of epochs for each size of a set.
expect 0 "students: 2 to 4 epochs, 16 px" "$dc3" compare train --val val --teacher t.safetensors --threads 2 \
  --dtype f32 --images-seen 8 --ipc 1,2 --methods random --labels hard --seeds 1 -o seen
[[ $output == *"labels kB: what dc3 label would store of soft labels of a view for each epoch"* ]] ||
  fail "labels kB is not explained: $output"
expect 0 "images_seen 8.0" "$dc3" info seen
[[ $output != *"epochs"* ]] || fail "info has a number of epochs that was not given: $output"

# What is of one kind of labels only is given beside the other kind, and not without it.
losses=("${compare[@]}" --ipc 1 --methods random --epochs 1 --seeds 1)
expect 0 "losses/table.txt" "${losses[@]}" -o losses --smoothing 0.2
for text in '"soft",.*KL divergence at temperature 20; ' '"hard",.*cross-entropy, labels smoothed by 0.2; '; do
  [[ $(grep -c "\"labels\":$text" losses/results.jsonl) == 1 ]] || fail "no $text: $(< losses/results.jsonl)"
done
expect 2 "--hard-share: means nothing with hard labels" "${losses[@]}" -o refused --labels hard --hard-share 0.5
expect 2 "--loss: hard labels have the cross-entropy" "${losses[@]}" -o refused --labels hard --loss mse
expect 2 "--smoothing: needs hard labels" "${losses[@]}" -o refused --labels soft --smoothing 0.2
[[ ! -e refused ]] || fail "a refused comparison makes a folder"

grep -q '"on": "training images"' table/ipc1/dc3/seed0/dc3.json || fail "dc3.json has no accuracy of the teacher"
grep -qE '^ *1 .* hard .*\* \+- .*\* .*\* ' table/table.txt || fail "equal ones are not marked: $(< table/table.txt)"

# What stands there is not done again; what is missing is.
cp table/results.jsonl before && cp table/table.txt first.txt
expect 0 "label_robust_score" "${compare[@]}" -o table --ipc 1,2 --methods random,rded,dc3 --json
cmp before table/results.jsonl || fail "scores that stood there were made again"
cmp first.txt table/table.txt || fail "the table of the same scores differs"
head -20 before > table/results.jsonl
expect 0 "to continue: the command that began it" "$dc3" status table
next="  next      rded, IPC 2, convnet3, soft labels, seed 1: training its student"
row="   2  dc3                convnet3           hard    1 of 2 (0)"
[[ $output == *"  scores    20 of 24"*"$next"*"$row"* ]] ||
  fail "status: $output"
"$dc3" status table --json > status.json && for text in '"kind": "comparison"' '"state": "stopped"' '"done": 20' \
  '"total": 24'; do grep -qF "$text" status.json || fail "expected $text in $(cat status.json)"; done
[[ $(grep -c '"done": true' status.json) == 20 && $(grep -c '"done": false' status.json) == 5 ]] ||
  fail "status.json: $(cat status.json)"
expect 0 "interrupted: 20 of 24 scores are there" "$dc3" info table
expect 0 "table/table.txt" "${compare[@]}" -o table --ipc 1,2 --methods random,rded,dc3
for file in before table/results.jsonl; do sed 's/"seconds_evaluate":[^,}]*//g' "$file" \
  > "$(basename "$file").stripped"; done
diff before.stripped results.jsonl.stripped || fail "continued scores differ"

# Students without augmentation come beside the others, also where an earlier version left lines that do not tell them
# apart.
sed -i 's/"augment":"rded",//' table/results.jsonl
robust=("${compare[@]}" -o table --ipc 1 --methods random,dc3 --augment-robust)
expect 0 "table/table.txt" "${robust[@]}"
[[ $(grep -c '"augment":"rded"' table/results.jsonl) == 24 ]] ||
  fail "scores with augmentation were made again: $(cat table/results.jsonl)"
[[ $(grep -c '"augment":"none"' table/results.jsonl) == 8 ]] ||
  fail "expected 8 scores without augmentation: $(cat table/results.jsonl)"
[[ $(grep -c " random .* 0.2689[* ] 2$" table/table.txt) == 2 ]] ||
  fail "random images are no better than themselves: $(cat table/table.txt)"
cp table/results.jsonl before
expect 0 "augmentation_robust_score" "${robust[@]}" --json
cmp before table/results.jsonl || fail "scores that stood there were made again"
expect 0 "note: 8 scores of other calls stay in table/results.jsonl, and out of the table" "${compare[@]}" -o table \
  --ipc 1,2 --methods random,rded,dc3
cmp first.txt table/table.txt || fail "scores without augmentation change the table of the others"
expect 0 "scores    24 of 24, and 8 of other calls" "$dc3" status table
sed 's/"wanted": .*/"was": {/' table/compare.json > earlier.json; mkdir earlier &&
  mv earlier.json earlier/compare.json && cp table/results.jsonl earlier
expect 0 "scores    32; how many are wanted is not known" "$dc3" status earlier
wanted='"seeds": 2, "ipc": [1], "method": ["../\u001b[31m"], "arch": ["a"], "labels": ["soft"], "augment": ["rded"]'
echo "{\"wanted\": {$wanted}}" > earlier/compare.json
expect 0 'next      ../\x1b[31m, IPC 1, a, soft labels, seed 0: condensing' "$dc3" status earlier
echo '{"wanted": {"seeds": 2, "ipc": [1], "method": [3], "arch": ["a"], "labels": ["soft"], "augment": ["rded"]}}' \
  > earlier/compare.json
expect 1 "'wanted' is not what dc3 compare writes" "$dc3" status earlier
expect 2 "leave out --augment none" "${compare[@]}" -o x --augment none --augment-robust
expect 2 "--augment none: whole images are seen as they are; leave out" "${compare[@]}" -o x --augment none --rand-ops 2

# The order of a teacher's classes is a part of what its labels are.
ls train > names.txt
expect 1 "table: holds scores of another 'teacher_classes'" "${compare[@]}" -o table --ipc 1 --teacher-classes names.txt

# Robust scores by DD-Ranking's formulas, of accuracies that are put into the lines: first as scores, then from their
# means.
value='function value(key) {
  match($0, "\"" key "\":\"?[^,\"}]*"); s = substr($0, RSTART, RLENGTH); sub(".*[:\"]", "", s); return s
}'
cp -r table scored
awk "$value"'{
  ours = value("method") == "dc3"; top1 = 0.30 + 0.02 * value("seed") + 0.11 * ours
  if (value("labels") == "soft") top1 += ours ? 0.19 : 0.07
  if (value("augment") == "none") top1 -= ours ? 0.04 : 0.13
  sub("\"top1\":[0-9.]+", "\"top1\":" top1); print
}' table/results.jsonl > scored/results.jsonl
expect 0 "LRS takes 83.00 % as the accuracy of the student trained on everything" \
  "${compare[@]}" -o scored --ipc 1 --methods random,dc3 --augment-robust --full-accuracy 0.83
awk "$value"'
  function scaled(x) { return (exp(x) - exp(-1)) / (exp(1) - exp(-1)) }
  FNR == NR { if (value("ipc") == 1) mean[value("method") value("labels") value("augment")] += value("top1") / 2; next }
  /^ *1 / {
    gsub(/[*~]/, ""); l = $3; m = $4; rows++
    lrs = scaled(0.5 * (mean[m "softrded"] - mean["randomsoftrded"]) - 0.5 * (0.83 - mean[m "hardrded"]))
    with = mean[m l "rded"] - mean["random" l "rded"]; without = mean[m l "none"] - mean["random" l "none"]
    ars = scaled(0.5 * with + 0.5 * without)
    if (sprintf("%.4f %.4f", lrs, ars) != $14 " " $16) { print "expected LRS " lrs ", ARS " ars " in: " $0; wrong = 1 }
  }
  END { exit wrong || rows != 4 }' scored/results.jsonl scored/table.txt || fail "robust scores: $(< scored/table.txt)"
# The best of each column is marked, and what is within both deviations of it; what the scores mean stands below.
grep -qE '^ *1 .* hard .* random .* 31.00  \+-' scored/table.txt && grep -qE '^ *1 .* hard .* dc3 .* 42.00\* \+-' \
  scored/table.txt || fail "the best is not marked: $(< scored/table.txt)"
for text in '*: the best of its IPC, student and labels' "LRS: DD-Ranking's label-robust score" \
  'ARS: its augmentation-robust score'; do
  grep -qF -- "$text" scored/table.txt || fail "nothing says '$text': $(< scored/table.txt)"
done
grep -q '"top1": "best"' scored/table.json || fail "table.json marks no best"
cp -r scored near && sed -i 's/"top1":0.41/"top1":0.33/; s/"top1":0.43/"top1":0.31/' near/results.jsonl
expect 0 "near/table.txt" "${compare[@]}" -o near --ipc 1 --methods random,dc3 --augment-robust --full-accuracy 0.83
grep -qE '^ *1 .* hard .* random .* 31.00~ \+-' near/table.txt && grep -qE '^ *1 .* hard .* dc3 .* 32.00\* \+-' \
  near/table.txt || fail "what is within the spread is not marked: $(< near/table.txt)"

expect 0 "sized/table.txt" "${compare[@]}" -o sized --size 16 --arch resnet18_modified --ipc 1 --methods random \
  --labels hard --epochs 1 --seeds 1
grep -q '"size":16' sized/results.jsonl || fail "--size does not reach the students"
expect 2 "takes 16 pixels only" "${compare[@]}" -o other --size 24

expect 1 "scores of another 'epochs'" "$dc3" compare train --val val --teacher t.safetensors --threads 2 --epochs 5 \
  -o table
expect 1 "scores of another 'fit'" "${compare[@]}" -o table --fit pad
expect 2 "--full-accuracy: expected 0 to 1, found 83" "${compare[@]}" -o x --full-accuracy 83
expect 2 "no method 'dc4'" "${compare[@]}" -o x --methods dc4
expect 2 "expected numbers from 1 on" "${compare[@]}" -o x --ipc 1,0
expect 2 "--labels: expected soft, hard" "${compare[@]}" -o x --labels warm

expect 2 "no student 'convnet9'" "${compare[@]}" -o x --arch convnet3,convnet9
expect 2 "--bins: expected 1 to" "${compare[@]}" -o x --bins -3
expect 2 "--epochs: expected 1 to" "${compare[@]}" -o x --epochs 0
expect 2 "--batch: expected 1 to" "${compare[@]}" -o x --batch 0
expect 2 "soft labels need a teacher" "$dc3" compare train --val val --teacher none -o x --labels soft --methods random
expect 2 "the method rded needs a teacher" "$dc3" compare train --val val --teacher none -o x --methods rded
[[ ! -e x ]] || fail "wrong options leave a folder"

# One that is running: status and info report it; nobody else works in its folder; interrupted, it stands where it
# stood.
"${compare[@]}" -o going --ipc 1 --methods random --epochs 100000 > log 2>&1 & process=$!
# trained: waits until students are, and says in $output, $count and $step what one and the same status has of them.
trained() {
  for ((i = 0; i < 300; i++)); do
    output=$("$dc3" status going 2> /dev/null)
    count=$(grep -c "random, IPC 1, convnet3, .* labels, seed 0" <<< "$output")
    step=$(sed -n 's/.*seed 0: \(training .*\)$/\1/p' <<< "$output")
    [[ $step == "training its student" || $step == "training their students" ]] && return
    sleep 0.1
  done
  fail "no student is trained: $output"
}
trained
[[ $output == *"running   process $process"* ]] || fail "status: $output"
cell="random, IPC 1, convnet3, * labels, seed 0"
now="  now       $cell: training its student"
((count == 1)) || now="  now       $cell"$'\n'"            $cell: training their students" # side by side
[[ $output == *"  scores    0 of 4"*$now* ]] || fail "status, where $count students are trained: $output"
expect 0 '"step": "training ' "$dc3" status going --json
expect 0 "running: process $process" "$dc3" info going
expect 1 "process $process on $(hostname) is working in this folder" "${compare[@]}" -o going --ipc 1 \
  --methods random --epochs 100000
kill -INT $process; wait $process; status=$?
[[ $status == 130 ]] || fail "SIGINT: status $status: $(cat log)"
expect 0 "stopped   to continue" "$dc3" status going
[[ ! -e going/.lock && ! -e going/now.json ]] || fail "the lock or now.json is left"
# What a killed process was at says nothing of one that is not there.
echo '{"doing": "training", "scores": [1, 2, 99, -1]}' > going/now.json
expect 0 "  next      random, IPC 1, convnet3, soft labels, seed 0: training its student" "$dc3" status going

# A student that was interrupted resumes, to the same score.
student=("$dc3" compare train --val val --teacher t.safetensors --threads 2 --dtype f32 --epochs 800 --seeds 1
  --labels soft --ipc 1 --methods random)
expect 0 "undisturbed/table.txt" "${student[@]}" -o undisturbed
interrupt "cut_off/students/*.checkpoint" "" "${student[@]}" -o cut_off
[[ ! -s cut_off/results.jsonl ]] || fail "an interrupted student has a result: $(< cut_off/results.jsonl)"
expect 0 "resuming in epoch" "${student[@]}" -o cut_off
for folder in undisturbed cut_off; do sed 's/"seconds[a-z_]*":[^,}]*//g' $folder/results.jsonl > $folder.stripped; done
diff undisturbed.stripped cut_off.stripped || fail "an interrupted student scores otherwise"
[[ ! -e cut_off/students ]] || fail "students of a finished command stay: $(ls cut_off/students)"

# Without a teacher one is trained for all of it.
expect 0 "teacher: alone/teacher.safetensors" "$dc3" compare train --val val -o alone --threads 2 --dtype f32 \
  --epochs 2 --seeds 1 --ipc 1 --methods random,dc3-select --size 16
[[ $(find alone -name teacher.safetensors | wc -l) == 1 ]] ||
  fail "expected one teacher: $(find alone -name teacher.safetensors)"
expect 0 "warning: --val is train itself" "$dc3" compare train --val train -o same --teacher none --threads 2 \
  --dtype f32 --epochs 2 --seeds 1 --ipc 1 --methods random --size 16

# Methods and labels that have use for a teacher come beside scores that need none, and scores that need none beside
# those; another teacher is refused.
later=("$dc3" compare train --val val -o later --threads 2 --dtype f32 --epochs 1 --seeds 1 --ipc 1 --teacher-epochs 3)
plain=("${later[@]::${#later[@]}-2}" --methods random --labels hard)
expect 0 "later/table.txt" "${plain[@]}"
grep -q '"teacher": null' later/compare.json || fail "a teacher that nothing needs: $(< later/compare.json)"
expect 0 "teacher trained" "${later[@]}" --methods random,herding
expect 0 "note: 3 scores of other calls stay" "${plain[@]}"
expect 0 "note: 4 scores of other calls stay" "${plain[@]}" --ipc 2
[[ $(wc -l < later/results.jsonl) == 5 ]] || fail "expected 5 scores: $(< later/results.jsonl)"
expect 0 "note: 5 scores of other calls stay" "${later[@]}" --methods dc3-select --labels hard,soft
expect 1 "later: holds scores of another 'teacher'" "${later[@]}" --methods random,herding --teacher-epochs 4
expect 1 "later: holds scores of another 'teacher'" "${later[@]::${#later[@]}-2}" --methods random,herding \
  --teacher t.safetensors
expect 1 "table: holds scores of another 'teacher'" "$dc3" compare train --val val -o table --threads 2 --dtype f32 \
  --epochs 4 --seeds 2 --ipc 1 --methods random --labels hard
# Compensation is of the method dc3 alone: other methods come beside its sets, and its sets beside theirs, whatever it
# is.
edited=("$dc3" compare train --val val --threads 2 --dtype f32 --epochs 1 --seeds 1 --ipc 1 --teacher none
  --labels hard)
none=(--methods dc3 --compensation none)
expect 0 "edited/table.txt" "${edited[@]}" -o edited "${none[@]}"
expect 0 "note: 1 score of other calls stays" "${edited[@]}" -o edited --methods random
expect 0 "note: 1 score of other calls stays" "${edited[@]}" -o edited "${none[@]}"
expect 1 "edited: holds scores of another 'compensation'" "${edited[@]}" -o edited --methods dc3 --compensation random
expect 0 "unedited/table.txt" "${edited[@]}" -o unedited --methods random
expect 0 "note: 1 score of other calls stays" "${edited[@]}" -o unedited "${none[@]}"
grep -q '"compensation": "none"' unedited/compare.json || fail "the first compensation: $(< unedited/compare.json)"
# A larger IPC, whose teacher would be another, comes beside the scores of a smaller one: both are of the one that is
# there.
grown=("$dc3" compare train --val val -o grown --threads 2 --dtype f32 --epochs 1 --seeds 1 --methods random
  --labels soft)
expect 0 "grown/table.txt" "${grown[@]}" --ipc 1 --teacher-epochs 7
cp grown/teacher.safetensors before
expect 0 "note: grown: the teacher that is there was trained for 7 epochs, and all scores" "${grown[@]}" --ipc 1,10
cmp before grown/teacher.safetensors && [[ $(wc -l < grown/results.jsonl) == 2 ]] || fail "another teacher"
expect 0 "grown/table.txt" "${grown[@]}" --ipc 1 --teacher-epochs 7
[[ $output != *"the teacher that is there was"* ]] || fail "a note without need: $output"
expect 1 "grown: holds scores of another 'teacher'" "${grown[@]}" --ipc 1,10 --teacher-epochs 19
# Nor are students of two sizes in one table.
for i in 1 2; do
  mkdir -p large/{blue,red} && "$tools/make_image" large/blue/$i.png 136 136 $((9 * i)) 30 180 &&
    "$tools/make_image" large/red/$i.png 136 136 180 $((9 * i)) 20 || fail "make_image"
done
large=("$dc3" compare large --val large --threads 2 --dtype f32 --epochs 1 --seeds 1 --ipc 1 --methods random)
expect 0 "136 px, f32" "${large[@]}" -o at136 --labels hard
cp at136/compare.json before
expect 1 "at136: holds scores of students that see 136 px, and with this teacher they see 112" "${large[@]}" -o at136
cmp before at136/compare.json || fail "a refused call changes compare.json"
expect 0 "112 px, f32" "${large[@]}" -o at112 --labels soft --teacher-epochs 1
expect 0 "112 px, f32" "${large[@]}" -o at112 --labels hard

# Without a teacher, condense trains one and keeps it; stopped and continued it gives the same.
own=("$dc3" condense train --ipc 2 --size 16 --threads 2 --dtype f32 --teacher-epochs 60)
expect 0 "a teacher is trained first: convnet3 at 16 px" "${own[@]}" -o own
[[ -f own/teacher.safetensors ]] || fail "the teacher is not kept"
grep -q '"own_teacher"' own/dc3.json || fail "dc3.json does not mention the teacher"
expect 0 "to train a teacher first" "${own[@]}" -o dry --dry-run
expect 0 "top-1, last" "$dc3" evaluate own --val val --epochs 4 --threads 2
expect 0 "views of each" "$dc3" label own --views 2 --threads 2
interrupt "cut/teacher.safetensors.checkpoint" "epoch 3:" "${own[@]}" -o cut
expect 0 "result: cut" "${own[@]}" -o cut
diff -r own/train cut/train || fail "an interrupted run gives other images"
cmp own/teacher.safetensors cut/teacher.safetensors || fail "the teacher of an interrupted run differs"
expect 0 "result: plain" "$dc3" condense train --ipc 2 --size 16 --threads 2 --dtype f32 -o plain --teacher none
[[ ! -e plain/teacher.safetensors ]] || fail "--teacher none trains one"
echo "compare: passed"
