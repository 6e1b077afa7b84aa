#!/bin/bash
# --both-teachers: a linear probe on a backbone, that backbone fine-tuned and a trained network, of which the best is
# the run's own teacher (test_tuned_teacher.sh: the second).
source "$2/tests/cli/support.sh"
tiny_mini

# The best stays: a network beside a probe that sees nothing, and a probe that sees all beside a network.
sixty_of_each many
"$tools/make_teacher" seen.safetensors 4 && "$tools/make_teacher" blind.safetensors 4 blind || fail "make_teacher"
sources() { local file=$1; [[ -d $1 ]] && file=$1/train/metadata.jsonl; field "$file" source | sort; }
both=("$dc3" condense many --ipc 3 --method dc3-select --size 16 --threads 1 --dtype f32 --both-teachers)
network="the network trained on these images alone: top-1 100.00 % on 12 held-out images"
few="the fine-tuned backbone: top-1 50.00 % on 24 held-out images" # which 30 steps from such a probe change nothing for
expect 0 "the linear probe: top-1 50.00 % on 24 held-out images; $few; $network: the network is the teacher" \
  "${both[@]}" --backbone blind.safetensors -o trained --json
[[ $output == *'"probe_top1": 0.5'*'"tuned_top1": 0.5'*'"trained_top1": 1.0'* ]] || fail "JSON: $output"
for line in '"kind": "this or a linear probe"' '"taken": "trained"' '"backbone": "convnet3"' \
  '"similarity": "gradients"'; do
  grep -q "$line" trained/dc3.json || fail "dc3.json has no $line: $(< trained/dc3.json)"
done
expect 0 "a classifier, convnet3" "$dc3" info trained/teacher.safetensors
! ls trained/{probe,fine-tuned}.safetensors* 2> /dev/null || fail "another teacher is left"
expect 0 "" "$dc3" select many -o trained.jsonl --ipc 3 --backbone blind.safetensors --threads 1 --dtype f32 \
  --teacher trained/teacher.safetensors
diff <(sources trained) <(sources trained.jsonl) || fail "the images are not those of that teacher"
expect 0 "$network: the probe is the teacher" "${both[@]}" --backbone seen.safetensors -o probed
[[ $output == *"the linear probe: top-1 100.00 % on 24 held-out images; the fine-tuned backbone: "* ]] ||
  fail "the others are not said: $output"
grep -q '"taken": "probe"' probed/dc3.json || fail "dc3.json: $(< probed/dc3.json)"
expect 0 "" "$dc3" train many --backbone seen.safetensors -o probe.safetensors --threads 1
cmp probed/teacher.safetensors probe.safetensors || fail "the probe that was taken is not that of dc3 train"
# Continued after the choice: the same bytes, and nothing is made again.
for run in trained probed; do
  file=seen; [[ $run == trained ]] && file=blind
  cp -r $run before && rm "$(find $run/train -name '*.png' | sort | head -1)" $run/selection.json
  expect 0 "" "${both[@]}" --backbone $file.safetensors -o $run
  [[ $output != *"epoch "* && $output != *"decay "* ]] || fail "$run: the teacher is made again: $output"
  same_run $run before > differences || fail "$run: a continued run differs: $(< differences)"
  rm -rf before
done
# Interrupted once there is a probe: it is said that this is kept.
interrupt "struck/probe.safetensors" "" "${both[@]}" --backbone blind.safetensors -o struck
[[ $(< log) == *"the teacher's training is saved"* ]] || fail "what is left: $(< log)"
# As an interruption leaves it: before the network is there, and before the one of the two that stays.
"$dc3" train many --backbone blind.safetensors -o sees-nothing.safetensors --threads 1 -q > /dev/null || fail "train"
undecided() { # FOLDER: as it was before the choice
  cp sees-nothing.safetensors $1/probe.safetensors && cp tuned.safetensors $1/fine-tuned.safetensors &&
    rm $1/selection.json && tr -d '\n' < $1/dc3.json | sed 's/, *"teacher_choice": *{[^}]*}//' > edited.json &&
    mv edited.json $1/dc3.json || fail "undecided"
}
expect 0 "" "$dc3" train many --backbone blind.safetensors --fine-tune --test-every 10 --threads 1 --dtype f32 \
  -o tuned.safetensors
cp -r trained cut && undecided cut
expect 0 "the network is the teacher" "${both[@]}" --backbone blind.safetensors -o cut
[[ $output != *"epoch "* && $output != *"decay "* ]] || fail "one is made again: $output"
same_run trained cut > differences || fail "a run that was stopped before its choice differs: $(< differences)"
undecided cut && rm cut/teacher.safetensors
expect 0 "the network is the teacher" "${both[@]}" --backbone blind.safetensors -o cut
[[ $output == *"epoch "* && $output != *"decay "* ]] || fail "the probe is made again: $output"
same_run trained cut > differences || fail "a run that was stopped in its training differs: $(< differences)"
expect 0 "" "${both[@]}" --backbone seen.safetensors -o cut --fresh
same_run probed cut > differences || fail "a run begun anew differs: $(< differences)"
expect 1 "holds a run with other settings" "${both[@]/--both-teachers/--no-report}" --backbone seen.safetensors -o cut
expect 2 "--both-teachers needs a backbone" "${both[@]}" -o x --backbone none
expect 2 "--both-teachers needs a backbone" "${both[@]}" -o x --backbone seen.safetensors --teacher probe.safetensors
expect 0 "a teacher's training, 120 images encoded at 32 px" "${both[@]}" --backbone seen.safetensors -o x --dry-run
pair=("$dc3" compare many --val many --ipc 1 --methods random,dc3-select --epochs 1 --seeds 1 --size 32 --threads 1
  --arch convnet3 --labels hard --backbone blind.safetensors --both-teachers --dtype f32)
expect 0 "the network is the teacher" "${pair[@]}" -o pair
[[ $output == *"teacher: pair/teacher.safetensors, top-1 "*"backbone: convnet3"* ]] || fail "the table: $output"
expect 0 "table.txt" "${pair[@]}" -o pair
expect 0 "estimate: teacher " "${pair[@]}" -o x --dry-run
expect 2 "--both-teachers needs a backbone" "${pair[@]}" -o x --teacher probe.safetensors --backbone none
[[ ! -e x ]] || fail "a refused command writes"
# A dataset at the rule's bound that loses an image: the run goes on with the teachers that it began with.
several many bound 1000
bound=("$dc3" condense bound --ipc 1 --method dc3-select --size 16 --threads 1 --dtype f32 --no-report
  --backbone seen.safetensors -o at-bound)
expect 0 "the teacher is the best of three" "${bound[@]}"
rm bound/red/999.png # the last, so that those that were chosen stay where they were
expect 0 "warning: " "${bound[@]}"
grep -q '"kind": "this or a linear probe"' at-bound/dc3.json || fail "dc3.json: $(< at-bound/dc3.json)"
echo "both teachers: passed"
