#!/bin/bash
# Several teachers, whose averaged logits are the soft labels, in label, evaluate, compare and condense.
source "$2/tests/cli/common.sh"
tiny_mini

blue_and_red 12 4
mkdir swapped && cp -r train/blue swapped/red && cp -r train/red swapped/blue
one=(--threads 1 --dtype f32)
train() { expect 0 "result: $1" "$dc3" train "${@:2}" --batch 8 --epochs 3 --lr 0.05 -o "$1" "${one[@]}"; }
train a.safetensors train --size 16 --seed 1
train b.safetensors train --size 24 --seed 2
train swapped.safetensors swapped --size 16 --seed 3
LC_ALL=C sed 's/dc3\.classes/dc3.classez/' swapped.safetensors > wrong.safetensors # which does not name its classes
cp a.safetensors copy.safetensors && cp b.safetensors named,b.safetensors

# Selection is by the first alone.
set=("$dc3" condense train --ipc 2 --method dc3-select --size 16 --no-report "${one[@]}")
expect 0 "4 images stored" "${set[@]}" -o set --teacher a.safetensors
expect 0 "note: a.safetensors, the first of 2 teachers, gives the gradients for selection" "${set[@]}" -o again \
  --teacher a.safetensors,b.safetensors
same_run set again || fail "the second of the teachers had a part in selection"
cp b.safetensors list.jsonl
expect 2 "expected a place apart from the teacher, found list.jsonl" "$dc3" select train --ipc 1 "${one[@]}" \
  -o list.jsonl --force --teacher a.safetensors,list.jsonl
expect 0 "note: --method random does not use a teacher" "$dc3" condense train --ipc 2 --method random --size 16 \
  --no-report "${one[@]}" -o random --teacher a.safetensors,b.safetensors
[[ $output != *"for selection"* ]] || fail "a method without a teacher has its gradients: $output"

# The same teacher twice is that teacher, also to what a student learns; each sees views at the size of its training.
label=("$dc3" label set --views 3 --batch 4 --seed 2)
expect 0 "views of 16 px" "${label[@]}" -o a.labels.safetensors --teacher a.safetensors --threads 1
expect 0 "the teachers' averaged logits: top-1 100.00 % on 24 training images" "${label[@]}" -o ab.safetensors \
  --teacher a.safetensors,b.safetensors --threads 1
[[ $output == *"a.safetensors: teacher's accuracy: top-1"*"b.safetensors: teacher's accuracy: top-1"* ]] ||
  fail "each teacher's accuracy: $output"
[[ $output == *"views of 16 px"*"views of 16 px, which it sees at 24"* ]] || fail "sizes: $output"
expect 0 "labels" "${label[@]}" -o threads.safetensors --teacher a.safetensors,b.safetensors --threads 3
cmp ab.safetensors threads.safetensors || fail "labels of two teachers depend on the number of threads"
expect 0 "labels" "${label[@]}" -o twice.safetensors --teacher a.safetensors,copy.safetensors --threads 2
evaluate=("$dc3" evaluate set --val val --arch convnet3 --epochs 2 --size 16 "${one[@]}")
loss() { sed -n 's/.*\(top-1 .* (loss [0-9.]*\),.*/\1/p'; }
for pair in "a.labels twice" "ab threads"; do
  read -r first second <<< "$pair"
  [[ $("${evaluate[@]}" -o x.json --labels stored --stored $first.safetensors --size 16 2>&1 | loss) == \
    $("${evaluate[@]}" -o x.json --labels stored --stored $second.safetensors 2>&1 | loss) ]] || fail "labels of $pair"
done
expect 0 "mean of       convnet3, convnet3" "$dc3" info ab.safetensors
expect 0 '"teachers": [' "$dc3" info ab.safetensors --json
[[ $(grep -c '"fingerprint": "' <<< "$output") == 2 ]] || fail "info names each teacher: $output"
expect 0 "stored labels of 2 teachers' averaged logits: convnet3; convnet3 at temperature 20" "${evaluate[@]}" \
  -o x.json --labels stored --stored ab.safetensors

# Scores name all, with the accuracy of each and of the mean.
asked=("${evaluate[@]}" --temperature 1) # at which the losses have more digits
alone=$("${asked[@]}" -o alone.json --teacher a.safetensors 2>&1 | loss)
[[ -n $alone && $alone == $("${asked[@]}" -o x.json --teacher a.safetensors,copy.safetensors 2>&1 | loss) ]] ||
  fail "a teacher and its copy teach otherwise than it alone: $alone"
each="a.safetensors, convnet3 (top-1 100.00 %); b.safetensors, convnet3 (top-1 100.00 %); "
expect 0 "soft labels of 2 teachers' averaged logits: ${each}together (top-1 100.00 %) at temperature 1" \
  "${asked[@]}" -o both.json --teacher a.safetensors,b.safetensors
[[ $alone != $(loss <<< "$output") ]] || fail "the second teacher has no part: $output"
row=$(tr -d ' \n' < both.json)
[[ $row == *'"teacher":"convnet3,convnet3"'*'"teachers":[{"file":"a.safetensors",'*'"size":16,"top1":1.0},'*\
'"file":"b.safetensors",'*'"size":24,"top1":1.0}]'* ]] || fail "the row: $row"
hash() { sed -n '/"settings"/,$s/.*"teacher": "\([0-9a-f]*\)".*/\1/p' "$1"; }
[[ $(hash both.json) =~ ^[0-9a-f]{16}$ && $(hash both.json) != "$(hash alone.json)" ]] || fail "no joined hash: $row"
expect 0 "convnet3" "${asked[@]}" -o named.json --teacher "a.safetensors,named,b.safetensors"
[[ $(hash named.json) == "$(hash both.json)" ]] || fail "the name of a file changes the teachers' hash"
cp both.json set/scores.json && expect 0 "report.html" "$dc3" report set && rm set/scores.json
grep -q 'averaged logits of teachers convnet3, convnet3 at temperature 1 (top-1 100.00' set/report.html ||
  fail "the report does not name the teachers"

# Every file is checked as one is, and the warning about each is said once.
expect 2 "--teacher: a.safetensors is given twice" "${evaluate[@]}" --teacher a.safetensors,a.safetensors
expect 2 "found an empty one" "${evaluate[@]}" --teacher a.safetensors,
expect 1 "--teacher gone.pth: expected a classifier's file" "${evaluate[@]}" --teacher a.safetensors,gone.pth
for labels in hard stored; do
  expect 2 "--teacher: several teachers are for soft labels; with --labels $labels leave it out" "${evaluate[@]}" \
    --labels $labels --teacher a.safetensors,gone.pth
done
for command in "evaluate set --val val --epochs 1 -o x.json" "label set --views 1 -o x.safetensors --force"; do
  expect 1 "wrong.safetensors: the teacher is too seldom right" "$dc3" $command --threads 1 \
    --teacher a.safetensors,wrong.safetensors
  expect 0 "labels" "$dc3" $command --threads 1 --teacher a.safetensors,wrong.safetensors --any-teacher
  [[ $(grep -c "^warning: wrong.safetensors: the teacher is too seldom right" <<< "$output") == 1 ]] ||
    fail "the warning is not said once: $output"
done
expect 2 "expected a place apart from the teacher, found b.safetensors" "${label[@]}" -o b.safetensors --force \
  --teacher a.safetensors,b.safetensors

# A comparison: the first selects, all teach; another second one is another comparison.
compare=("$dc3" compare train --val val --ipc 1 --methods dc3-select --seeds 1 --epochs 1 --arch convnet3 "${one[@]}")
expect 0 "; their averaged logits: top-1 100.00 % on the test images; the first selects" "${compare[@]}" -o table \
  --teacher a.safetensors,b.safetensors
for text in "teachers: a.safetensors, convnet3 (top-1 100.00 %); b.safetensors, convnet3 (top-1 100.00 %); " \
  "the teachers' averaged logits: top-1 100.00 % on 24 training images" \
  "note: a.safetensors, the first of 2 teachers, gives the gradients for selection"; do
  [[ $output == *"$text"* ]] || fail "expected $text in $output"
done
[[ $(grep -c '"teachers":\[{.*"top1":1.0.*}, *{.*\]\|"teachers":\[{' table/results.jsonl) == 1 ]] ||
  fail "the line of soft labels alone names the teachers: $(< table/results.jsonl)"
row=$(tr -d ' \n' < table/table.json)
[[ $row == *'"full_top1":1.0'*'"teacher_top1":1.0'* && $row == *'"teachers":[{'* ]] || fail "table.json: $row"
expect 0 "result" "$dc3" report table
each="a.safetensors, convnet3 (top-1 100.00 %); b.safetensors, convnet3 (top-1 100.00 %); "
grep -qF "Soft labels are the averaged logits of 2 teachers: ${each}together top-1 100.00 % on the test images." \
  table/report.html || fail "the page does not name the teachers"
# The settings name the files, whose fingerprints compare.json has; those of a later call with the same stay.
named="a.safetensors, convnet3; b.safetensors, convnet3"
hash=$(sed -n 's/.*"teacher": "\([0-9a-f]\{16,\}\)".*/\1/p' table/compare.json)
grep -qF "<dt>Teacher</dt><dd>$named</dd>" table/report.html || fail "the page's settings: $(grep -F '<dt>Teacher' \
  table/report.html)"
[[ -n $hash ]] && ! grep -q "$hash" table/report.html || fail "the fingerprint '$hash' stands on the page"
expect 0 "teacher $named" "$dc3" info table
[[ $output != *"$hash"* ]] || fail "info: $output"
expect 0 "\"teacher\": \"$hash\"" "$dc3" info table --json
expect 0 "their averaged logits" "${compare[@]}" -o table --teacher a.safetensors,b.safetensors
expect 1 "holds scores of another 'teacher'" "${compare[@]}" -o table --teacher a.safetensors
expect 1 "holds scores of another 'teacher'" "${compare[@]}" -o table --teacher a.safetensors,wrong.safetensors \
  --any-teacher
expect 2 "--teacher: several teachers are for soft labels" "${compare[@]}" -o hard --labels hard \
  --teacher a.safetensors,b.safetensors
expect 0 "top-1 100.00 % on the test images" "${compare[@]}" -o few --methods random --labels soft,hard \
  --teacher a.safetensors,b.safetensors
[[ $output != *"for selection"* && $output != *"the first selects"* ]] || fail "no method selects by it: $output"
expect 0 "estimate: teacher 0 s" "${compare[@]}" -o dry --dry-run --teacher a.safetensors,b.safetensors
[[ ! -e hard && ! -e dry ]] || fail "a refused comparison makes a folder"
echo "teachers: passed"
