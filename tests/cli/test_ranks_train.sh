#!/bin/bash
# dc3 train by several ranks: the weights are those of one process for every number of them, also where another number
# continues; the number of replicas is a setting; a lost rank is named.
source "$2/tests/cli/ranks.sh"
gradual train 24 && gradual val 6
quick=(train train --val val --size 32 --threads 1 --epochs 2 --batch 16 --seed 3)
alike() { # NAME NUMBERS OPTIONS...: by one process and by so many ranks
  local name=$1 n; local -a numbers; read -ra numbers <<< "$2"; shift 2
  "$dc3" "${quick[@]}" "$@" -o "$name" > log 2>&1 || fail "$*: $(< log)"
  for n in "${numbers[@]}"; do
    ranks $n "${quick[@]}" "$@" -o "$name-$n" > log-$n 2>&1 || fail "$*, $n ranks: $(< log-$n)"
    cmp "$name" "$name-$n" || fail "$*: weights by $n ranks"
    [[ $(grep "^epoch" log) == "$(grep "^epoch" log-$n)" ]] || fail "$*, $n ranks tell: $(< log-$n)"
    [[ ! -e $name-$n.checkpoint ]] || fail "the checkpoint is left"
  done
}
alike four "2 3 4" --replicas 4
alike five "2 3" --replicas 5 --optimizer adamw --arch mobilenet_v2 --epochs 1
alike fast 3 --replicas 4 --fast --epochs 1 --batch 24
cmp -s four five && fail "another network has the same weights"
# What replicas change: batch norms see a part. One replica is what there was before.
"$dc3" "${quick[@]}" -o one > log 2>&1 || fail "$(< log)"
"$dc3" "${quick[@]}" --replicas 1 -o one-again > log 2>&1 || fail "$(< log)"
cmp one one-again || fail "--replicas 1"
cmp -s one four && fail "four replicas do what one does"
# Images that cannot be read, of which each rank sees its own, are told once.
cp -r train holes; echo "no image" > holes/red/7.png
"$dc3" train holes --size 80 "${quick[@]:6}" --epochs 1 --arch convnet3 --replicas 3 -o holes-one > log 2>&1 ||
  fail "$(< log)"
ranks 3 train holes --size 80 "${quick[@]:6}" --epochs 1 --arch convnet3 --replicas 3 -o holes-3 > log-3 2>&1 ||
  fail "$(< log-3)"
cmp holes-one holes-3 || fail "with an image that cannot be read"
[[ $(grep -c "skipped: red/7.png" log-3) == 1 ]] || fail "not told once: $(< log-3)"
# What is noted of images that do not fit the memory, of which each rank reads its own, is told of all; so it is of
# those whose views are labelled.
for ((i = 0; i < 300; i++)); do # two in a file, of zeros
  mkdir -p wide/$((i % 2))
  for _ in 1 2; do
    echo "P6 690 690 255" >> wide/$((i % 2))/$i.ppm
    truncate -s +$((3 * 690 * 690)) wide/$((i % 2))/$i.ppm
  done
done
"$tools/make_teacher" two.safetensors 2 16 || fail "make_teacher"
if ! grep -q __asan_init "$dc3"; then
  for command in "298 train wide -o wide.safetensors --size 80 --arch convnet3 --epochs 1 --batch 16 --replicas 2" \
    "300 label wide -o labels.safetensors --teacher two.safetensors --any-teacher --views 1"; do
    read -ra words <<< "$command"
    expect 0 "note: ${words[0]} images (the first is 0/0.ppm): there are several frames" \
      bash -c 'ulimit -v 1049600; exec "$@"' _ env DC3_LOCAL_RANKS=2 "$tools/dc3_local" "${words[@]:1}" --threads 1
  done
fi

# Bad input.
expect 2 "--replicas: expected one for each of the 3 ranks or more, best a multiple, found 1" ranks 3 "${quick[@]}" -o x
expect 2 "--replicas: expected at least two images of a batch for each, found 9 of 16" "$dc3" "${quick[@]}" \
  --replicas 9 -o x
expect 2 "--replicas: expected 1 to 1024" "$dc3" "${quick[@]}" --replicas 0 -o x
"$tools/make_teacher" backbone.safetensors 2 || fail "make_teacher"
expect 2 "--backbone: works with one rank, found 2" ranks 2 "${quick[@]:0:8}" --backbone backbone.safetensors -o x
expect 2 "--replicas: with --backbone there is one" "$dc3" "${quick[@]:0:8}" --backbone backbone.safetensors \
  --replicas 2 -o x
[[ $(grep -c "^dc3: " <<< "$output") == 1 ]] || fail "told by each rank: $output"
expect 0 "estimate" ranks 2 "${quick[@]}" --replicas 2 --dry-run

# Lost ranks and an interruption: the checkpoint of another number of ranks continues.
long=("${quick[@]}" --size 16 --epochs 50 --test-every 50 --replicas 3)
"$dc3" "${long[@]}" -o long > log 2>&1 || fail "$(< log)"
continues() { # WHAT N
  [[ -f struck.checkpoint && ! -e struck ]] || fail "$1: nothing to continue"
  expect 1 "a training with other settings was interrupted here (replicas" ranks 2 "${long[@]}" --replicas 2 -o struck
  expect 0 "resuming after step" ranks "$2" "${long[@]}" -o struck
  cmp long struck || fail "$1, and $2 ranks"
  rm struck
}
strike KILL 1 "has ended; what was done is kept: give the same command" struck.checkpoint "${long[@]}" -o struck
continues "a rank was killed" 2
strike STOP 2 "has not been heard of for 2 seconds; what was done is kept" struck.checkpoint "${long[@]}" -o struck
continues "a rank was stopped" 1
DC3_LOCAL_RANKS=3 interrupt struck.checkpoint "" "$tools/dc3_local" "${long[@]}" -o struck
continues "interrupted" 3

by_mpi || exit 0
# Settings that differ are refused before images are read, of which one cannot be.
echo '[[ $OMPI_COMM_WORLD_RANK == 1 ]] && set -- "$@" --seed 9; exec "$@"' > other.sh
expect 1 'has "seed: 9", and rank 0 "seed: 3"; expected the same on all ranks' \
  "${mpi[@]}" 2 bash other.sh "$dc3"-mpi train holes "${quick[@]:2}" --replicas 2 -o differ
[[ $output != *skipped* && ! -e differ ]] || fail "ranks that do not agree read images: $output"
expect 0 "trained for 2 epochs" "${mpi[@]}" 3 "$dc3"-mpi "${quick[@]}" --replicas 4 -o by-mpi
cmp four by-mpi || fail "MPI"
