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
five=random,rded,dc3-select,jitter,dc3
if step convnet3; then
  teacher convnet3 14 7
  "$dc3" compare "$cifar/train" --val "$cifar/test" --teacher convnet3.safetensors -o convnet3 --cache features --ipc 1,10 --methods $five --arch convnet3 --seeds 3 2>> convnet3.log
fi
if step resnet18; then
  teacher resnet18_modified 15 5
  "$dc3" compare "$cifar/train" --val "$cifar/test" --teacher resnet18_modified.safetensors -o resnet18 --cache features --ipc 10 --methods $five --arch resnet18_modified --labels soft --seeds 1 2>> resnet18.log
fi
if step others; then
  teacher convnet3 14 7
  "$dc3" compare "$cifar/train" --val "$cifar/test" --teacher convnet3.safetensors -o others --cache features --ipc 1,10 \
    --methods $five,kmeans,herding,k-center,graph-cut,dq,grayscale,blur --arch convnet3 --labels soft --seeds 1 2>> others.log
fi
if step ipc50; then
  teacher convnet3 14 7
  "$dc3" compare "$cifar/train" --val "$cifar/test" --teacher convnet3.safetensors -o ipc50 --cache features --ipc 50 --methods $five --arch convnet3 --labels soft --seeds 1 2>> ipc50.log
fi
