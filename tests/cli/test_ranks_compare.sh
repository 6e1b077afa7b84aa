#!/bin/bash
# dc3 compare by several ranks, sets and students as pieces: sets, scores and the table are those of one process for
# every number of ranks, but for times; also where another number continues; a lost rank is named.
source "$2/tests/cli/ranks.sh"
tiny_mini
gradual train 6 && gradual val 6
"$tools/make_teacher" two.safetensors 2 16 || fail "make_teacher"
compare=(compare train --val val --threads 1 --dtype f32 --size 16 --epochs 2 --teacher two.safetensors --any-teacher)
# timeless FOLDER: its scores, table and sets, without times, as a text.
timeless() {
  sed -E 's/"seconds[a-z_]*": *[^,}]*//g' "$1/results.jsonl"
  sed -E 's/(\+- +[0-9.]+ +[-0-9.*~]+ +[0-9.*~]+) +[0-9.]+/\1/; s/[0-9.]+ (s|min)//g; s/^(teacher: )[^/]*\//\1/' \
    "$1/table.txt"
  sed -E '/"seconds/d' "$1/table.json"
  (cd "$1" && find ipc* budget* -path '*/train/*' -type f 2> /dev/null | sort | xargs md5sum
    cat compare.json ipc*/*/*/selection.json 2> /dev/null)
}
alike() { # NAME NUMBERS COMMAND...: by one process and by so many ranks
  local name=$1 n; local -a numbers; read -ra numbers <<< "$2"; shift 2
  "$dc3" "$@" -o "$name" > log 2>&1 || fail "$name: $(< log)"
  for n in "${numbers[@]}"; do
    ranks $n "$@" -o "$name-$n" > log-$n 2>&1 || fail "$name, $n ranks: $(< log-$n)"
    diff <(timeless "$name") <(timeless "$name-$n") > differences || fail "$name, $n ranks: $(head -c 3000 differences)"
    diff <(said log) <(said log-$n) > differences || fail "$name, $n ranks say: $(< differences)"
    [[ ! -e $name-$n/students && ! -e $name-$n/now.json && ! -e $name-$n/.rank-1 ]] ||
      fail "$name-$n: $(ls -a "$name-$n")"
  done
}
alike given "2 3" "${compare[@]}" --ipc 1,2 --methods random,dc3 --seeds 2
alike trained "2" compare train --val val --threads 1 --dtype f32 --size 16 --epochs 1 --teacher-epochs 1 --ipc 1 \
  --methods random,dc3 --seeds 2 --labels soft
alike budgets "3" "${compare[@]}" --budgets 900,20kB --methods random,rded --seeds 2 --labels hard
pages paged 24
mv paged/blue/1.ppm paged/blue/$'0\nth.ppm' # which the notes name
alike noted "2 3" "${compare[@]/#train/paged}" --ipc 1,30 --methods random,dc3 --seeds 2
said log | grep -q "note: 48 images (the first is blue/0.*th.ppm): " || fail "what is noted of images: $(< log)"
# What is there stays; what is missing is made.
head -5 given/results.jsonl > given-2/results.jsonl
expect 0 "given-2/table.txt" ranks 3 "${compare[@]}" --ipc 1,2 --methods random,dc3 --seeds 2 -o given-2
diff <(timeless given) <(timeless given-2) > differences || fail "continued: $(head -c 3000 differences)"
# Of the students those are at work that a rank has, and no others.
ranks 2 "${compare[@]}" --ipc 1 --methods random --seeds 6 --epochs 30 -o watched > log 2>&1 & process=$!
most=0
while kill -0 $process 2> /dev/null; do
  now=$(tr -d ' ,' 2> /dev/null < watched/now.json)
  [[ $now == *training* ]] || continue
  count=$(grep -cE '^[0-9]+$' <<< "$now")
  ((count <= 2)) || fail "$count students of two ranks at work: $now"
  ((count <= most)) || most=$count
done
wait $process || fail "watched: $(< log)"
((most == 2)) || fail "two ranks, of which at most $most works"
# What is told once, and what one rank does alone.
expect 2 "--minutes: works with one rank, found 2" ranks 2 compare train --val val --threads 1 \
  --teacher two.safetensors --any-teacher --minutes 1 --ipc 1 --methods random -o no
expect 1 "nothing: expected a dataset" ranks 3 compare nothing --val val -o no --ipc 1 --methods random
[[ $(grep -c nothing <<< "$output") == 1 && ! -e no ]] || fail "told by each rank: $output"
expect 0 "estimate" ranks 2 "${compare[@]}" --ipc 1 --methods random -o no --dry-run

# Lost ranks and an interruption, while sets are made and while students are trained.
long=("${compare[@]}" --ipc 1,3 --methods random,dc3 --seeds 2 --epochs 8)
"$dc3" "${long[@]}" -o long > log 2>&1 || fail "$(< log)"
continues() { # WHAT N
  [[ ! -e struck/table.txt ]] || fail "$1: all was done"
  expect 0 "struck/table.txt" ranks "$2" "${long[@]}" -o struck
  diff <(timeless long) <(timeless struck) > differences || fail "$1, and $2 ranks: $(head -c 3000 differences)"
  rm -r struck
}
strike KILL 2 "has ended; what was done is kept: give the same command" "struck/ipc1/*/seed1/dc3.json" "${long[@]}" \
  -o struck
continues "a rank was killed in a set" 2
strike STOP 1 "has not been heard of for 2 seconds; what was done is kept" "struck/students/*.json" "${long[@]}" \
  -o struck
continues "a rank was stopped in a student" 3
DC3_LOCAL_RANKS=3 interrupt "struck/results.jsonl" "" "$tools/dc3_local" "${long[@]}" -o struck
continues "interrupted" 1

by_mpi || exit 0
"${mpi[@]}" 3 "$dc3"-mpi "${compare[@]}" --ipc 1,2 --methods random,dc3 --seeds 2 -o mpi > log 2>&1 ||
  fail "MPI: $(< log)"
diff <(timeless given) <(timeless mpi) > differences || fail "MPI: $(head -c 3000 differences)"
