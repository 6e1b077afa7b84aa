#!/bin/bash
# What fine-tuning a backbone is worth as a teacher (docs/protocol.md): fine_tune.sh BACKBONE DATA WORK, where DATA has
# train/ and val/ (or test/) with a folder per class. EACH images of a class are trained on (default 60) and as many
# others of train/ tested on; by them alone anything is chosen. The rows whose names begin with "final" are what a user
# with EACH images has, and are tested on val/: the probe, and a fine-tuning that holds out a fifth of them.
# WORK/fine_tune.txt has a row for each training: its name, seconds of one processor, top-1 on the images held out of
# the probe and of what training made of it, which was taken, and top-1 of the result. Each training has one thread,
# JOBS (default 2) at a time; it goes on where it stopped. In the environment: EACH, SIZE (pixels, default 128), ROWS
# (names of rows, default all), EPOCHS (default 10), SEED.
set -eu
backbone=$(realpath "$1") data=$(realpath "$2") work=$3
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
export OMP_WAIT_POLICY=passive TIMEFORMAT=%U
epochs=${EPOCHS:-10} each=${EACH:-60}
val=$data/val && [[ -d $val ]] || val=$data/test
mkdir -p "$work" && cd "$work" && mkdir -p rows

# part FOLDER COUNT: links to the first images of each class, in the order of their names.
part() {
  local class
  [[ ! -d $1 ]] || return 0
  for class in "$data"/train/*/; do
    mkdir -p "making-$1/$(basename "$class")"
    find "$class" -type f | sort | head -n "$2" | xargs -d '\n' ln -s -t "making-$1/$(basename "$class")"
  done
  mv "making-$1" "$1"
}
part both $((2 * each)) && part few "$each"

# train NAME OPTIONS: one of them, with its seconds.
train() {
  local out=rows/$1 seconds; shift
  [[ ! -f $out.json ]] || return 0
  seconds=$({ time nice -n 10 "$dc3" train "$@" --size "${SIZE:-128}" --threads 1 --seed "${SEED:-0}" --json \
    -o "$out.safetensors" > "$out.part" 2> "$out.log"; } 2>&1 | tail -1)
  [[ -s $out.part ]] || { tail -3 "$out.log" >&2; return 1; }
  echo "$seconds" > "$out.seconds" && mv "$out.part" "$out.json"
}
# row NAME OPTIONS: beside others, where it is wanted.
row() {
  [[ -z ${ROWS:-} || " $ROWS " == *" $1 "* ]] || return 0
  while (($(jobs -pr | wc -l) >= ${JOBS:-2})); do wait -n || true; done
  train "$@" &
}
probe=(--backbone "$backbone" --cache embeddings)
tune=("${probe[@]}" --fine-tune --test-every 1000 --epochs "$epochs")
half=(both --hold-out 0.5)
train probe "${half[@]}" "${probe[@]}"
for lr in 5e-5 1e-4 2e-4 5e-4 1e-3; do row "adamw-$lr" "${half[@]}" "${tune[@]}" --lr $lr; done
for lr in 1e-3 5e-3 2e-2; do row "sgd-$lr" "${half[@]}" "${tune[@]}" --optimizer sgd --lr $lr; done
# From the same probe as from any weights: the batches' own statistics, small crops, one rate, no choice.
for lr in 1e-3 1e-2 1e-1; do
  row "init-$lr" "${half[@]}" --init rows/probe.safetensors --epochs "$epochs" --batch 32 --lr $lr --test-every 1000
done
row final-probe few --val "$val" "${probe[@]}"
row final few --val "$val" "${tune[@]}"
wait
for row in rows/*.json; do
  name=$(basename "$row" .json)
  of() { sed -n 's/.*"'"$1"'": "\{0,1\}\([^",}]*\).*/\1/p' "$row" | head -1; }
  echo "$name $(< "rows/$name.seconds") $(of probe_top1) $(of tuned_top1) $(of result) $(of top1)"
done | tee fine_tune.txt
