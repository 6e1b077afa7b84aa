#!/bin/bash
# What dc3's settings do on CIFAR-10: ablations.sh CIFAR WORK, where CIFAR has train/ with a folder per class. Nothing
# of CIFAR's test set is used: a tenth of train (the images whose names end in 7) is held out, and the rest is what the
# teacher and the condensations see. WORK/ablations.txt has a line for each setting and IPC: mean and deviation in per
# cent, and the number of seeds. Each step continues where it stopped. About two hours on two cores; an IPC (1 or 10) as
# third argument runs that alone.
set -eu
cifar=$1 work=$2 only=${3:-}
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
[[ $only =~ ^(|1|10)$ ]] || { echo "expected IPC 1 or 10, found $only" >&2; exit 1; }
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$cifar"
[[ -f teacher.safetensors ]] || "$dc3" train fit --val held --arch convnet3 --epochs 14 --test-every 7 --seed 1 \
  -o teacher.safetensors --json > teacher.json 2>> teacher.log

# score NAME IPC LABELS SEED OPTIONS...: a condensation and its student, with one line of JSON.
score() {
  local run=runs/$1-$2-$4 out=scores/$1-$2-$3-$4.json ipc=$2 labels=$3 seed=$4
  shift 4
  mkdir -p runs scores
  if [[ ! -f $out ]]; then
    "$dc3" condense fit -o "$run" --ipc "$ipc" --teacher teacher.safetensors --cache features --seed "$seed" \
      --no-report -q "$@"
    "$dc3" evaluate "$run" --val held --teacher teacher.safetensors --arch convnet3 --labels "$labels" --seed "$seed" \
      --recipe classic --seeds 1 -q --json > "$out.part"
    mv "$out.part" "$out"
  fi
  table
}
table() {
  local file name
  for file in scores/*-0.json; do
    name=${file%-0.json}
    printf '%-28s%s\n' "${name#scores/}" "$(cat "$name"-[0-9].json | grep -o '"top1": *[0-9.]*' |
      grep -o '[0-9.]*$' | mean_and_deviation)"
  done > ablations.txt.part
  mv ablations.txt.part ablations.txt
}
paper=(--compensation random)
settings() { # what is done with each setting: "$@" NAME OPTIONS...
  "$@" select --method dc3-select
  "$@" dc3 "${paper[@]}"
  "$@" guidance-0.5 --guidance 0.5 "${paper[@]}"
  "$@" combine-random --combine random "${paper[@]}"
  "$@" combine-fourfold --combine fourfold "${paper[@]}"
  "$@" detail-edit --detail edit "${paper[@]}"
  "$@" prompts-mild --prompts mild.txt "${paper[@]}"
  "$@" guidance-2 --guidance 2 "${paper[@]}"
  "$@" combine-grid --combine grid "${paper[@]}"
  "$@" jitter --method jitter
  "$@" grayscale --method grayscale
}
printf 'warm: daylight\nwarm: vivid colors\ncold: rainy\ncold: snowy\n' > mild.txt
at_1() { score "$1" 1 soft "$seed" "${@:2}"; score "$1" 1 hard "$seed" "${@:2}"; }
at_10() { score "$1" 10 soft "$seed" "${@:2}"; }
if [[ $only != 10 ]]; then
  for seed in 0 1 2 3 4; do settings at_1; done
fi
if [[ $only != 1 ]]; then
  for seed in 0 1 2; do
    settings at_10
    at_10 select-bins-1 --method dc3-select --bins 1
    at_10 select-bins-5 --method dc3-select --bins 5
  done
fi
