#!/bin/bash
# Several ranks, here processes that are joined by sockets (dc3_local) and, where mpirun is there, by MPI: the dataset
# is that of one rank for every number of them, also where a run was interrupted and another number continues it; a
# rank that dies or says nothing is named, and the same command continues; what one rank does alone is refused.
source "$2/tests/cli/ranks.sh"
gradual data 24
echo "no image" > data/red/25.png
tiny_editor tiny
"$tools/make_teacher" two.safetensors 2 || fail "make_teacher"
given=(--editor tiny "${common[@]}")
condense=(condense data "${given[@]}" --ipc 3 --teacher two.safetensors --any-teacher)

# The same bytes, with pieces from the teacher and the editor.
expect 0 "6 images stored, 36 edits made" "$dc3" "${condense[@]}" -o one
for n in 1 2 3 5; do
  expect 0 "6 images stored, 36 edits made" ranks $n "${condense[@]}" -o by-$n
  [[ $output != *"rank 0 could do it"* ]] || fail "$n ranks, of which none can read an image: $output"
  same_run one by-$n > differences || fail "$n ranks: $(< differences)"
done
[[ ! -e by-3/.rank-0 && ! -e by-3/.rank-2 ]] || fail "what the ranks tried the folder with is left"
# With a teacher that rank 0 trains; by crops that it chooses; without an editor.
for way in "--ipc 2 --teacher-epochs 1" "--ipc 2 --teacher two.safetensors --any-teacher --crops 2" \
  "--ipc 2 --method herding --teacher two.safetensors --any-teacher" "--budget 3kB --teacher none"; do
  read -ra words <<< "$way"
  "$dc3" condense data -o way-1 --fresh "${given[@]}" "${words[@]}" > log 2>&1 || fail "$way: $(< log)"
  ranks 3 condense data -o way-3 --fresh "${given[@]}" "${words[@]}" > log 2>&1 || fail "$way, 3 ranks: $(< log)"
  same_run way-1/train way-3/train > differences || fail "$way: $(< differences)"
done
# The other commands that are shared.
for n in 1 3; do
  expect 0 "" ranks $n bins data -o bins-$n.jsonl "${given[@]:0:6}" --bins 2
  expect 0 "" ranks $n select data -o chosen-$n.jsonl "${given[@]:0:6}" --ipc 2
  expect 0 "stored" ranks $n compensate data --list chosen-1.jsonl -o compensated-$n "${given[@]}"
done
for n in 1 2 3; do
  expect 0 "5 views of each of 6 images labelled" ranks $n label one --teacher two.safetensors --any-teacher \
    --threads 1 --views 5 -o labels-$n.safetensors
done
cmp bins-1.jsonl bins-3.jsonl || fail "bins"
cmp chosen-1.jsonl chosen-3.jsonl || fail "select"
cmp labels-1.safetensors labels-2.safetensors && cmp labels-1.safetensors labels-3.safetensors || fail "label"
same_run compensated-1 compensated-3 > differences || fail "compensate: $(< differences)"

# What is noted of the images that ranks read is told of all of them, also where features are there already.
pages paged 100
for n in 1 2 3; do
  ranks $n condense paged -o paged-$n "${given[@]}" --ipc 2 --teacher none --cache features > log-$n 2>&1 ||
    fail "$(< log-$n)"
  said log-$n | grep -q "^note: 200 images (the first is blue/1.ppm): " || fail "$n ranks note: $(< log-$n)"
done

# Failures of one rank's kind are told once, and as they are.
expect 2 "info works with one rank, found 3; of several ranks take: condense, bins, select, compensate, label, " \
  ranks 3 info one
expect 2 "--search: works with one rank" ranks 2 condense data -o no --budget 9kB --search "${given[@]}"
expect 1 "nothing: expected a dataset" ranks 3 condense nothing -o no "${given[@]}"
[[ $(grep -c nothing <<< "$output") == 1 && ! -e no ]] || fail "told by each rank: $output"
expect 1 "data/red/25.png" ranks 3 "${condense[@]}" -o strict --strict
expect 1 "DC3_SILENCE: expected 1 to 86400 seconds, found 'x'" env DC3_SILENCE=x \
  "$tools/dc3_local" info one

# A rank is lost, and another number of ranks continues.
long=(condense data "${given[@]}" --ipc 12 --teacher none)
expect 0 "24 images stored" "$dc3" "${long[@]}" -o long
lose() { # signal, rank, text
  rm -rf struck
  strike "$@" "struck/calibration/*.png" "${long[@]}" -o struck
  expect 0 "24 images stored" ranks 2 "${long[@]}" -o struck
  same_run long struck > differences || fail "$1 and 2 ranks: $(< differences)"
}
lose KILL 2 "has ended; what was done is kept: give the same command again"
lose STOP 1 "has not been heard of for 2 seconds; what was done is kept"
# So with the other commands, of which some keep what was done.
pages many 1500
dead="has ended; what was done is kept: give the same command again"
for command in bins "select --ipc 2"; do
  read -ra words <<< "$command"
  strike KILL 1 "$dead" "says: features: " "${words[0]}" many "${given[@]:0:6}" --feature-size 64 "${words[@]:1}" \
    -o struck.jsonl
  [[ ! -e struck.jsonl ]] || fail "$command: a file of what is not known"
done
labels=(label one --teacher two.safetensors --any-teacher --threads 1 --views 12000)
expect 0 "" "$dc3" "${labels[@]}" -o labels.safetensors
strike KILL 2 "$dead" "says: labels: " "${labels[@]}" -o struck.safetensors
[[ -f struck.safetensors.checkpoint ]] || fail "no label is kept where a rank was killed"
expect 0 "" ranks 2 "${labels[@]}" -o struck.safetensors
cmp labels.safetensors struck.safetensors || fail "labels, a rank was killed, and 2 ranks"
expect 0 "" "$dc3" select data -o chosen.jsonl "${given[@]:0:6}" --ipc 12
edits=(compensate data --list chosen.jsonl "${given[@]}" --steps 20)
expect 0 "24 images stored" "$dc3" "${edits[@]}" -o edited
strike KILL 1 "$dead" "struck-edits/train/*/*" "${edits[@]}" -o struck-edits
expect 0 "24 images stored" ranks 2 "${edits[@]}" -o struck-edits
same_run edited struck-edits > differences || fail "compensate, a rank was killed, and 2 ranks: $(< differences)"
# Interrupted by the user.
rm -rf struck
DC3_LOCAL_RANKS=3 interrupt "struck/calibration/*.png" "" "$tools/dc3_local" "${long[@]}" -o struck
touch data/*/*.png # rank 0 knows what others read by its bytes, too
expect 0 "24 images stored" ranks 5 "${long[@]}" -o struck
[[ $output != *"the images are not those"* ]] || fail "images that others read are taken for others: $output"
same_run long struck > differences || fail "interrupted and 5 ranks: $(< differences)"

by_mpi || exit 0
for word in --version "condense --help" "help label"; do # all ranks leave as MPI asks them to
  # shellcheck disable=SC2086 # words
  output=$("${mpi[@]}" 2 "$dc3"-mpi $word 2> log) && [[ ! -s log && $output == "$("$dc3" $word)" ]] ||
    fail "MPI: $word: $output $(< log)"
done
expect 0 "6 images stored, 36 edits made" "${mpi[@]}" 3 "$dc3"-mpi "${condense[@]}" -o by-mpi
same_run one by-mpi > differences || fail "MPI: $(< differences)"
# A rank that cannot read what rank 0 can, here all images, which are found by where the process is; the script is each
# rank's program. Rank 0 does what that one cannot.
mkdir -p {seen,elsewhere}/data/{red,blue}
for image in data/*/*.png; do
  ln -s "/proc/self/cwd/$image" "seen/$image"
  echo "no image" > "elsewhere/$image"
done
echo '[[ $OMPI_COMM_WORLD_RANK == 1 ]] && cd elsewhere; exec "$@"' > blind.sh
blind=(condense "$PWD/seen/data" "${condense[@]:2}" -o "$PWD/blind")
for ((i = 0; i < ${#blind[@]}; i++)); do [[ -e ${blind[i]} ]] && blind[i]=$(realpath "${blind[i]}"); done
expect 0 "6 images stored, 36 edits made" "${mpi[@]}" 2 bash blind.sh "$dc3"-mpi "${blind[@]}"
same_run one/train blind/train > differences || fail "a rank that cannot read: $(< differences)"
# Ranks that work on something else.
echo '[[ $OMPI_COMM_WORLD_RANK == 1 ]] && set -- "$@" --seed 9; exec "$@"' > other.sh
expect 1 'has "seed: "9"", and rank 0 "seed: "0""; expected the same on all ranks' \
  "${mpi[@]}" 2 bash other.sh "$dc3"-mpi "${condense[@]}" -o no
[[ ! -e no ]] || fail "ranks that do not agree make a folder"
