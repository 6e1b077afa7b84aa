#!/bin/bash
# dc3 train --backbone FILE --fine-tune: what is right more often on held-out images is kept, the probe or what training
# made of it; the same bytes, also after an interruption; its file as a teacher; what it refuses.
source "$2/tests/cli/support.sh"
tiny_mini

for set in train val; do
  for ((i = 1; i <= 40; i++)); do
    mkdir -p $set/blue $set/red few/blue few/red
    "$make" "$set/blue/$i.png" 36 34 $((2 * i)) 30 180 && "$make" "$set/red/$i.png" 34 36 180 $((2 * i)) 20 ||
      fail "make_image"
  done
done
cp train/blue/1*.png few/blue/ && cp train/red/1*.png few/red/
"$tools/make_teacher" seen.safetensors 7 && "$tools/make_teacher" blind.safetensors 7 blind || fail "make_teacher"
shares() { sed -n 's/.*probe has top-1 \([0-9.]*\) %, the fine-tuned network \([0-9.]*\) %.*/\1 \2/p' <<< "$output"; }
fine=("$dc3" train train --backbone seen.safetensors --size 32 --fine-tune --threads 1 --dtype f32)

# At a rate of nearly nothing it answers as the probe, which is then the result: made again of all images, unless some
# are not to be trained on.
expect 0 "the probe is the result" "${fine[@]}" --epochs 1 --lr 1e-12 -o still.safetensors
[[ $(shares) == "100.00 100.00" ]] || fail "the first step does not answer as the probe: $output"
probe=("$dc3" train train --backbone seen.safetensors --size 32 --threads 1)
expect 0 "top-1 100.00 % on 16 held-out images" "${probe[@]}" -o probe.safetensors
cmp probe.safetensors still.safetensors || fail "the result is not the probe's file"
cp -r train uneven && for i in 1 2 3; do cp val/blue/$i.png uneven/blue/v$i.png || fail "cp"; done # of which 9 and 8
uneven=(uneven --backbone blind.safetensors --size 32 --threads 1)
for share in "" "--hold-out 0.2"; do
  # shellcheck disable=SC2086
  expect 0 "the probe is the result" "$dc3" train "${uneven[@]}" --fine-tune --dtype f32 --epochs 1 --lr 1e-12 \
    $share -o kept${share:+-held}.safetensors
  # shellcheck disable=SC2086
  expect 0 "" "$dc3" train "${uneven[@]}" $share -o all${share:+-held}.safetensors
done
cmp all.safetensors kept.safetensors || fail "the result is not the probe of all images"
cmp all-held.safetensors kept-held.safetensors || fail "images that are held out are trained on"
! cmp -s all.safetensors all-held.safetensors || fail "a probe of fewer images is the same"
# What is worse is not taken.
expect 0 "the probe is the result" "${fine[@]}" --epochs 3 --lr 0.3 -o worse.safetensors
[[ $(shares) == "100.00 "?*.?? && $(shares) != "100.00 100.00" ]] || fail "so high a rate does no harm: $output"
cmp probe.safetensors worse.safetensors || fail "the worse is taken"
# Interrupted before the result is written: the same choice again.
interrupt "late.safetensors.checkpoint" "epoch 2:" "${fine[@]}" --epochs 3 --lr 0.3 -o late.safetensors
cp probe.safetensors late.safetensors.probe # as it is once it was made again
expect 0 "the probe is the result" "${fine[@]}" --epochs 3 --lr 0.3 -o late.safetensors
cmp probe.safetensors late.safetensors || fail "a probe that was made again is another"

# Nor is what is as good, also of a share such as a third.
for ((i = 1; i <= 40; i++)); do
  mkdir -p three/blue three/red three/green
  cp train/blue/$i.png three/blue/ && cp train/red/$i.png three/red/ &&
    "$make" three/green/$i.png 36 34 $((2 * i)) 180 30 || fail "make_image"
done
third=("${fine[@]/seen/blind}") third[2]=three
expect 0 "the probe is the result" "${third[@]}" --epochs 1 --lr 1e-12 --hold-out 0.2 --val three -o third.safetensors
[[ $(shares) == "33.33 33.33" ]] || fail "of three classes a blind probe has: $output"

# What is better is: a backbone that tells no images apart learns to.
blind=("${fine[@]/seen/blind}" --lr 0.005)
expect 0 "the fine-tuned network is the result" "${blind[@]}" --epochs 12 --val val -o better.safetensors
[[ $(shares) == "50.00 "?*.?? ]] || fail "a blind probe sees: $output"
[[ $output == *"the result is the fine-tuned network, top-1 100.00 %"* ]] || fail "val is not said: $output"
expect 0 "a classifier, convnet3" "$dc3" info better.safetensors
[[ $output == *'"images":80,"on":"test images"'* ]] || fail "the file does not say its accuracy: $output"
expect 0 '"result": "fine-tuned"' "${blind[@]}" --epochs 12 -o again.safetensors --json
[[ $output == *'"probe_top1": 0.5'* && $output == *'"tuned_top1": '* ]] || fail "JSON: $output"
member() { sed -n 's/.*"'"$1"'": \([-0-9.]*\),\{0,1\}$/\1/p' <<< "$output"; }
[[ $(member top1) == $(member tuned_top1) && $(member top5) == 1.0 ]] || fail "the last test is not reported: $output"
expect 0 "" "${blind[@]}" --epochs 12 -o same.safetensors
cmp again.safetensors same.safetensors || fail "the same command gives other bytes"
expect 0 "4 images stored" "$dc3" condense train -o small --ipc 2 --size 32 --teacher better.safetensors --threads 1 \
  --dtype f32 --method dc3-select
expect 0 "views of each" "$dc3" label small --teacher better.safetensors --views 2 --threads 1
expect 0 "soft labels of a convnet3 (top-1 100.00 %)" "$dc3" evaluate small --val val --teacher better.safetensors \
  --threads 1 --dtype f32 --epochs 1 --arch convnet3

# Interrupted, and continued; nothing is left beside the result.
long=("${blind[@]}" --epochs 30)
expect 0 "" "${long[@]}" -o whole.safetensors
interrupt "cut.safetensors.probe" "epoch 2:" "${long[@]}" -o cut.safetensors
[[ -f cut.safetensors.checkpoint && ! -e cut.safetensors ]] || fail "an interrupted training leaves: $(ls)"
expect 1 "other settings was interrupted here (backbone" "${fine[@]}" --lr 0.01 --epochs 30 -o cut.safetensors
expect 0 "resuming after step" "${long[@]}" -o cut.safetensors
[[ $output != *"a regression on"* ]] || fail "the probe is made twice: $output"
cmp whole.safetensors cut.safetensors || fail "an interrupted training gives other bytes"
! ls ./*.probe ./*.checkpoint 2> /dev/null || fail "left beside the results"
echo mine > mine.safetensors.probe
expect 2 "mine.safetensors.probe" "${fine[@]}" -o mine.safetensors
[[ $(< mine.safetensors.probe) == mine ]] || fail "a file of the user's is gone"

expect 0 "a regression on" "${fine[@]}" -o x.safetensors --dry-run
[[ $output == *"estimate: 80 images"* && ! -e x.safetensors ]] || fail "dry run: $output"
expect 2 "--fine-tune: needs --backbone" "$dc3" train train --fine-tune -o x.safetensors
expect 2 "--fine-tune: not with --fast" "$dc3" train train --fast --fine-tune -o x.safetensors
for option in "--init seen.safetensors" --progressive; do
  # shellcheck disable=SC2086
  expect 2 "${option%% *}: not with --fine-tune" "${fine[@]}" -o x.safetensors $option
done
expect 1 "few: --fine-tune needs 10 images to hold out" "$dc3" train few --backbone seen.safetensors --size 32 \
  --fine-tune --threads 1 -o x.safetensors
expect 2 "--lr" "${fine[@]}" --lr 0 -o x.safetensors
echo "train --fine-tune: passed"
