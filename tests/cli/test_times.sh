#!/bin/bash
# What a run, a training and a comparison took is summed over the calls that made them, however a call was interrupted.
source "$2/tests/cli/common.sh"

blue_and_red 6 10
# seconds_in STAGE: of the member "seconds" of JSON on the standard input; nothing where it is not there.
seconds_in() { sed -n '/"seconds": {/,/}/s/.*"'"$1"'": \([0-9.e+-]*\).*/\1/p'; }
seconds_of() { "$dc3" status "$1" --json | seconds_in "$2"; }
above() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b && b > 0) }' ||
  fail "$3: expected more than '$2', found '$1'"; }
# PID FOLDER STAGE: waits until seconds are noted for it, while the process works; then kills the process
until_status() {
  local i
  for ((i = 0; i < 6000; i++)); do
    [[ $("$dc3" status "$2" --json 2> /dev/null | seconds_in "$3") ]] && break
    kill -0 "$1" 2> /dev/null || fail "$2 ended before its $3 were noted: $(< log)"
    sleep 0.01
  done
  kill -9 "$1"; wait "$1" 2> /dev/null
}

# The teacher: interrupted twice in its training, which resumes in its epochs, and once later.
own=("$dc3" condense train -o run --ipc 2 --size 16 --threads 2 --dtype f32 --teacher-epochs 60)
interrupt . "epoch 2:" "${own[@]}"; first=$(seconds_of run teacher)
interrupt . "epoch 30:" "${own[@]}"; second=$(seconds_of run teacher)
above "$second" "$first" "seconds of a teacher in two calls"
"${own[@]}" --json > report 2> log || fail "condense: $(< log)"
above "$(seconds_of run teacher)" "$second" "seconds of a teacher in three calls"
[[ $(seconds_in teacher < report) == "$(seconds_of run teacher)" ]] ||
  fail "the report has others than state.db: $(< report)"
# What is not done again is reported too.
"${own[@]}" --json > again 2> log || fail "condense: $(< log)"
for stage in features "bins and selection"; do
  [[ $(seconds_in "$stage" < again) && $(seconds_in "$stage" < again) == "$(seconds_in "$stage" < report)" ]] ||
    fail "$stage of a complete run: $(< again)"
done

# Features, of enough batches to be killed between two of them, then interrupted.
for name in blue red; do
  mkdir -p many/$name && for i in {1..60}; do cp train/$name/$((i % 6 + 1)).png many/$name/$i.png; done
done
vae=("$dc3" condense many -o vae --teacher none --ipc 2 --size 16 --feature-size 128 --threads 1 --dtype f32)
"${vae[@]}" > log 2>&1 & until_status $! vae features
first=$(seconds_of vae features)
"${vae[@]}" > log 2>&1 & process=$!
for ((i = 0; i < 6000; i++)); do awk -v a="$(seconds_of vae features)" -v b="$first" 'BEGIN { exit !(a > b) }' &&
  break; sleep 0.01; done
kill -INT $process; wait $process; [[ $? == 130 ]] || fail "SIGINT while features are made: $(< log)"
second=$(seconds_of vae features)
above "$second" "$first" "seconds of features in two calls"
"${vae[@]}" --json > report 2> log || fail "condense: $(< log)"
above "$(seconds_in features < report)" "$second" "seconds of features in three calls"

# A comparison: what a dataset cost, of which an earlier call made a part.
compare=("$dc3" compare train --val val -o table --teacher none --threads 1 --dtype f32 --epochs 1 --seeds 1 --ipc 1
  --methods dc3-select --labels hard)
"${compare[@]}" > log 2>&1 & until_status $! table/ipc1/dc3-select/seed0 features
first=$(seconds_of table/ipc1/dc3-select/seed0 features)
expect 0 "table/table.txt" "${compare[@]}"
cost=$(sed 's/.*"seconds_condense":\([0-9.e+-]*\).*/\1/' table/results.jsonl)
above "$cost" "$first" "what a dataset cost in two calls"
above "$cost" "$(seconds_of table/ipc1/dc3-select/seed0 features)" \
  "what a dataset cost, of which its features are a part"

# A training of its own.
train=("$dc3" train train --size 16 --batch 4 --threads 2 --dtype f32 --epochs 40 -o t.safetensors)
interrupt . "epoch 36:" "${train[@]}"
first=$(head -c 100000 t.safetensors.checkpoint | grep -ao 'seconds\\*":[0-9.e+-]*' | sed 's/.*://')
"${train[@]}" --json > report 2> log || fail "train: $(< log)"
grep -q "resuming after step" log || fail "the training did not resume: $(< log)"
above "$(sed -n 's/.*"seconds": \([0-9.e+-]*\).*/\1/p' report)" "$first" "seconds of a training in two calls"
echo "times: passed"
