#!/bin/bash
# What is worth its bytes (the rule of dc3 condense --budget): budgets.sh DATA WORK [BUDGET..], where DATA has train/
# with a folder per class, such as CIFAR-10, and a BUDGET is bytes (default 30000 100000 300000). Nothing of a test set
# is used: the images whose names end in 7 are held out. For each budget and cell the set of the most images of each
# class whose files in train/ (images and metadata.jsonl) fit it is stored, and ConvNet-3 trained on it: hard labels,
# 300 epochs, batch 25. WORK/budgets.txt has a row for each. It continues where it stopped.
#
# In the environment: FORMATS (default "webp:10 webp:20 webp:30 webp:50 webp:80 png"), VIEW (pixels that students see,
# default 32), SIZES (pixels of stored images, default VIEW), SEEN (images that each student sees, in place of EPOCHS),
# RECIPE (default classic), METHOD (default random, of which sets of different sizes are
# beginnings of one order only in what they are drawn from: SEEDS average it), SEEDS (default 1), EPOCHS (default 300),
# OPTIONS (further words for dc3 condense, such as --teacher FILE). LABELS (default hard) also takes soft labels, as
# VIEWS:BITS or VIEWS:BITS:K (the K largest logits): images, metadata and labels of VIEWS views of each image by TEACHER
# fit the budget together, and a student sees each view as often as EPOCHS has it, at least once. For instance,
#     SIZES="16 20 24 28 32" FORMATS=webp:30 SEEDS=3 budgets.sh DATA WORK
#     VIEW=128 SIZES="64 96 128" FORMATS=webp:30 SEEN=10000 RECIPE=strong budgets.sh IMAGENETTE WORK 100000
#     LABELS="hard 10:16 10:8 40:8 40:8:3 160:8" FORMATS=webp:30 TEACHER=t.safetensors SEEDS=3 budgets.sh DATA WORK
#
# A student sees 300 times the images of its set, at about 2 ms each (one thread of a free EPYC, Zen 4): at 30 kB 1
# minute, at 300 kB 10; with the defaults 18 students take about an hour of one core.
set -eu
data=$(realpath "$1") work=$2; shift 2
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
budgets=("${@:-30000 100000 300000}") formats=${FORMATS:-webp:10 webp:20 webp:30 webp:50 webp:80 png}
method=${METHOD:-random} seeds=${SEEDS:-1} epochs=${EPOCHS:-300} kinds=${LABELS:-hard}
view=${VIEW:-32} sizes=${SIZES:-${VIEW:-32}} recipe=${RECIPE:-classic}
[[ -z ${TEACHER:-} ]] || teacher=$(realpath "$TEACHER")
read -ra options <<< "${OPTIONS:-}"
read -ra budgets <<< "${budgets[*]}"
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$data"

bytes() { find "$1/train" "$1"/soft_labels.safetensors -type f -printf '%s\n' 2> /dev/null |
  awk '{n += $1} END {print n}'; }
condense() { # RUN FORMAT SIZE SEED words of how many
  "$dc3" condense fit -o "$1" --fresh --format "$2" --size "$3" --method "$method" --seed "$4" --threads 1 --no-report \
    -q "${options[@]}" "${@:5}" > /dev/null
}
# The most images of each class that fit: from what one takes, and from there by what they take together.
fill() { # RUN FORMAT SIZE BUDGET SEED
  local ipc=1 next size
  while :; do
    condense "$1" "$2" "$3" "$5" --ipc $ipc
    size=$(bytes "$1")
    next=$(($4 * ipc / size))
    if ((size > $4)); then
      ((ipc == 1)) && return 1
      ((next < ipc)) || next=$((ipc - 1))
      condense "$1" "$2" "$3" "$5" --ipc $next
      (($(bytes "$1") <= $4)) && return 0
      ipc=$((next - 1))
      ((ipc > 0)) || return 1
    else
      ((next > ipc)) || return 0
      ipc=$next
    fi
  done
}
# Images with room for their labels, and the labels.
fill_both() { # RUN FORMAT SIZE BUDGET SEED VIEWS BITS K
  condense "$1" "$2" "$3" "$5" --budget "$4" --label-views "$6" --label-bits "$7" ${8:+--label-top-k "$8"} || return 1
  "$dc3" label "$1" --teacher "$teacher" --teacher-size "$view" --batch 25 --seed "$5" --threads 1 -q > /dev/null
}
cell() { # BUDGET FORMAT SIZE LABELS SEED
  local name how=(--epochs "$epochs") views bits k kind
  name=$1-${2//:/-}
  [[ $3 == "$view" ]] || name=$name@$3
  [[ $4 == hard ]] || name=$name+${4//:/x}
  name=$name-$5
  [[ ! -f $name.json ]] || return 0
  IFS=: read -r views bits k <<< "$4"
  [[ $4 == hard ]] && kind=hard || kind=stored
  if [[ ! -f $name.done ]]; then
    if [[ $4 == hard ]]; then fill "run-$name" "$2" "$3" "$1" "$5"; else
      fill_both "run-$name" "$2" "$3" "$1" "$5" "$views" "$bits" "$k"; fi || {
      echo "$1 bytes hold no image of each class as $2 of $3 px with labels $4"
      return 0
    }
    : > "$name.done"
  fi
  [[ $4 == hard ]] || how=(--epochs $(((epochs + views - 1) / views * views)))
  [[ -z ${SEEN:-} ]] || how=(--images-seen "$SEEN")
  nice -n 19 "$dc3" evaluate "run-$name" --val held --labels "$kind" --arch convnet3 "${how[@]}" --batch 25 \
    --recipe "$recipe" --size "$view" --seed "$5" --threads 1 -q --json -o "$name.row.json" > "$name.part"
  rm "$name.row.json" && mv "$name.part" "$name.json"
}
for budget in "${budgets[@]}"; do
  for ((seed = 1; seed <= seeds; seed++)); do
    for format in $formats; do
      for size in $sizes; do
        for kind in $kinds; do cell "$budget" "$format" "$size" "$kind" "$seed"; done
      done
    done
  done
done

{
  echo "budget format@size+labels seed images bytes top1_percent"
  for row in *-*-[0-9]*.json; do
    [[ -f $row ]] || continue
    name=${row%.json} rest=${row#*-}
    rest=${rest%.json}
    top1=$(sed -n 's/.*"top1": *\([0-9.]*\).*/\1/p' "$row" | head -1 | awk '{printf "%.1f", 100 * $1}')
    echo "${name%%-*} ${rest%-*} ${rest##*-} $(wc -l < "run-$name/pictures.txt") $(bytes "run-$name") $top1"
  done | sort -n -k1,1 -k2,2
} > budgets.txt
cat budgets.txt
