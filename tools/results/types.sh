#!/bin/bash
# Does bf16 train as well as f32? types.sh CIFAR WORK, where CIFAR has train/ with a folder per class. Nothing of
# CIFAR's test set is used: the images whose names end in 7 are held out. ConvNet-3 trains on all others, ResNet-18 with
# the 3x3 stem on those whose names end in one of FROM; each in both types from the same seeds, one thread each, side by
# side. WORK/types.txt has the top-1 % of the last epoch, mean and deviation. Each step continues where it stopped.
#
# In the environment: SEEDS (default 3), JOBS (default: processors), EPOCHS (default 3), FROM (default 13).
set -eu
cifar=$(realpath "$1") work=$2
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
seeds=${SEEDS:-3} jobs=${JOBS:-$(nproc)}
export OMP_WAIT_POLICY=passive
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"
split_train "$cifar"
part=$(fit_part "$cifar" "${FROM:-13}")

train() { # ARCH DATA TYPE SEED
  local out=$1-$3-$4
  [[ -f $out.json ]] || {
    "$dc3" train "$2" --val held --arch "$1" --dtype "$3" --seed "$4" --epochs "${EPOCHS:-3}" \
      --test-every 99 --threads 1 -q --json -o "$out.safetensors" > "$out.part" && mv "$out.part" "$out.json"
  }
}

for ((seed = 0; seed < seeds; seed++)); do
  for type in f32 bf16; do
    for arch in convnet3 resnet18_modified; do
      while (($(jobs -rp | wc -l) >= jobs)); do wait -n || exit 1; done
      data=fit
      [[ $arch == convnet3 ]] || data=$part
      train "$arch" "$data" "$type" "$seed" &
    done
  done
done
while (($(jobs -rp | wc -l))); do wait -n || exit 1; done
{
  printf '%-18s %-5s %s\n' network type 'top-1 %'
  for arch in convnet3 resnet18_modified; do
    for type in f32 bf16; do
      printf '%-18s %-5s' "$arch" "$type"
      for ((seed = 0; seed < seeds; seed++)); do
        grep -om1 '"top1": *[0-9.]*' "$arch-$type-$seed.json" | grep -o '[0-9.]*$'
      done | mean_and_deviation
      printf '\n'
    done
  done
} | tee types.txt
