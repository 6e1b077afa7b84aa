#!/bin/bash
# Which teacher a run should train for itself on few small images (docs/protocol.md): own_teacher.sh CIFAR WORK, where
# CIFAR has train/ with a folder per class, of images whose names end in digits. WORK/own_teacher.txt has a row for each
# training: images, recipe, epochs, seconds of one processor, top-1 of 2,000 held-out images. Nothing of the test set is
# used. All trainings of as many images run at once, a thread each, so that their seconds compare; it goes on where it
# stopped. In the environment: SIZES (default "1000 5000"), USUAL and FAST (epochs, default "20" and "5 8 12 20"), SEED.
set -eu
cifar=$(realpath "$1") work=$2
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
export OMP_WAIT_POLICY=passive TIMEFORMAT=%U
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work" && mkdir -p rows
split_train "$cifar" '[0-3]7'

# images N: a folder of links to so many of them, as many of each class.
images() {
  local class name ending
  case $1 in
    1000) ending='[05]0' ;; 5000) ending=0 ;; 20000) ending='[0246]' ;;
    *) echo "no set of $1" >&2; exit 1 ;;
  esac
  [[ -d of-$1 ]] && return
  for class in fit/*/; do
    name=$(basename "$class")
    mkdir -p "part-$1/$name" && find "$PWD/$class" -name "*$ending.*" -exec cp -P -t "part-$1/$name" {} +
  done
  mv "part-$1" "of-$1"
}
# row N RECIPE EPOCHS OPTIONS: a training, and its line.
row() {
  local n=$1 epochs=$3 out=rows/$1-$2-$3 seconds; shift 3
  [[ ! -f $out.json ]] || return 0
  seconds=$({ time "$dc3" train "of-$n" --val held --size 32 --epochs "$epochs" --test-every 1000 --threads 1 \
    --seed "${SEED:-0}" --json -q "$@" -o "$out.safetensors" > "$out.part"; } 2>&1 | tail -1)
  echo "$seconds" > "$out.seconds"
  mv "$out.part" "$out.json" && rm -f "$out.safetensors"
}
for n in ${SIZES:-1000 5000}; do
  images "$n"
  batch=$((n / 16)) && [[ $batch -le 128 ]] || batch=128
  for epochs in ${USUAL-20}; do
    row "$n" convnet3 "$epochs" --arch convnet3 --batch $batch --lr "$(awk "BEGIN { print 0.1 * $batch / 128 }")" &
  done
  for epochs in ${FAST-5 8 12 20}; do row "$n" fast "$epochs" --fast & done
  wait
done
for row in rows/*.json; do
  name=$(basename "$row" .json)
  echo "${name//-/ } $(< "rows/$name.seconds") $(sed -n 's/.*"top1": \([0-9.]*\).*/\1/p' "$row" | head -1)"
done | sort -n | tee own_teacher.txt
