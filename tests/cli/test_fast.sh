#!/bin/bash
# dc3 train --fast: the same bytes, also after an interruption; its file as a teacher of every command; what it refuses.
source "$2/tests/cli/support.sh"

blue_and_red 12 8
fast=("$dc3" train train --fast --val val --size 16 --threads 1 --dtype f32 --batch 8)
expect 0 "train: 24 images in 2 classes; speednet, 1.97 M parameters, 16 px, f32, 1 thread"$'\n' "${fast[@]}" \
  --epochs 8 -o whole.safetensors
[[ $output == *"last epoch: top-1 100.00 %"* ]] || fail "it does not learn: $output"
[[ $output == *"with the mean of the logits of each image and of its mirror image: top-1 100.00 %"* ]] ||
  fail "a mirrored test is not said: $output"
expect 0 '"arch": "speednet"' "${fast[@]}" --epochs 8 -o again.safetensors --json
[[ $output == *'"mirrored_top1": 1.0'* ]] || fail "JSON has no mirrored test: $output"
cmp whole.safetensors again.safetensors || fail "the same command gives other bytes"
expect 0 "result" "${fast[@]}" --epochs 8 --seed 1 -o other.safetensors
cmp -s whole.safetensors other.safetensors && fail "the seed changes nothing"

# Interrupted, and continued.
expect 0 "result" "${fast[@]}" --epochs 12 -o twelve.safetensors
interrupt . "epoch 2:" "${fast[@]}" --epochs 12 -o cut.safetensors
expect 0 "resuming after step" "${fast[@]}" --epochs 12 -o cut.safetensors
cmp twelve.safetensors cut.safetensors || fail "an interrupted training gives other bytes"
interrupt . "epoch 2:" "${fast[@]}" --epochs 12 -o cut.safetensors
expect 1 "other settings was interrupted here" "$dc3" train train --val val --size 16 --threads 1 --dtype f32 \
  --batch 8 --epochs 12 --arch speednet -o cut.safetensors

# A teacher like every other.
expect 0 "a classifier, speednet" "$dc3" info whole.safetensors
expect 0 "4 images stored" "$dc3" condense train -o small --ipc 2 --size 16 --teacher whole.safetensors --threads 1 \
  --dtype f32 --method dc3-select
expect 0 "views of each" "$dc3" label small --teacher whole.safetensors --views 2 --threads 1
expect 0 "soft labels of a speednet (top-1 100.00 %)" "$dc3" evaluate small --val val --teacher whole.safetensors \
  --threads 1 --dtype f32 --epochs 1 --arch speednet

# Larger images: a first layer of larger patches. Few of them: smaller batches by itself.
mkdir large && for class in blue red; do mkdir large/$class; for i in 1 2 3; do
  "$make" large/$class/$i.png 150 130 $((40 * i)) 90 $([[ $class == red ]] && echo 10 || echo 200) || fail "make_image"
done; done
expect 0 "speednet, 2.01 M parameters, 128 px" "$dc3" train large --fast --size 128 --epochs 1 --threads 1 \
  -o large.safetensors
expect 0 "trained at    128 px" "$dc3" info large.safetensors

# What the recipe sets itself.
for option in "--arch resnet18" "--lr 0.1" "--weight-decay 0" "--optimizer adamw" "--smoothing 0.1" --progressive \
  "--init whole.safetensors" "--backbone whole.safetensors"; do
  # shellcheck disable=SC2086
  expect 2 "${option%% *}: not with --fast, which has its own" "$dc3" train train --fast -o x.safetensors $option
done
expect 0 "speednet, 1.97 M parameters" "$dc3" train train --arch speednet --size 16 --dry-run --init whole.safetensors
[[ $output != *"in the usual way"* ]] || fail "of a training that goes on it is said: $output"
expect 0 "note: a speednet is trained in the usual way; --fast has a recipe made for it" "$dc3" train train \
  --arch speednet --size 16 --dry-run
expect 2 "--batch: expected" "${fast[@]}" --batch 0 -o x.safetensors
expect 1 "expected images of 9 pixels or more" "$dc3" train train --fast --size 8 -o x.safetensors
echo "train --fast: passed"
