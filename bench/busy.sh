#!/bin/bash
# busy.sh TRAIN TEST DC3...: how long commands take alone, and beside one other process of one busy thread.
# TRAIN, TEST: folders of CIFAR-10's images; DC3: programs to compare, timed in turn. Seconds of wall clock.
set -eu
[[ $# -ge 3 ]] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
train=$1 test=$2
shift 2
folder=$(mktemp -d)
neighbour=
trap 'kill $neighbour 2> /dev/null || true; rm -rf "$folder"' EXIT
"$1" condense "$train" -o "$folder/ipc10" --method random --ipc 10 -q > /dev/null
"$1" train "$folder/ipc10/train" --arch convnet3 --epochs 1 -o "$folder/teacher.safetensors" -q > /dev/null

# timed WORDS...: runs them, and prints the seconds.
timed() {
  local start=$EPOCHREALTIME
  "$@" -q > /dev/null
  awk "BEGIN { printf \"%8.1f\", $EPOCHREALTIME - $start }"
}

# row NAME WORDS...: two rounds of each program, quiet and busy.
row() {
  local name=$1
  shift
  for state in quiet busy; do
    printf '%-28s %-6s' "$name" "$state"
    if [[ $state == busy ]]; then (while :; do :; done) & neighbour=$!; fi
    for round in 1 2; do
      for program in "${programs[@]}"; do
        rm -rf "$folder/out"*
        timed "$program" "$@"
      done
    done
    if [[ $state == busy ]]; then kill $neighbour; wait $neighbour 2> /dev/null || true; neighbour=; fi
    echo
  done
}

programs=("$@")
echo "programs in turn, twice: $*"
student=(evaluate "$folder/ipc10/train" --val "$test" --labels hard --epochs 60 --batch 10 -o "$folder/out.json")
row "student, hard labels" "${student[@]}"
row "two students" "${student[@]}" --seeds 2
row "teacher, 100 images" train "$folder/ipc10/train" --arch resnet18_modified --epochs 40 --batch 50 \
  -o "$folder/out.safetensors"
row "condense by random" condense "$train" --method random --ipc 200 -o "$folder/out"
teacher=(--teacher "$folder/teacher.safetensors" --any-teacher)
row "edits of 100 images" compensate "$folder/ipc10/train" -o "$folder/out"
row "label" label "$folder/ipc10" "${teacher[@]}" --views 40 -o "$folder/out.safetensors"
row "measure" measure "$folder/ipc10" --reference "$test" "${teacher[@]}"
