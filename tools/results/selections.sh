#!/bin/bash
# What the choices of images are worth (docs/methods.md): selections.sh DATA WORK [IPC..], where DATA, such as CIFAR-10
# or ImageNette, has train/ with a folder a class. Nothing of its test set is used: the images whose names end in 7 are
# held out, teacher and sets see the rest. WORK/selections.txt has a row for each IPC and kind of labels, and a column
# for each method or selection of dc3-select. Each step continues where it stopped; students of one thread each run side
# by side. Selections of whole images and of crops, and of mosaics of four crops, at 128 pixels:
#
#     LABELS='hard soft' WAYS='random rded paper random+crop paper+crop cao2+crop' selections.sh cifar10 work
#     SIZE=128 ARCH=resnet18 WAYS='random rded paper paper+crop paper+mosaic' selections.sh imagenette work
#
# In the environment: SEEDS (default 3), JOBS (default: processors), LABELS (default hard), WAYS (words, default
# random rded and every selection; also facility-location and log-determinant, objectives of nested; X+crop and
# X+mosaic: --crops CROPS with factor 1 and 2), CROPS (default 5), SIZE (pixels, default: the images'), ARCH (of
# teacher and students, default convnet3), SEEN (images that each student sees; default 10,000 at IPC 1, 30,000 to 10,
# 50,000 above), RECIPE (of students, default strong; with classic in batches of 10, 25 and 50), TEACHER (a file,
# default: one is trained on the images that are not held out), EPOCHS (of it, default 14), FROM (last digits of the
# names of the images that are chosen from, default 0-689).
set -eu
data=$(realpath "$1") work=$2 ipcs=${*:3}
ipcs=${ipcs:-1 10 50}
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
[[ $ipcs =~ ^[1-9][0-9]*(\ [1-9][0-9]*)*$ ]] || { echo "expected images per class, found $ipcs" >&2; exit 1; }
seeds=${SEEDS:-3} jobs=${JOBS:-$(nproc)} kinds=${LABELS:-hard}
ways=${WAYS:-random rded paper bps cao2 kmeans herding} arch=${ARCH:-convnet3} recipe=${RECIPE:-strong}
size=(${SIZE:+--size "$SIZE"})
export OMP_WAIT_POLICY=passive
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$data"
from=$(fit_part "$data" "${FROM:-}")
teacher=${TEACHER:-teacher.safetensors}
[[ -f $teacher ]] || "$dc3" train fit --val held --arch "$arch" "${size[@]}" --epochs "${EPOCHS:-14}" --seed 1 \
  -o teacher.safetensors --json > teacher.json 2>> teacher.log

# The options of a recipe for an IPC: strong has batches of its own.
recipe_of() {
  local batch=50
  (($1 > 10)) || batch=25
  (($1 > 1)) || batch=10
  echo "--recipe $recipe"
  [[ $recipe != classic ]] || echo "--batch $batch"
}
seen() {
  local images=50000
  (($1 > 10)) || images=30000
  (($1 > 1)) || images=10000
  echo "${SEEN:-$images}"
}
condense() { # WAY IPC SEED
  local how=(--method dc3-select --selection "${1%+*}")
  [[ $1 != random* && $1 != rded* ]] || how=(--method "${1%+*}")
  [[ $1 != facility-location* && $1 != log-determinant* ]] || how=(--method dc3-select --objective "${1%+*}")
  case $1 in
    *+crop) how+=(--crops "${CROPS:-5}" --factor 1) ;;
    *+mosaic) how+=(--crops "${CROPS:-5}" --factor 2) ;;
    *+*) echo "expected +crop or +mosaic, found $1" >&2; exit 1 ;;
  esac
  [[ -f runs/$1-$2-$3/dc3.json ]] && grep -q '"complete": *true' "runs/$1-$2-$3/dc3.json" && return
  "$dc3" condense "$from" -o "runs/$1-$2-$3" "${how[@]}" --ipc "$2" --teacher "$teacher" --cache features --seed "$3" \
    "${size[@]}" --no-report -q > /dev/null
}
student() { # WAY IPC LABELS SEED
  local out=scores/$2-$3-$1-$4.json
  [[ ! -f $out ]] || return 0
  # shellcheck disable=SC2046 # options are words
  "$dc3" evaluate "runs/$1-$2-$4" --val held --teacher "$teacher" --arch "$arch" "${size[@]}" --labels "$3" \
    --seed "$4" --threads 1 $(recipe_of "$2") --images-seen "$(seen "$2")" -q --json -o "$out.row.json" > "$out.part"
  rm "$out.row.json" && mv "$out.part" "$out"
}
table() {
  local ipc labels way file
  {
    printf '%-4s %-5s' IPC label
    for way in $ways; do printf ' %-18s' "$way"; done
    printf '\n'
    for ipc in $(find scores -name '*.json' -printf '%f\n' | cut -d- -f1 | sort -nu); do
      for labels in $kinds; do
        compgen -G "scores/$ipc-$labels-*.json" > /dev/null || continue
        printf '%-4s %-5s' "$ipc" "$labels"
        for way in $ways; do
          for file in scores/"$ipc-$labels-$way"-[0-9].json; do
            [[ ! -f $file ]] || grep -o '"top1": *[0-9.]*' "$file" | grep -o '[0-9.]*$'
          done | mean_and_deviation
        done
        printf '\n'
      done
    done
  } > selections.txt.part
  mv selections.txt.part selections.txt
}

mkdir -p runs scores
for ((seed = 0; seed < seeds; seed++)); do
  for ipc in $ipcs; do
    for way in $ways; do
      condense "$way" "$ipc" "$seed"
      for labels in $kinds; do
        while (($(jobs -rp | wc -l) >= jobs)); do wait -n || exit 1; done
        student "$way" "$ipc" "$labels" "$seed" &
      done
      table
    done
  done
done
while (($(jobs -rp | wc -l))); do wait -n || exit 1; done
table
cat selections.txt
