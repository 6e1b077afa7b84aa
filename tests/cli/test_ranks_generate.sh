#!/bin/bash
# dc3 generate by several ranks: the folder is that of one process for every number of them, also where another number
# continues; a lost rank is named.
source "$2/tests/cli/ranks.sh"
models=$source/tests/golden/generate
quick=(--steps 2 --dtype f32 --threads 1)
text=(generate --model "$models/text" "${quick[@]}" -p 'a red fish' --batch 2)
classes=(generate --model "$models/classes" "${quick[@]}" --classes all --batch 3)
expect 0 "9 images of 1 class, 9 of them made now" "$dc3" "${text[@]}" -n 9 -o text
expect 0 " of them made now" "$dc3" "${classes[@]}" -n 2 -o classes
for n in 1 2 3 5; do
  expect 0 "9 images of 1 class, 9 of them made now" ranks $n "${text[@]}" -n 9 -o "text-$n"
  diff -r text "text-$n" || fail "texts by $n ranks"
done
for n in 2 3; do
  expect 0 " of them made now" ranks $n "${classes[@]}" -n 2 -o "classes-$n"
  diff -r classes "classes-$n" || fail "classes by $n ranks"
done
[[ ! -e text-3/.rank-0 && ! -e text-3/.rank-2 ]] || fail "what the ranks tried the folder with is left"
# What is there stays, what is lost is made again; starting over; other settings; an estimate.
rm text-2/train/*/0000[36].png
expect 0 "9 images of 1 class, 2 of them made now" ranks 3 "${text[@]}" -n 9 -o text-2
diff -r text text-2 || fail "images that were lost"
expect 0 "9 images of 1 class, 9 of them made now" ranks 3 "${text[@]}" -n 9 -o text-2 --fresh
diff -r text text-2 || fail "starting over"
expect 1 "holds images of other settings (seed" ranks 2 "${text[@]}" -n 9 -o text-2 --seed 5
[[ $(grep -c "other settings" <<< "$output") == 1 ]] || fail "told by each rank: $output"
expect 0 "estimate" ranks 3 "${text[@]}" -n 9 --dry-run

# Lost ranks and an interruption.
long=("${text[@]}" --steps 60 -n 60)
"$dc3" "${long[@]}" -o long > log 2>&1 || fail "$(< log)"
continues() { # WHAT N
  local there
  there=$(find struck/train -name '*.png' | wc -l)
  ((there > 0 && there < 60)) || fail "$1: $there images are there"
  expect 0 "60 images of 1 class, " ranks "$2" "${long[@]}" -o struck
  diff -r long struck || fail "$1, and $2 ranks"
  rm -r struck
}
strike KILL 1 "has ended; what was done is kept: give the same command" "struck/train/*/*.png" "${long[@]}" -o struck
continues "a rank was killed" 2
strike STOP 2 "has not been heard of for 2 seconds; what was done is kept" "struck/train/*/*.png" "${long[@]}" -o struck
continues "a rank was stopped" 1
DC3_LOCAL_RANKS=3 interrupt "struck/train/*/*.png" "" "$tools/dc3_local" "${long[@]}" -o struck
continues "interrupted" 5

by_mpi || exit 0
expect 0 "9 of them made now" "${mpi[@]}" 3 "$dc3"-mpi "${text[@]}" -n 9 -o by-mpi
diff -r text by-mpi || fail "MPI"
