#!/bin/bash
# The scores on ImageNette at 128 pixels in bench/results/: imagenette.sh NETTE WORK, where NETTE has train/ and val/
# with a folder per class. Each step continues where it stopped. Some hours on two cores.
set -eu
nette=$1 work=$2
dc3=${DC3:-$(dirname "$0")/../../build/dc3}
mkdir -p "$work" && cd "$work"
[[ -f resnet18.safetensors ]] || "$dc3" train "$nette/train" --val "$nette/val" --arch resnet18 --size 128 \
  --progressive --epochs 14 \
  --test-every 7 --seed 1 -o resnet18.safetensors --json > teacher.json 2>> teacher.log
"$dc3" compare "$nette/train" --val "$nette/val" --teacher resnet18.safetensors -o resnet18 --cache features \
  --size 128 --ipc 1,10 --recipe classic --compensation random \
  --methods random,rded,dc3-select,jitter,dc3 --arch resnet18 --labels soft --seeds 1 2>> compare.log
