#!/bin/bash
# The teacher that condense and compare train for themselves, by several ranks: with --replicas its weights, and
# what is chosen by it, are those of one process for every number of ranks, also where another number continues.
source "$2/tests/cli/ranks.sh"
gradual train 24 && gradual val 6
own=(--size 16 --threads 1 --dtype f32 --teacher-epochs 4 --replicas 3)
run=(condense train --ipc 2 --no-report "${own[@]}")
"$dc3" "${run[@]}" -o one > log 2>&1 || fail "$(< log)"
for n in 2 3; do
  ranks $n "${run[@]}" -o by-$n > log-$n 2>&1 || fail "$n ranks: $(< log-$n)"
  cmp one/teacher.safetensors by-$n/teacher.safetensors || fail "the teacher by $n ranks"
  diff -r one/train by-$n/train || fail "what is stored by $n ranks"
  [[ $(grep -c "^teacher trained" log-$n) == 1 ]] || fail "$n ranks tell: $(< log-$n)"
done
# Without it rank 0 trains it alone, and it is another one; what it is trained by is a setting.
ranks 2 "${run[@]:0:$((${#run[@]} - 2))}" -o alone > log 2>&1 || fail "$(< log)"
cmp -s one/teacher.safetensors alone/teacher.safetensors && fail "three replicas do what one does"
expect 1 "teacher.replicas" "$dc3" "${run[@]}" -o alone
# A comparison's.
compare=(compare train --val val --ipc 1 --methods dc3-select --epochs 2 "${own[@]}")
"$dc3" "${compare[@]}" -o compared > log 2>&1 || fail "$(< log)"
ranks 2 "${compare[@]}" -o compared-2 > log 2>&1 || fail "$(< log)"
cmp compared/teacher.safetensors compared-2/teacher.safetensors || fail "a comparison's teacher by 2 ranks"
# How long that takes all ranks together: of as many parts each trains one.
train_seconds() { # PROGRAM...: of the teacher, as the comparison's estimate says
  "$@" "${compare[@]}" --teacher-epochs 20000 --replicas 16 -o no --dry-run > log 2>&1
  awk '/^estimate: teacher/ { print int($3 * ($4 ~ /^s/ ? 1 : $4 ~ /^min/ ? 60 : 3600)) }' log
}
alone=$(train_seconds "$dc3") together=$(train_seconds ranks 16)
((together * 3 < alone)) || fail "a teacher of $alone s is to take 16 ranks $together s: $(< log)"
# Beside a linear probe a whole backbone is trained by rank 0 alone.
"$tools/make_teacher" both.safetensors 2 16 || fail "make_teacher"
both=(condense train --ipc 2 --no-report --method dc3-select --both-teachers --backbone both.safetensors)
"$dc3" "${both[@]}" "${own[@]:0:6}" -o both > log 2>&1 || fail "$(< log)"
ranks 2 "${both[@]}" "${own[@]:0:6}" -o both-2 > log 2>&1 || fail "both teachers by 2 ranks: $(< log)"
diff -r both/train both-2/train || fail "what is stored of both teachers by 2 ranks"
# How long it is trained rank 0 decides where --total says how many images are stored.
mkdir -p many/a many/b
for ((i = 0; i < 3000; i++)); do ln -s "$PWD/train/red/$((i % 24 + 1)).png" many/a/$i.png; done
for ((i = 0; i < 3000; i++)); do ln -s "$PWD/train/blue/$((i % 24 + 1)).png" many/b/$i.png; done
total=(condense many --method dc3-select --total 4 --size 8 --threads 1 --dtype f32 --replicas 3 --no-report)
DC3_LOCAL_RANKS=3 "$tools/dc3_local" "${total[@]}" -o totalled > log 2>&1 & process=$!
while kill -0 $process 2> /dev/null && ! grep -q "^epoch 1: " log; do sleep 0.1; done
kill -INT $process 2> /dev/null
wait $process
grep -q "^epoch 1: " log || fail "--total by ranks: $(< log)"

# A lost rank, and another number that continues.
run=("${run[@]}" --teacher-epochs 400)
"$dc3" "${run[@]}" -o whole > log 2>&1 || fail "$(< log)"
strike KILL 1 "has ended; what was done is kept: give the same command" "struck/teacher.safetensors.checkpoint" \
  "${run[@]}" -o struck
[[ ! -e struck/teacher.safetensors ]] || fail "nothing to continue"
expect 0 "resuming after step" ranks 2 "${run[@]}" -o struck
cmp whole/teacher.safetensors struck/teacher.safetensors || fail "continued by 2 ranks"
diff -r whole/train struck/train || fail "what is stored then"

# Bad input.
expect 2 "--replicas: expected one for each of the 3 ranks or more, best a multiple, found 2" ranks 3 condense train \
  --ipc 1 --size 16 --replicas 2 -o x
expect 2 "--replicas: 32 images a step are too few: expected two for each of 20 parts" "$dc3" condense train --ipc 1 \
  --size 16 --replicas 20 -o x
expect 2 "--replicas is for a teacher that is trained here" "$dc3" condense train --ipc 1 --replicas 2 \
  --teacher none -o x
"$tools/make_teacher" backbone.safetensors 2 || fail "make_teacher"
expect 2 "--replicas means nothing with --backbone" "$dc3" condense train --ipc 1 --replicas 2 \
  --backbone backbone.safetensors -o x
[[ ! -e x/train ]] || fail "refused, and yet begun"
