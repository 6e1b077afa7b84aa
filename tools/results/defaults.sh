#!/bin/bash
# The scores on CIFAR-10 of what a user gets who sets nothing: defaults.sh CIFAR WORK, where CIFAR has train/ and test/
# with a folder a class. For each IPC a run's own teacher, recipe strong, soft and hard labels, tested on the test set:
# WORK/ipcN/table.txt. It continues where it stopped; IPCS (default "1 10"), SEEDS (default 3), ARCH (default convnet3)
# and METHODS in the environment make a part of it, or add to it. A ConvNet-3 sees an image in about 3 ms (soft labels,
# one thread of a Zen 3), a ResNet-18 in 35: IPC 1, 10,000 images a student, takes 24 minutes of one core, IPC 10,
# 100,000, two hours a seed.
set -eu
cifar=$(realpath "$1") work=$2
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
export OMP_WAIT_POLICY=passive
mkdir -p "$work" && cd "$work"
for ipc in ${IPCS:-1 10}; do
  nice -n "${NICE:-19}" "$dc3" compare "$cifar/train" --val "$cifar/test" -o "ipc$ipc" --ipc "$ipc" \
    --methods "${METHODS:-random,rded,dc3-select,dc3}" --labels "${LABELS:-soft,hard}" --seeds "${SEEDS:-3}" \
    --arch "${ARCH:-convnet3}" --threads "${THREADS:-2}" 2>> "ipc$ipc.log"
done
