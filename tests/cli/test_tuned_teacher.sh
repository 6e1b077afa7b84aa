#!/bin/bash
# Where a probe on the backbone is too often wrong the run fine-tunes it, by the number of images or on demand.
source "$2/tests/cli/support.sh"
tiny_mini

sixty_of_each made
several made many 200; several made few 100
"$tools/make_teacher" seen.safetensors 4 && "$tools/make_teacher" blind.safetensors 4 blind || fail "make_teacher"
run=("$dc3" condense many --ipc 2 --method dc3-select --size 16 --threads 1 --dtype f32 --backbone blind.safetensors)
told="the linear probe: top-1 50.00 % on 80 held-out images; the fine-tuned backbone: top-1 100.00 % on 80 held-out"
expect 0 "$told images: the fine-tuned backbone is the teacher" "${run[@]}" -o tuned --json
[[ $output == *"all layers of the backbone are trained too, 10 epochs at 32 px, which takes about "* ]] ||
  fail "the time that it takes is not said: $output"
[[ $output == *'"probe_top1": 0.5'*'"tuned_top1": 1.0'* && $output != *trained_top1* ]] || fail "JSON: $output"
for line in '"kind": "linear probe or fine-tuned"' '"fine_tune_epochs": 10' '"taken": "fine-tuned"' \
  '"fine_tuned": 1.0' '"similarity": "gradients"' '"backbone": "convnet3"'; do
  grep -q "$line" tuned/dc3.json || fail "dc3.json has no $line: $(< tuned/dc3.json)"
done
! ls tuned/{probe,fine-tuned}.safetensors* 2> /dev/null || fail "left beside the teacher"
expect 0 "" "$dc3" train many --backbone blind.safetensors --fine-tune --threads 1 --dtype f32 -o same.safetensors
cmp same.safetensors tuned/teacher.safetensors || fail "the teacher is not that of dc3 train --fine-tune"

# Interrupted in the training; before the choice is done; and where another one is in the teacher's place yet.
"${run[@]}" -o cut > log 2>&1 & process=$!
for ((i = 0; i < 6000; i++)); do [[ $(< log) == *"epoch 3:"* ]] && break; sleep 0.01; done
kill -KILL $process; wait $process 2> /dev/null
[[ -f cut/fine-tuned.safetensors.checkpoint && ! -e cut/teacher.safetensors ]] || fail "killed: $(ls cut): $(< log)"
expect 0 "resuming after step" "${run[@]}" -o cut
same_run tuned cut > differences || fail "a run that was stopped in its training differs: $(< differences)"
for state in "" seen blind; do
  mv cut/teacher.safetensors cut/fine-tuned.safetensors && rm cut/selection.json
  [[ -z $state ]] || cp $state.safetensors cut/teacher.safetensors
  [[ $state != blind ]] || cp seen.safetensors cut/probe.safetensors
  expect 0 "" "${run[@]}" -o cut
  [[ $output != *"epoch "* && $output != *"decay "* ]] || fail "$state: one is made again: $output"
  same_run tuned cut > differences || fail "$state: a run that was stopped in its choice differs: $(< differences)"
done
expect 0 "" "${run[@]}" -o tuned
[[ $output != *"epoch "* ]] || fail "a complete run trains: $output"
expect 0 "a teacher's training, 400 images encoded at 32 px" "${run[@]}" -o x --dry-run
[[ $output == *"to train a teacher first, if a linear probe is too often wrong ("* ]] || fail "dry run: $output"

# By how many images there are, and not where the probe is good; a run goes on with what it began with.
small=("${run[@]/many/few}") && small=("${small[@]/blind/seen}")
expect 0 "the teacher is the best of two: a linear probe on the backbone, that backbone fine-tuned (" "${small[@]}" \
  -o small
[[ $output == *"top-1 100.00 % on 40 held-out images: it is the teacher"* && $output != *"epoch "* ]] ||
  fail "a good probe is not enough: $output"
cp -r few fewer && rm fewer/red/99.png
expect 0 "a linear probe on the backbone is the teacher" "${small[@]/few/fewer}" -o fewer-run
rm few/red/99.png
expect 0 "warning: " "${small[@]}" -o small
grep -q '"fine_tune_epochs": 10' small/dc3.json || fail "dc3.json: $(< small/dc3.json)"
# An earlier version's, which knew of no fine-tuning.
several made thousand 1000
old=("${run[@]/many/thousand}") && old=("${old[@]/blind/seen}")
expect 0 "the teacher is the best of three: " "${old[@]}" -o old
tr -d '\n' < old/dc3.json | sed 's/, *"fine_tune_epochs": *[0-9]*//; s/, *"fine_tuned": *[-0-9.]*//' > edited.json &&
  mv edited.json old/dc3.json && rm old/selection.json || fail "sed"
expect 0 "" "${old[@]}" -o old
! grep -q fine_tune_epochs old/dc3.json || fail "dc3.json: $(< old/dc3.json)"

pair=("$dc3" compare many --val many --ipc 1 --methods random,dc3-select --epochs 1 --seeds 1 --size 32 --threads 1
  --arch convnet3 --labels hard --backbone blind.safetensors --dtype f32)
expect 0 "the fine-tuned backbone is the teacher" "${pair[@]}" -o pair
cmp same.safetensors pair/teacher.safetensors || fail "a comparison's teacher is another"
expect 0 "table.txt" "${pair[@]}" -o pair
[[ $output != *"epoch "* ]] || fail "the teacher is made again: $output"
expect 0 "estimate: teacher " "${pair[@]}" -o x --dry-run
# An earlier version's comparison, whose teacher was a probe alone, goes on with that.
mkdir before && tr -d '\n' < pair/compare.json |
  sed 's/"teacher": *{[^}]*}/"teacher": {"kind": "linear probe", "size": 32}/' > before/compare.json
expect 0 "a linear probe on the backbone is the teacher" "${pair[@]}" -o before
[[ $output != *"fine-tuned"* ]] || fail "the comparison began with a probe: $output"
# Too few to hold out any: nothing could tell whether fine-tuning helps.
several made tiny 8
expect 0 "accuracy not known: it is the teacher" "${run[@]/many/tiny}" --both-teachers -o tiny-run
[[ $output != *"epoch "* ]] || fail "something is trained that cannot be compared: $output"
echo "tuned teacher: passed"
