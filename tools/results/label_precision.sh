#!/bin/bash
# What stored labels lose by their precision (the rule of dc3 condense --budget): label_precision.sh DATA WORK, where
# DATA has train/ with a folder per class of images whose names end in digits. Students learn from the same views of the
# same random images, whose labels are stored in several ways; images whose names end in 7 are held out and tested on.
# WORK/label_precision.txt has a row for each. It continues where it stopped.
#
# In the environment: KINDS (BITS or BITS:K, the K largest logits; default "16 8 16:3 8:3"), SIZE (pixels, default 32),
# IPC (default 10), VIEWS (of each image, default 200), SEEN (images that a student sees, default 20000), SEEDS (default
# 2), TEACHER (a file; default: a ConvNet-3 is trained for TRAINING epochs, default 2), RECIPE (default strong).
set -eu
data=$(realpath "$1") work=$2
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
size=${SIZE:-32} ipc=${IPC:-10} teacher=${TEACHER:-teacher.safetensors}
[[ $teacher == teacher.safetensors ]] || teacher=$(realpath "$teacher")
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$data"
[[ -f $teacher ]] || "$dc3" train fit --val held --arch convnet3 --epochs "${TRAINING:-2}" --size "$size" --seed 1 \
  --threads 1 -o teacher.safetensors --json > teacher.json 2>> teacher.log
cell() { # KIND SEED
  local name=${1//:/x}-$2 bits k
  IFS=: read -r bits k <<< "$1"
  [[ ! -f $name.json ]] || return 0
  "$dc3" condense fit -o "run-$2" --method random --ipc "$ipc" --size "$size" --format webp:30 --seed "$2" --threads 1 \
    --no-report -q > /dev/null
  "$dc3" label "run-$2" -o "$name.safetensors" --teacher "$teacher" --teacher-size "$size" --views "${VIEWS:-200}" \
    --bits "$bits" ${k:+--top-k "$k"} --batch 25 --seed "$2" --threads 1 -q > /dev/null
  "$dc3" evaluate "run-$2" --val held --labels stored --stored "$name.safetensors" --arch convnet3 --recipe \
    "${RECIPE:-strong}" --images-seen "${SEEN:-20000}" --seed "$2" --threads 1 -q --json -o "row-$name.json" \
    > "$name.part"
  rm "row-$name.json" && mv "$name.part" "$name.json"
}
for ((seed = 1; seed <= ${SEEDS:-2}; seed++)); do
  for kind in ${KINDS:-16 8 16:3 8:3}; do cell "$kind" "$seed"; done
done

{
  echo "bits:k seed label_bytes top1_percent"
  for row in [0-9]*-[0-9]*.json; do
    [[ -f $row ]] || continue
    name=${row%.json} kind=${row%-*}
    top1=$(sed -n 's/.*"top1": *\([0-9.]*\).*/\1/p' "$row" | head -1 | awk '{printf "%.1f", 100 * $1}')
    echo "${kind//x/:} ${name##*-} $(stat -c %s "$name.safetensors") $top1"
  done
} > label_precision.txt
cat label_precision.txt
