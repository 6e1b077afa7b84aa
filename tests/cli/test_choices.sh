#!/bin/bash
# Which images of a dataset are taken, by every command that reads one; groups of a manifest.
source "$(dirname "$0")/support.sh"
for class in ant bee cow; do images photos/$class 6; images more/$class 4; done
{
  echo path,label,split,group
  for class in ant bee cow; do
    for i in 1 2 3 4 5 6; do echo "photos/$class/$i.png,$class,train,$class$((i / 2))"; done
    for i in 1 2 3 4; do echo "more/$class/$i.png,$class,val,v$i"; done
  done
} > list.csv
one=(--threads 1)

# info and measure.
expect 0 "images        12 in 3 classes" "$dc3" info list.csv --split val
expect 0 "images        8 in 2 classes" "$dc3" info list.csv --split val --without-classes cow
expect 0 "images        18 in 1 class" "$dc3" info photos --unlabelled
expect 2 "--split: list.csv: expected one of train, val, found 'va'" "$dc3" info list.csv --split va
measures=$("$dc3" measure list.csv --split val --reference list.csv --reference-split train --classes ant,bee -q \
  "${one[@]}") || fail "measure"
grep -qE '^list.csv +12 ' <<< "$measures" && grep -qE '^list.csv +8 ' <<< "$measures" || fail "measure: $measures"
measures=$("$dc3" measure list.csv photos --split val -q "${one[@]}") || fail "measure of a manifest beside a folder"
grep -qE '^photos +18 ' <<< "$measures" || fail "the split is not of the folder: $measures"
expect 0 "" "$dc3" measure photos --unlabelled -q "${one[@]}"
expect 2 "--split: expected a manifest among the datasets, found none" "$dc3" measure photos --split val

# label and evaluate; a run is taken as it is.
"$dc3" train list.csv --classes ant,bee -o t.safetensors --arch convnet3 --size 16 --epochs 1 -q "${one[@]}" > out ||
  fail "train: $(< out)"
expect 0 "8 images" "$dc3" label list.csv --split val --classes ant,bee --teacher t.safetensors --any-teacher \
  --views 2 --batch 4 -o labels.safetensors "${one[@]}"
student=(--arch convnet3 --epochs 1 --batch 4 "${one[@]}")
expect 0 "1 epoch of 8 images" "$dc3" evaluate list.csv --split val --classes ant,bee --val photos --labels stored \
  --stored labels.safetensors "${student[@]}"
expect 0 "tested on 12" "$dc3" evaluate list.csv --split val --without-classes cow --val list.csv --val-split train \
  --labels hard "${student[@]}"
"$dc3" condense photos -o run --ipc 2 --method random --size 16 --no-report -q "${one[@]}" > out || fail "$(< out)"
expect 2 "--classes: expected a dataset that dc3 did not make, run is none" "$dc3" evaluate run --classes ant \
  --val photos --labels hard "${student[@]}"
expect 2 "--split: expected a dataset that dc3 did not make, run is none" "$dc3" label run --split val \
  --teacher t.safetensors "${one[@]}"
expect 2 "--classes: expected a dataset that dc3 did not make" "$dc3" info t.safetensors --classes ant
expect 2 "--classes: expected a dataset that dc3 did not make" "$dc3" measure run --classes ant

# finetune and generate.
echo '{"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 4,
 "out_channels": 8, "num_layers": 2, "sample_size": 2, "patch_size": 2, "num_embeds_ada_norm": 2}' > dit.json
tune=("$dc3" finetune --from-scratch --config dit.json --model "$source/models/dc3-mini" --steps 2 --batch 2 --dtype f32
  --sample-every -1 "${one[@]}")
expect 0 "8 images in 2 classes" "${tune[@]}" list.csv --split val --classes ant,bee -o dit
expect 1 "" "${tune[@]}" list.csv -o three
generate=("$dc3" generate --model dit --steps 2 -n 1 --dtype f32 "${one[@]}")
expect 0 "2 images of 2 classes" "${generate[@]}" --classes list.csv --split val --without-classes cow -o made
[[ $(ls made/train) == $'ant\nbee\nmetadata.jsonl' ]] || fail "classes: $(ls made/train)"
expect 2 "--split: expected a dataset as --classes, found 'ant'" "${generate[@]}" --classes ant --split val -o x

# Groups: told where splits share them; held out together.
"$dc3" info list.csv > out && ! grep -q "several splits" out || fail "groups: $(< out)"
sed 's/,val,v1/,val,ant1/' list.csv > shared.csv
expect 0 "shared.csv: 1 group is in rows of several splits (the first is 'ant1')" "$dc3" info shared.csv
sed 's/^/{"path": "/; s/,\([a-z]*\),train,.*\([0-9]\)$/", "label": "\1", "group": \2}/' \
  <(grep train, list.csv) > list.jsonl
expect 0 "images        18 in 3 classes" "$dc3" info list.jsonl
echo '{"path": "photos/ant/1.png", "label": "ant", "group": [1]}' > wrong.jsonl
expect 1 "wrong.jsonl: line 1: expected as group a text or a whole number from 0 on" "$dc3" info wrong.jsonl
# All of a class are one group: nothing of it can be held out, and too few others.
sed 's/,train,.*/,train,all/' list.csv > single.csv
expect 0 "" "$dc3" train single.csv --hold-out 0.5 -o h.safetensors --arch convnet3 --size 16 --epochs 1 "${one[@]}"
[[ $output != *"top-1"*"held"* ]] || fail "one group is on both sides: $output"
echo "all checks passed"
