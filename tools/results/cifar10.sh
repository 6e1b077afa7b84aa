#!/bin/bash
# The scores on CIFAR-10 in bench/results/: cifar10.sh CIFAR WORK, where CIFAR has train/ and test/ with a folder a
# class. Each step continues where it stopped. Some hours on two cores; a step's name as third argument runs that
# alone.
set -eu
cifar=$1 work=$2 only=${3:-}
dc3=${DC3:-$(dirname "$0")/../../build/dc3}
mkdir -p "$work" && cd "$work"
# table NAME TEACHER EPOCHS TEST-EVERY OPTIONS...: the step NAME: its table, in the folder NAME, by a teacher that is
# trained where there is none.
table() {
  local name=$1 teacher=$2 epochs=$3 every=$4
  shift 4
  [[ -z $only || $only == "$name" ]] || return 0
  [[ -f $teacher.safetensors ]] || "$dc3" train "$cifar/train" --val "$cifar/test" --arch "$teacher" \
    --epochs "$epochs" --test-every "$every" --seed 1 \
    -o "$teacher.safetensors" --json > "$teacher.json" 2>> "$teacher.log"
  "$dc3" compare "$cifar/train" --val "$cifar/test" --teacher "$teacher.safetensors" -o "$name" --cache features \
    --recipe classic --compensation random "$@" 2>> "$name.log"
}
by_convnet3() { table "$1" convnet3 14 7 "${@:2}"; }
five=random,rded,dc3-select,jitter,dc3
others=kmeans,herding,k-center,graph-cut,dq,grayscale,blur
by_convnet3 convnet3 --ipc 1,10 --methods $five --arch convnet3 --seeds 3
table resnet18 resnet18_modified 15 5 --ipc 10 --methods $five --arch resnet18_modified --labels soft --seeds 1
by_convnet3 ipc50 --ipc 50 --methods $five --arch convnet3 --labels soft --seeds 1
by_convnet3 others --ipc 1,10 --methods random,dc3,$others --arch convnet3 --labels soft --seeds 1
by_convnet3 epochs2000 --ipc 10 --methods rded,dc3 --arch convnet3 --labels soft --epochs 2000 --seeds 1
by_convnet3 cross --ipc 10 --methods $five --arch resnet18,mobilenet_v2 --labels soft --seeds 1
