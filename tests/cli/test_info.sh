#!/bin/bash
# dc3 info: what every kind of file and folder is said to be, as text and as JSON.
source "$(dirname "$0")/support.sh"
info() { # PATH, texts that must be in what is said of it
  local path=$1 text; shift
  expect 0 "$1" "$dc3" info "$path"
  for text in "$@"; do [[ $output == *"$text"* ]] || fail "info $path: expected '$text' in: $output"; done
}
# member PATH NAME VALUE: a member of the JSON, on the first level.
member() {
  "$dc3" info "$1" --json > document || fail "info $1 --json"
  "$tools/is_json" document || fail "info $1: no JSON"
  [[ $(sed -n 's/^  "'"$2"'": \(.*[^,]\),\{0,1\}$/\1/p' document) == "$3" ]] ||
    fail "info $1: $2: expected $3 in $(cat document)"
}

# Datasets: a folder, CIFAR binaries, a tar.
images data/blue 3 && images "data/re d" 5 && images data/c 4
"$make" data/c/wide.png 50 20 1 2 3 && echo text > data/c/notes.txt
info data "13 in 3 classes"
info data "smallest      3 images, class 'blue'" "median        5 images, class 'c'" \
  "largest       5 images, class 're d'" "formats       13 png" \
  "30 to 50 px wide (median 30), 20 to 24 px high (median 24), of 13 examined" \
  "passed over 1 file, hidden or left behind by systems and programs (.txt)"
bytes=$(find data -name '*.png' -printf '%s\n' | awk '{n += $1} END {print n}')
info data "($bytes bytes)"
member data bytes "$bytes"; member data images 13; member data kind '"dataset"'
grep -q '"least": 20' document && grep -q '"png": 13' document || fail "sizes and formats: $(cat document)"
head -c 60 data/blue/1.png > data/blue/cut.png
info data "1 of 14 examined"
expect 0 "1 of all 14" "$dc3" info data --check
[[ $output != *"examined;"* ]] || fail "--check looks at a sample: $output"
expect 0 "blue/cut.png" "$dc3" info data --check --json
rm data/blue/cut.png
expect 0 "0 of all 13" "$dc3" info data --check
mkdir cifar && head -c $((3073 * 4)) /dev/zero > cifar/data_batch_1.bin
info cifar "4 in 1 class" "4 planes"; info cifar/data_batch_1.bin "32 x 32 px"; info cifar "CIFAR binaries"
mkdir shard && cp data/c/1.png shard/a.png && echo 7 > shard/a.cls && tar -C shard -cf shard.tar a.png a.cls
info shard.tar "a dataset (WebDataset)" "1 in 1 class"
member shard.tar bytes "$(stat -c %s shard/a.png)"

# Weights.
"$tools/make_teacher" teacher.safetensors 7 || fail "make_teacher"
info teacher.safetensors "a classifier, convnet3" "classes       7" "the file does not say" \
  "images of 32 px a side, no others" "embedding     512 values" \
  "($(stat -c %s teacher.safetensors) bytes)"
member teacher.safetensors kind '"classifier"'; member teacher.safetensors arch '"convnet3"';
  member teacher.safetensors trained_px null
info "$source/tests/golden/pth/types.pth" "PyTorch checkpoint"
info "$source/tests/golden/pth/types.pth" "f64 [3, 2] f64"
info "$source/models/dc3-mini/vae/diffusion_pytorch_model.safetensors" "an autoencoder (VAE)"
# header JSON FILE DATA: a safetensors file.
header() { printf "\\x$(printf %02x ${#1})\\0\\0\\0\\0\\0\\0\\0%s%s" "$1" "$3" > "$2"; }
tensor='"a\u001b]0;x\u0007":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'
header '{"__metadata__":{"k\u001b[31mey":"v\u202eal"},'"$tensor}" evil.safetensors abcd
info evil.safetensors 'a\x1b]0;x\x07 [1] f32'
[[ $output == *'k\x1b[31mey: v\xe2\x80\xaeal'* && $output != *$'\e'* ]] ||
  fail "control characters of a file are printed: $output"
member evil.safetensors kind '"tensors"'
labels='"labels":{"dtype":"I64","shape":[2],"data_offsets":[8,24]}'
header '{"embeddings":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},'"$labels}" e.safetensors \
  012345670123456701234567
info e.safetensors "2 of 1 values"
LC_ALL=C sed 's/features.1.bias/features.1.biaz/' teacher.safetensors > bad.safetensors
info bad.safetensors "no classifier" "features.1.bias"
header '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}' short.safetensors abcd
expect 1 "short.safetensors: tensor 'a'" "$dc3" info short.safetensors

info "$source/tests/golden/npy/stored.npz" "embeddings with labels" "rows          6 of 3 values" "NumPy arrays"
info "$source/tests/golden/npy/version2/x.npy" "embeddings with labels" "'labels' of labels.npy beside it"
info "$source/tests/golden/npy/column.npz" "does not take" "why not" "expected 1 dimension"
expect 0 '{"selected": [' "$dc3" select --from "$source/tests/golden/npy/deflated.npz" --ipc 1 --bins 1 --json
expect 1 "big-endian values (>f4)" "$dc3" select --from "$source/tests/golden/npy/big_endian.npz" --ipc 1

# What stands in place of a file is named, whatever it should be.
pointer='version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 29500000\n'
mkdir -p pointers/a pointers/b && for f in w.safetensors w.pth d.tar a/1.png b/2.png; do
  printf "$pointer" > pointers/$f; done
for f in w.safetensors w.pth d.tar; do expect 1 "found a Git LFS pointer" "$dc3" info pointers/$f; done
expect 1 "Git LFS pointer" "$dc3" condense pointers -o of-pointers --ipc 1 --method random "${common[@]}"
expect 1 "Git LFS pointer" "$dc3" select --from pointers/w.pth
expect 1 "Git LFS pointer" "$dc3" condense data -o of-pointers --ipc 1 --teacher pointers/w.pth "${common[@]}"
expect 1 "Git LFS pointer" "$dc3" edit pointers/a/1.png --prompt x -o edited.png
expect 1 "Git LFS pointer" "$dc3" compensate data -o by-pointers --prompts pointers/d.tar "${common[@]}"
expect 1 "Git LFS pointer" "$dc3" compensate data -o by-pointers --list pointers/d.tar "${common[@]}"
cp -r "$source/models/dc3-mini" model && printf "$pointer" > model/unet/config.json
info model "config.json: expected JSON, found a Git LFS pointer"
cp "$source/models/dc3-mini/unet/config.json" model/unet/
printf "$pointer" > model/tokenizer/merges.txt
info model "merges.txt: expected the merges of a tokenizer, found a Git LFS pointer"
cp "$source/models/dc3-mini/tokenizer/merges.txt" model/tokenizer/
mv model/unet/diffusion_pytorch_model.safetensors model/unet/diffusion_pytorch_model.bin
info model "weights of unet read from .bin, for want of safetensors" "for --editor  yes"
rm model/unet/diffusion_pytorch_model.bin && echo x > model/unet/diffusion_flax_model.msgpack
info model "found diffusion_flax_model.msgpack"

# A trained network says its size; an interrupted training says how far it came.
train=("$dc3" train data --arch convnet3 --size 16 --threads 1 --dtype f32 --batch 4)
expect 0 "result" "${train[@]}" --epochs 1 -o trained.safetensors
info trained.safetensors "trained at    16 px" "dc3.size: 16"; member trained.safetensors trained_px 16
interrupt long.safetensors.checkpoint "" "${train[@]}" --epochs 100000 --test-every 1 -o long.safetensors
info long.safetensors.checkpoint "an interrupted training, convnet3"
[[ $output =~ "step "([0-9]+)" of 300000" ]] && ((BASH_REMATCH[1] > 0 && BASH_REMATCH[1] < 300000)) ||
  fail "how far: $output"
info long.safetensors.checkpoint "data: 13 images" "trains at     16 px" "to resume"
member long.safetensors.checkpoint running false
# While it runs it is not called interrupted.
"${train[@]}" --epochs 100000 --test-every 1 -o long.safetensors -q > /dev/null 2>&1 & process=$!
for ((i = 0; i < 2000; i++)); do "$dc3" info long.safetensors.checkpoint | grep -q "a running training" && break
  sleep 0.01; done
info long.safetensors.checkpoint "a running training, convnet3" "running: a process works on it"
[[ $output != *"to resume"* && $output != *interrupted* ]] || fail "a running training: $output"
member long.safetensors.checkpoint running true
expect 1 "the command that makes it is running; see dc3 info" "$dc3" info long.safetensors
kill -INT $process; wait $process
info long.safetensors.checkpoint "an interrupted training, convnet3"
member long.safetensors.checkpoint epochs 100000; member long.safetensors.checkpoint kind '"training checkpoint"'
expect 1 "see dc3 info long.safetensors.checkpoint" "$dc3" info long.safetensors

# A run, complete and interrupted, its labels, and a comparison.
expect 0 "6 images stored" "$dc3" condense data -o run --ipc 2 --method random "${common[@]}"
info run "a condensed dataset, method random, 2 images per class" "state         complete" "6 in 3 classes" \
  "each class    2 images" "skipped       none" \
  "size 16 px"
member run complete true; member run stored 6; member run images_per_class 2
"$tools/make_teacher" three.safetensors 3 && expect 0 "labels" "$dc3" label run \
  --teacher three.safetensors --any-teacher --views 4 \
  --threads 1 --top-k 2 --temperature 5
info run "soft_labels.safetensors, "
info run/soft_labels.safetensors "6 in 3 classes" "4 of each image, 32 px" "the 2 largest of 3" "temperature   5" \
  "teacher       convnet3"
member run/soft_labels.safetensors view_px 32; member run/soft_labels.safetensors bytes \
  "$(stat -c %s run/soft_labels.safetensors)"
sed -i 's/"complete": true/"complete": false/' run/dc3.json && rm run/train/blue/*.png
info run "interrupted: storing images" "stored        4 of 6 images"
rm -r run/train run/pictures.txt run/selection.json
info run "interrupted: before the selection"
mkdir -p compared && echo '{"epochs": 4, "size": 0, "guidance": -1.0, "lr": 0.0, "seed": 0}' > compared/compare.json
info compared "scores        0" "settings      epochs 4, seed 0"
[[ $output != *guidance* && $output != *lr* ]] || fail "what nobody gave: $output"
expect 1 "compared: holds a comparison of datasets" "$dc3" measure compared
for seed in 0 1; do echo \
  "{\"method\": \"dc3\", \"ipc\": 10, \"arch\": \"convnet3\", \"labels\": \"soft\", \"seed\": $seed}"; done \
  > both.jsonl
head -1 both.jsonl > compared/results.jsonl
info compared "interrupted: 1 score is there" "method        dc3" "student       convnet3" "seed          0"
mv both.jsonl compared/results.jsonl
info compared "interrupted: 2 scores are there" "seeds         0, 1"
echo table > compared/table.txt
info compared "table         compared/table.txt" "state         complete"; member compared scores 2
echo '{"program": "other"}' > data/dc3.json
expect 1 "data/dc3.json: was not made by dc3" "$dc3" info data
rm data/dc3.json

# Editors: whole, and without a part.
info "$source/models/dc3-mini" "StableDiffusionInstructPix2PixPipeline" "12.65 M parameters, 422 f16 tensors" \
  "image size    64 px" "DDIMScheduler" "for --editor  yes" \
  "ddim, 1 step, guidance 1"
member "$source/models/dc3-mini" image_px 64
cp -r "$source/models/dc3-mini" part && rm part/vae/*.safetensors
info part "part/vae: expected diffusion_pytorch_model.safetensors" "for --editor  no: part/vae"
member part opens false

# Editors are judged by the checks of an edit: what info calls usable is.
scheduler() { # JSON; other/ has it, and no sampler of its own
  rm -rf other && cp -r "$source/models/dc3-mini" other
  sed -i '/"sampler"/d; /"scheduler": \[/,/\]/d' other/model_index.json
  echo "$1" > other/scheduler/scheduler_config.json
}
edit() { "$dc3" edit "$picture" --editor other --prompt snowy -o other.png --steps 4 "$@"; }
picture=$(find data -name '*.png' -o -name '*.jpg' | head -1)
usual='"beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "timestep_spacing": "trailing"'
scheduler "{\"_class_name\": \"EulerDiscreteScheduler\", $usual, \"rescale_betas_zero_snr\": true}"
info other "euler, 1 step," "for --editor  yes"; expect 0 "result: other.png" edit
scheduler "{\"_class_name\": \"DEISMultistepScheduler\", $usual}"
why="DEISMultistepScheduler is not among dc3's samplers; --sampler dpmpp-2m works in its place"
info other "no sampler of dc3" "for --editor  no" "$why"; member other opens false
expect 1 "$why" edit
expect 0 "result: other.png" edit --sampler dpmpp-2m
scheduler "{\"_class_name\": \"DDPMScheduler\", $usual, \"thresholding\": true}"
info other "'thresholding' is not supported as it is; false works" "for --editor  no"
expect 1 "'thresholding' is not supported" edit
scheduler "{\"_class_name\": \"EulerAncestralDiscreteScheduler\", $usual, \"use_karras_sigmas\": true}"
note="the sampler euler-ancestral does not follow 'use_karras_sigmas"
info other "$note" "for --editor  yes"; expect 0 "note: other: $note" edit
scheduler "{$usual, \"eta\": 0.5}" # nothing names a class; keys that nobody knows
note="does not follow 'eta' of scheduler_config.json; other: neither scheduler_config.json nor model_index.json \
names a scheduler's class; the sampler euler-ancestral is taken"
info other "$note" "for --editor  yes"; expect 0 "$note" edit
scheduler "{\"_class_name\": \"DDIMScheduler\", $usual}"
sed -i 's/"shift_factor": null/"shift_factor": 0.1/; s/"latents_std": null/"latents_std": [1]/' other/vae/config.json
info other "'shift_factor', 'latents_std' of the VAE's config.json is not followed" "for --editor  yes"
for odd in '"mid_block_type": null' '"conv_in_kernel": 5' '"attention_type": "gated"'; do
  sed "/${odd%%:*}/d; 1s/{/{$odd,/" "$source/models/dc3-mini/unet/config.json" > other/unet/config.json
  info other "$(sed "s/\"\(.*\)\":.*/'\1'/" <<< "$odd")" "for --editor  no"
done

# This machine: the tier is as DC3_KERNELS limits it, and the one that dc3.json names.
expect 0 "this machine: kernels of the tier plain C" env DC3_KERNELS=plain "$dc3" info --machine
expect 0 "this machine: kernels of the tier AMX emulated" env DC3_KERNELS=amx-emulated "$dc3" info --machine
expect 0 '"kernels": "plain C"' env DC3_KERNELS=plain "$dc3" info --machine --json
expect 2 "DC3_KERNELS: expected amx" env DC3_KERNELS=fast "$dc3" info --machine
kernels=$("$dc3" info --machine --json | grep '"kernels"')
grep -qF "${kernels%,}" run/dc3.json || fail "dc3.json does not name the kernels: $kernels"
expect 2 "expected --machine alone, found 'run' too" "$dc3" info --machine run

# What is none of these.
echo text > text.txt; mkdir empty
printf 'PAR1\25\4' > t.parquet; printf '{"ipc": 1}' > t.json
expect 1 "t.parquet: expected weights or labels (.safetensors, .pth), a .tar or a CIFAR .bin, found a Parquet table" \
  "$dc3" info t.parquet
[[ $output != *"give the folder"* ]] || fail "what is not to the point: $output"
expect 1 "found a JSON text; of a run, a comparison, a model or a dataset give the folder" "$dc3" info t.json
mkdir few && head -c 1000 /dev/zero > few/data_batch_1.bin
expect 1 "expected a multiple of 3073 bytes" "$dc3" info few
[[ $output != *compare.json* ]] || fail "what is not to the point: $output"
# A checkpoint by the name of PyTorch's example is no tar of images.
cp "$source/tests/golden/pth/plain.pth" best.pth.tar
info best.pth.tar "format        PyTorch checkpoint"
expect 1 "best.pth.tar: expected a folder with a folder for each class" "$dc3" condense best.pth.tar -o x
# Folders of transformers and timm, and their shards.
mkdir hub && cp teacher.safetensors hub/model.safetensors && echo '{}' > hub/config.json
info hub "hub: a classifier, " "classes       7" "format        folder of transformers or timm"
echo '{"weight_map": {"a": "model.safetensors"}}' > hub/model.safetensors.index.json
info hub/model.safetensors.index.json "a classifier, " "format        index of shards"
expect 1 "text.txt: expected weights or labels" "$dc3" info text.txt
expect 1 "nor is it a run (dc3.json)" "$dc3" info empty
expect 1 "nowhere: expected a file or a folder, found nothing there" "$dc3" info nowhere
expect 1 "something else" "$dc3" info /dev/null
expect 2 "which file or folder?" "$dc3" info
expect 2 "found 'run' too" "$dc3" info data run
echo "all checks passed"
