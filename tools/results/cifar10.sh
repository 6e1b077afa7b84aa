#!/bin/bash
# The scores on CIFAR-10 in bench/results/: cifar10.sh CIFAR WORK, where CIFAR has train/ and test/ with a folder a class. Each
# step continues where it stopped. Some hours on two cores; a step's name as third argument runs that alone.
set -eu
cifar=$1 work=$2 only=${3:-}
dc3=${DC3:-$(dirname "$0")/../../build/dc3}
mkdir -p "$work" && cd "$work"
step() { [[ -z $only || $only == "$1" ]]; }
teacher() { # name, epochs, tests every
  [[ -f $1.safetensors ]] || "$dc3" train "$cifar/train" --val "$cifar/test" --arch "$1" --epochs "$2" --test-every "$3" --seed 1 -o "$1.safetensors" --json > "$1.json" 2>> "$1.log"
}
# table NAME TEACHER OPTIONS...: one table, in the folder NAME.
table() {
  local name=$1 teacher=$2
  shift 2
  "$dc3" compare "$cifar/train" --val "$cifar/test" --teacher "$teacher.safetensors" -o "$name" --cache features "$@" 2>> "$name.log"
}
five=random,rded,dc3-select,jitter,dc3
if step convnet3; then
  teacher convnet3 14 7
  table convnet3 convnet3 --ipc 1,10 --methods $five --arch convnet3 --seeds 3
fi
if step resnet18; then
  teacher resnet18_modified 15 5
  table resnet18 resnet18_modified --ipc 10 --methods $five --arch resnet18_modified --labels soft --seeds 1
fi
if step ipc50; then
  teacher convnet3 14 7
  table ipc50 convnet3 --ipc 50 --methods $five --arch convnet3 --labels soft --seeds 1
fi
if step others; then
  teacher convnet3 14 7
  table others convnet3 --ipc 1,10 --methods random,dc3,kmeans,herding,k-center,graph-cut,dq,grayscale,blur --arch convnet3 --labels soft --seeds 1
fi
if step epochs2000; then
  teacher convnet3 14 7
  table epochs2000 convnet3 --ipc 10 --methods rded,dc3 --arch convnet3 --labels soft --epochs 2000 --seeds 1
fi
if step cross; then
  teacher convnet3 14 7
  table cross convnet3 --ipc 10 --methods $five --arch resnet18,mobilenet_v2 --labels soft --seeds 1
fi
