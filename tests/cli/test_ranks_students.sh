#!/bin/bash
# dc3 evaluate by several ranks, a student each at a time: scores, what is printed and the report are those of one
# process for every number of ranks, but for times; also where another number continues; a lost rank is named.
source "$2/tests/cli/ranks.sh"
gradual train 24 && gradual val 24
"$tools/make_teacher" two.safetensors 2 16 || fail "make_teacher"
DC3_MODELS=none "$dc3" condense train -o set --ipc 4 --method random --size 16 --threads 1 > log 2>&1 || fail "$(< log)"
evaluate=(evaluate set --val val --threads 1 --dtype f32 --any-teacher --size 16)
# timeless FILE: without what holds times.
timeless() { sed -E 's/"(seconds|date|seconds_[a-z]*)": *[^,}]*/"\1"/g; s/[0-9.]+ s\)/s)/; s/ +[0-9]+$//' "$1"; }
# alike NAME HOW COMMAND...: by one process and by 1, 2, 3 ranks: the output, as a table ("") or as JSON, or both, and
# the scores.
alike() {
  local name=$1 n how ways by; IFS=, read -ra ways <<< "$2"; shift 2
  for how in "${ways[@]}"; do
    for n in 0 1 2 3; do
      rm -f scores.json
      by=(ranks $n) && ((!n)) && by=("$dc3")
      "${by[@]}" "$@" $how -o scores.json > out 2> log || fail "$name, $n ranks: $(< log)"
      for file in out scores.json; do timeless $file > "$name$how-$file-$n"; done
      for file in out scores.json; do
        cmp "$name$how-$file-0" "$name$how-$file-$n" || fail "$name: $file of $n ranks: $(< $file)"
      done
      [[ ! -e set/students ]] || fail "$name, $n ranks: students of a finished command are left"
    done
  done
}
alike soft ,--json "${evaluate[@]}" --teacher two.safetensors --seeds 4 --epochs 3
alike hard --json "${evaluate[@]}" --labels hard --arch convnet3,convnet4 --seeds 2 --epochs 2
expect 0 "5 views of each of 8 images labelled" "$dc3" label set --teacher two.safetensors --any-teacher --threads 1 \
  --views 5
alike stored --json "${evaluate[@]}" --labels stored --seeds 3 --epochs 5
# A dataset that is no run's, and a student that fails on every rank: told once.
alike folder --json evaluate train --val val --threads 1 --dtype f32 --size 16 --labels hard --seeds 2 --epochs 1
expect 2 "the teacher, a convnet3, takes 16 pixels only, found 40" ranks 3 "${evaluate[@]}" --epochs 1 --size 40 \
  --teacher two.safetensors
for more in "" --dry-run; do
  expect 2 "--minutes: works with one rank, found 2" ranks 2 "${evaluate[@]}" --labels hard --minutes 1 $more
done
expect 0 "estimate" ranks 3 "${evaluate[@]}" --labels hard --arch convnet3,convnet4 --seeds 4 --dry-run
expect 1 "nothing" ranks 3 evaluate nothing --val val --labels hard

# The page, of scores by one process and by three ranks.
score=("${evaluate[@]}" --teacher two.safetensors --seeds 3 --epochs 4)
page() { # NAME: the page of the scores as they are
  expect 0 "" "$dc3" report set
  sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:]*Z?//g; s/"(seconds|date)":[^,}]*//g; s/[0-9.]+ (s|min)\b//g' \
    set/report.html > "$1"
  rm set/scores.json
}
"$dc3" "${score[@]}" > log 2>&1 || fail "$(< log)"
cp set/scores.json one.json && page page-1
ranks 3 "${score[@]}" > log 2>&1 || fail "$(< log)"
cp set/scores.json three.json && page page-3
diff <(timeless one.json) <(timeless three.json) || fail "scores of 3 ranks"
diff page-1 page-3 > differences || fail "the page of 3 ranks: $(head -c 2000 differences)"

# Lost ranks and an interruption, with some students finished and others not.
long=("${evaluate[@]}" --teacher two.safetensors --seeds 6 --epochs 30)
"$dc3" "${long[@]}" -o long.json > log 2>&1 || fail "$(< log)"
continues() { # WHAT N: so many ranks end what began
  local finished
  finished=$(find set/students -name '*.json' | wc -l)
  ((finished)) || fail "$1: no student is kept"
  expect 0 "was finished by an earlier command" ranks "$2" "${long[@]}" -o again.json
  diff <(timeless long.json) <(timeless again.json) || fail "$1: other scores"
  rm again.json
}
strike KILL 2 "has ended; what was done is kept: give the same command again" "set/students/*.json" "${long[@]}" \
  -o again.json
continues "a rank was killed" 2
strike STOP 1 "has not been heard of for 2 seconds; what was done is kept" "set/students/*.json" "${long[@]}" \
  -o again.json
continues "a rank was stopped" 3
DC3_LOCAL_RANKS=3 interrupt "set/students/*.json" "" "$tools/dc3_local" "${long[@]}" -o again.json
continues "interrupted" 1

by_mpi || exit 0
echo '[[ $OMPI_COMM_WORLD_RANK == 1 ]] && set -- "$@" --epochs 9; exec "$@"' > other.sh
for more in "" --dry-run; do
  expect 1 'has "epochs: 9", and rank 0 "epochs: 4"; expected the same on all ranks' \
    "${mpi[@]}" 2 bash other.sh "$dc3"-mpi "${score[@]}" -o differ.json $more
done
[[ ! -e differ.json ]] || fail "ranks that do not agree write scores"
"${mpi[@]}" 3 "$dc3"-mpi "${score[@]}" -o mpi.json > log 2>&1 || fail "MPI: $(< log)"
diff <(timeless one.json) <(timeless mpi.json) || fail "scores by MPI"
