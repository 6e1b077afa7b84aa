#!/bin/bash
# Which quality is worth its bytes on CIFAR-10 (the rule of dc3 condense --budget): budgets.sh CIFAR WORK [BUDGET..],
# where CIFAR has train/ with a folder per class and a BUDGET is bytes (default 30000 100000 300000). Nothing of
# CIFAR's test set is used: the images whose names end in 7 are held out. For each budget and format the set of the
# most images of each class whose files in train/ (images and metadata.jsonl) fit it is stored, and ConvNet-3 trained
# on it: hard labels, 300 epochs, batch 25. WORK/budgets.txt has a row for each. It continues where it stopped.
#
# In the environment: FORMATS (default "webp:10 webp:20 webp:30 webp:50 webp:80 png"), METHOD (default random, of
# which sets of different sizes are beginnings of one order only in what they are drawn from: SEEDS average it), SEEDS
# (default 1), EPOCHS (default 300), OPTIONS (further words for dc3 condense, such as --teacher FILE).
#
# A student sees 300 times the images of its set, at about 2 ms each (one thread of a free EPYC, Zen 4): at 30 kB 1
# minute, at 300 kB 10; with the defaults 18 students take about an hour of one core.
set -eu
cifar=$(realpath "$1") work=$2; shift 2
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
budgets=("${@:-30000 100000 300000}") formats=${FORMATS:-webp:10 webp:20 webp:30 webp:50 webp:80 png}
method=${METHOD:-random} seeds=${SEEDS:-1} epochs=${EPOCHS:-300}
read -ra options <<< "${OPTIONS:-}"
read -ra budgets <<< "${budgets[*]}"
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$cifar"

bytes() { find "$1/train" -type f -printf '%s\n' | awk '{n += $1} END {print n}'; }
store() { # RUN FORMAT IPC SEED
  "$dc3" condense fit -o "$1" --fresh --format "$2" --ipc "$3" --method "$method" --seed "$4" --threads 1 --no-report \
    -q "${options[@]}" > /dev/null
}
# The most images of each class that fit: from what one takes, and from there by what they take together.
fill() { # RUN FORMAT BUDGET SEED
  local ipc=1 next size
  while :; do
    store "$1" "$2" "$ipc" "$4"
    size=$(bytes "$1")
    next=$(($3 * ipc / size))
    if ((size > $3)); then
      ((ipc == 1)) && return 1
      ((next < ipc)) || next=$((ipc - 1))
      store "$1" "$2" "$next" "$4"
      (($(bytes "$1") <= $3)) && return 0
      ipc=$((next - 1))
      ((ipc > 0)) || return 1
    else
      ((next > ipc)) || return 0
      ipc=$next
    fi
  done
}
for budget in "${budgets[@]}"; do
  for ((seed = 1; seed <= seeds; seed++)); do
    for format in $formats; do
      name=$budget-${format//:/-}-$seed
      [[ ! -f $name.json ]] || continue
      if [[ ! -f $name.done ]]; then
        fill "run-$name" "$format" "$budget" "$seed" || {
          echo "$budget bytes hold no image of each class as $format"
          continue
        }
        : > "$name.done"
      fi
      nice -n 19 "$dc3" evaluate "run-$name" --val held --labels hard --arch convnet3 --epochs "$epochs" --batch 25 \
        --seed "$seed" --threads 1 -q --json -o "$name.row.json" > "$name.part"
      rm "$name.row.json" && mv "$name.part" "$name.json"
    done
  done
done

{
  echo "budget format seed images bytes top1_percent"
  for row in *-*-[0-9]*.json; do
    [[ -f $row ]] || continue
    name=${row%.json} rest=${row#*-}
    rest=${rest%.json}
    top1=$(sed -n 's/.*"top1": *\([0-9.]*\).*/\1/p' "$row" | head -1 | awk '{printf "%.1f", 100 * $1}')
    echo "${name%%-*} ${rest%-*} ${rest##*-} $(wc -l < "run-$name/pictures.txt") $(bytes "run-$name") $top1"
  done | sort -n -k1,1 -k2,2
} > budgets.txt
cat budgets.txt
