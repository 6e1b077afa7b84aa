#!/bin/bash
# dc3 measure by several ranks: what is printed is that of one process for every number of ranks, byte for byte; what
# cannot be read is skipped once; a lost rank is named.
source "$2/tests/cli/ranks.sh"
gradual train 24 && gradual other 20 && pages noted 300
"$tools/make_teacher" two.safetensors 2 || fail "make_teacher"
DC3_MODELS=none "$dc3" condense train -o set --ipc 4 --method random --size 32 --threads 1 > log 2>&1 || fail "$(< log)"
echo "no image" > other/red/20.png
teacher=(--teacher two.safetensors --any-teacher)
alike() { # NUMBERS COMMAND...: by one process and by so many ranks
  local n; local -a numbers; read -ra numbers <<< "$1"; shift
  "$dc3" "$@" > one 2> log || fail "$*: $(< log)"
  for n in "${numbers[@]}"; do
    ranks $n "$@" > out 2> log-$n || fail "$*, $n ranks: $(< log-$n)"
    cmp one out || fail "$*: $n ranks print $(head -c 2000 out)"
    diff <(said log) <(said log-$n) > differences || fail "$*, $n ranks say: $(< differences)"
  done
}
alike "2" measure train other set --threads 1 --per-class
alike "3" measure noted --threads 1
said log | grep -q "note: 600 images (the first is " || fail "what is noted of images: $(< log)"
DC3_MODELS=none "$dc3" condense noted -o noted-set --ipc 200 --method random --size 8 --threads 1 > log 2>&1 ||
  fail "$(< log)"
alike "2" measure noted-set --threads 1
said log | grep -q "note: 400 images (the first is " || fail "what is noted of originals: $(< log)"
alike "1 2 3 5" measure train other set --threads 1 "${teacher[@]}" --json
alike "3" measure other set --training train --threads 1 "${teacher[@]}" --coverage --json
expect 1 "other/red/20.png" ranks 3 measure train other --threads 1 --strict
[[ $(grep -c "20.png" <<< "$output") == 1 ]] || fail "told by each rank: $output"
expect 0 "estimate" ranks 2 measure train other --threads 1 --dry-run

# A rank is lost, with more to do than it may be silent for; there is nothing to continue.
for class in red blue; do
  mkdir -p large/$class
  "$make" large/$class/1.png 300 200 110 60 80 || fail "make_image"
done
several large lasting 1500 1
for how in "KILL 1 has ended; what was done is kept: give the same command" "STOP 2 has not been heard of for 2 seconds"
do
  read -r signal rank text <<< "$how"
  strike "$signal" "$rank" "$text" "says: images: " measure set lasting --threads 1 "${teacher[@]}"
done

by_mpi || exit 0
"$dc3" measure train set --threads 1 "${teacher[@]}" --json > one 2> log || fail "$(< log)"
"${mpi[@]}" 3 "$dc3"-mpi measure train set --threads 1 "${teacher[@]}" --json > out 2> log || fail "MPI: $(< log)"
cmp one out || fail "MPI"
several train many 700 24
# A rank that does not see the originals, by where its process is, ends the run if it is there in time; the part of one
# that cannot read them is rank 0's.
DC3_MODELS=none "$dc3" condense many -o big --ipc 300 --method random --size 32 --threads 1 --no-report > log 2>&1 ||
  fail "$(< log)"
sed -i 's|"data": *"[^"]*"|"data": "/proc/self/cwd/many"|' big/dc3.json
echo '[[ $OMPI_COMM_WORLD_RANK == 1 ]] && cd elsewhere; exec "$@"' > apart.sh
apart=("${mpi[@]}" 2 bash apart.sh "$dc3"-mpi measure "$work/big" --threads 1 --json)
"$dc3" measure "$work/big" --threads 1 --json > one 2> log || fail "$(< log)"
grep -q ssim one || fail "the originals are not compared: $(< one)"
mkdir elsewhere
if "${apart[@]}" > out 2> log; then
  cmp one out || fail "originals that one rank does not see: $(< out)"
else
  grep -q "big: its originals are not found here, and found by rank 0" log || fail "$(< log)"
fi
mkdir -p elsewhere/many/{red,blue}
for image in many/*/*.png; do
  head -c "$(stat -c %s "$image")" /dev/zero > "elsewhere/$image" && touch -r "$image" "elsewhere/$image"
done
for _ in 1 2 3; do # rank 0 may have done all of it before the other one is there
  "${apart[@]}" > out 2> log || fail "originals that one rank cannot read: $(< log)"
  cmp one out || fail "originals that one rank cannot read: $(< out)"
  grep -q "^warning: rank 1 (process .*; rank 0 could do it" log && break
done || fail "that one rank could not read originals is not told: $(< log)"
