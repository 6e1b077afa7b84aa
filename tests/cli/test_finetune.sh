#!/bin/bash
# dc3 finetune: a tiny U-Net of texts and a tiny transformer of classes in the latents of dc3-mini's VAE.
source "$(dirname "$0")/support.sh"
mini=$source/models/dc3-mini
images data/red_fox 4; images data/n01440764 5
mkdir -p sd/unet sd/scheduler && cp -r "$mini"/{vae,text_encoder,tokenizer} sd || fail "cp"
cat > sd/unet/config.json << 'END'
{"_class_name": "UNet2DConditionModel", "in_channels": 4, "out_channels": 4, "block_out_channels": [16, 32],
 "layers_per_block": 1, "norm_num_groups": 8, "cross_attention_dim": 128, "attention_head_dim": 2, "sample_size": 8,
 "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D"]}
END
echo '{"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}' \
  > sd/scheduler/scheduler_config.json
echo '{"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers",
 "AutoencoderKL"], "text_encoder": ["transformers", "CLIPTextModel"], "tokenizer": ["transformers", "CLIPTokenizer"],
 "scheduler": ["diffusers", "DDIMScheduler"]}' > sd/model_index.json
"$tools/make_unet" sd/unet/config.json sd/unet/diffusion_pytorch_model.safetensors || fail "make_unet"
echo '{"_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": 4,
 "out_channels": 8, "num_layers": 2, "sample_size": 8, "patch_size": 2, "num_embeds_ada_norm": 2}' > dit.json

few=(--threads 2 --dtype f32 --batch 2 --accumulate 2)
lora=("$dc3" finetune data --model sd "${few[@]}" --steps 40 --lr 0.01 --sample-every 20 --dropout 0.2
  --lora-layers convolutions,attention,feed-forward)
expect 0 "result: lora" "${lora[@]}" -o lora
[[ $output == *"9 images in 2 classes; unet of "*" (lora of attention, feed-forward, convolutions), 32 px, f32, "* ]] ||
  fail "what is trained: $output"
for file in pytorch_lora_weights.safetensors finetune.json encoded.safetensors samples/step-000020.png \
  samples/step-000040.png; do [[ -s lora/$file ]] || fail "no lora/$file"; done
# Samples of 32 px are seen three times as large, four in a row.
read -r high low < <(od -An -tu1 -j18 -N2 lora/samples/step-000040.png)
((256 * high + low == 4 * 98 - 2)) || fail "samples are $((256 * high + low)) px wide"
[[ ! -e lora/training.checkpoint && ! -e lora/unet ]] || fail "a finished training leaves more: $(ls lora)"
expect 0 '"steps": 40' "${lora[@]}" -o again --json --recompute --sample-every 40
(($(sed -n 's/.*"peak_megabytes": \([0-9]*\).*/\1/p' <<< "$output") > 20)) || fail "no networks: $output"
cmp lora/pytorch_lora_weights.safetensors again/pytorch_lora_weights.safetensors || fail "--recompute gives other bytes"

expect 0 "lora: adapters (LoRA) that were trained by dc3 finetune"$'\n'"  state         complete" "$dc3" info lora
[[ $output == *"  trained       lora: "*", 40 steps on 9 images of data"*"  loss  "*"dc3 generate --lora lora"* ]] ||
  fail "info: $output"
expect 0 "low-rank adapters (LoRA)" "$dc3" info lora/pytorch_lora_weights.safetensors
[[ $output == *"  rank          4"* && $output != *"no classifier"* ]] || fail "info: $output"
expect 0 "  images        9" "$dc3" info lora/encoded.safetensors

# Cut off and continued: the same bytes. Other settings are refused.
interrupt cut/samples/step-000020.png "step 20 of 40" "${lora[@]}" -o cut
[[ -s cut/training.checkpoint ]] || fail "no checkpoint is left: $(cat log)"
expect 0 "cut: stopped   to continue: the command that began it, again" "$dc3" status cut
[[ $output =~ "  saved     "[0-9]+" of "[0-9]+" steps of the training" ]] || fail "how far it is: $output"
expect 0 "cut: a generator in training by dc3 finetune"$'\n'"  state         interrupted" "$dc3" info cut
expect 0 "lora: complete" "$dc3" status lora
expect 1 "other settings was interrupted here (dropout was 0.2, is 0.3)" "${lora[@]}" -o cut --lr 0.02 --dropout 0.3
cp -r sd other && sed -i s/0.012/0.02/ other/scheduler/scheduler_config.json
expect 1 "other settings was interrupted here (scheduler was " "${lora[@]}" --model other -o cut
# But for the rate, the warm-up and the limit of gradients.
cp -r cut slower
expect 0 "note: the rest is trained otherwise than what is done: clip was 1, is 2; lr was 0.01, is 0.005" \
  "${lora[@]}" -o slower --lr 0.005 --clip 2 --sample-every -1
cp -r cut damaged && LC_ALL=C sed -i 's/\[9,2,8,8,4\]/[9,2,8,4,8]/' damaged/encoded.safetensors
expect 1 "encoded.safetensors: tensor 'latents'" "${lora[@]}" -o damaged
expect 0 "resuming after step " "${lora[@]}" -o cut
cmp lora/pytorch_lora_weights.safetensors cut/pytorch_lora_weights.safetensors ||
  fail "an interrupted training gives other bytes"
cmp lora/samples/step-000040.png cut/samples/step-000040.png || fail "an interrupted training gives other samples"

# No page while it is at work, of a training too.
"${lora[@]}" --steps 100000 --sample-every 1 -o busy > log 2>&1 & process=$!
for ((i = 0; i < 4000; i++)); do [[ -e busy/samples/step-000001.png ]] && break; sleep 0.01; done
expect 1 "is at work on it (finetune)" "$dc3" report busy
[[ ! -e busy/report.html ]] || fail "a page of a training at work"
kill -INT $process; wait $process
expect 1 "busy: expected a training that is complete" "$dc3" report busy

# With the text encoder: its ids are kept, not its states.
texts=("$dc3" finetune data --model sd "${few[@]}" --steps 12 --lr 0.01 --sample-every 6 --train-text-encoder)
expect 0 "(lora of attention and of the text encoder's attention)" "${texts[@]}" -o texts
keys=$(LC_ALL=C head -c 40000 texts/pytorch_lora_weights.safetensors | tr -d '\0')
[[ $keys == *'"text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight"'* && $keys == *'"unet.'* ]] ||
  fail "keys: $keys"
[[ $(LC_ALL=C head -c 2000 texts/encoded.safetensors | tr -d '\0') == *'"ids"'* ]] || fail "no ids are kept"
interrupt cut_texts/samples/step-000006.png "step 6 of 12" "${texts[@]}" --recompute -o cut_texts
expect 1 "train_text_encoder was true, is false); give the same" "$dc3" finetune data --model sd \
  "${few[@]}" --steps 12 --lr 0.01 --sample-every 6 -o cut_texts
expect 0 "resuming after step " "${texts[@]}" -o cut_texts
for file in pytorch_lora_weights.safetensors samples/step-000012.png; do
  cmp {texts,cut_texts}/$file || fail "an interrupted training of texts gives another $file"
done

# The page about it: samples and curves that load nothing, and measures in which nothing is markup.
expect 0 "2 of 2 images shown" "$dc3" report lora
for text in 'after step 20' 'after step 40' 'src="data:image/png;base64,' 'Loss, mean of each hundredth' \
  '<b>40</b> steps' 'width="390"'; do grep -qF -- "$text" lora/report.html || fail "report.html has no $text"; done
set_of() { echo '{"path": "'"$1"'", "features": {"network": "teacher", "recall": '"$2"', "precision": 0.5,
  "frechet_distance": 9.5}, "inception": null}'; }
echo '{"datasets": ['"$(set_of 'held<i>' null), $(set_of gen-20/train 0.75), $(set_of gen-40/ 0.25)"']}' > measures.json
expect 0 "result: page.html" "$dc3" report lora --measures measures.json -o page.html
for text in 'held&lt;i&gt;' 'highest after step 20 (0.750), and 0.250 after step 40' 'Precision and recall' \
  '>Recall</text><path class="line" d="M'; do grep -qF -- "$text" page.html || fail "page.html has no $text"; done
! grep -q '<i>' page.html || fail "a path is markup"
expect 0 "result: again.html" "$dc3" report lora --measures measures.json -o again.html
cmp page.html again.html || fail "the same training gives another page"
echo '{}' > measures.json
expect 1 "expected what dc3 measure prints with --json" "$dc3" report lora --measures measures.json
expect 2 "--measures: is for a folder of dc3 finetune, found data" "$dc3" report data --measures measures.json
expect 1 "damaged: expected a training that is complete" "$dc3" report damaged
rm lora/report.html && echo none > lora/samples/step-000020.png
expect 0 "1 of 2 images shown" "$dc3" report lora
grep -q "step-000020.png is not shown" lora/report.html || fail "a damaged grid"

# What is complete is not trained again, and not replaced unasked; nor is anything of somebody else's.
expect 0 "lora is complete" "${lora[@]}" -o lora
expect 1 "other settings is complete here (lr was 0.01, is 0.02)" "${lora[@]}" -o lora --lr 0.02
expect 1 'complete here (lora_layers was ["attention","feed-forward","convolutions"], is ["feed-forward"])' \
  "${lora[@]}" -o lora --lora-layers feed-forward
# Of one that is replaced nothing stays among what the new one makes; other files do.
mkdir -p again/steps/000020/unet && touch again/steps/000020/unet/weights again/samples/mine.png
expect 0 "result: again" "${lora[@]}" -o again --fresh --steps 4 --sample-every 2
[[ $(ls again/samples) == $'mine.png\nstep-000002.png\nstep-000004.png' && ! -e again/steps ]] ||
  fail "what a training that was replaced leaves: $(ls again/*)"
mkdir mine && touch mine/notes
expect 2 "-o: mine holds other files" "${lora[@]}" -o mine

# Parts of it, stored as a whole model, which can be trained on.
quick=("${few[@]}" --sample-every -1)
expect 0 "result: norms" "$dc3" finetune data --model sd "${quick[@]}" --steps 2 --train bias-norm -o norms
for part in unet vae text_encoder tokenizer scheduler; do [[ -d norms/$part ]] || fail "norms has no $part"; done
cmp norms/vae/config.json sd/vae/config.json || fail "the VAE is another"
cmp -s norms/unet/diffusion_pytorch_model.safetensors sd/unet/diffusion_pytorch_model.safetensors &&
  fail "nothing was trained"
mv sd/model_index.json index
expect 1 "sd/model_index.json" "$dc3" finetune data --model sd "${quick[@]}" --steps 2 --train bias-norm -o indexless
[[ ! -e indexless ]] || fail "a model without an index is trained"
mv index sd/model_index.json
expect 0 "result: more" "$dc3" finetune data --model norms "${quick[@]}" --steps 1 --train attention -o more

# A new transformer, and one that is trained on.
new=("$dc3" finetune data --from-scratch --config dit.json --model "$mini" "${few[@]}")
expect 0 "result: dit" "${new[@]}" --steps 3 -o dit
expect 0 "  trained       all: " "$dc3" info dit
[[ $(< dit/model_index.json) == *DiTPipeline*red_fox* && -s dit/samples/step-000003.png ]] || fail "dit: $(ls dit)"
expect 0 "result: tuned" "$dc3" finetune data --model dit "${few[@]}" --steps 2 --min-snr 5 -o tuned
grep -q '"train": *"bias-norm"' tuned/finetune.json || fail "of a DiT not bias-norm is trained by default"
# What comes of both generates images.
expect 0 "2 images of 2 classes" "$dc3" generate --model dit --classes data -n 1 --steps 2 -o by_classes
expect 0 "2 images of 2 classes" "$dc3" generate --model sd --lora lora --classes data -n 1 --steps 2 -o by_texts
# What is kept on the way is what a shorter training makes, also where one was cut off.
kept=("${new[@]}" --keep-every 2 --sample-every -1)
expect 0 "result: kept" "${kept[@]}" --steps 5 -o kept
[[ $(ls kept/steps) == $'000002\n000004' ]] || fail "kept: $(ls kept/steps)"
expect 0 "result: two" "${kept[@]}" --steps 2 -o two
[[ ! -e two/steps ]] || fail "the end is kept twice"
expect 0 "result: unkept" "${new[@]}" --sample-every -1 --steps 5 -o unkept
diff -r {unkept,kept}/transformer || fail "keeping steps changes the training"
diff -r two/transformer kept/steps/000002/transformer || fail "step 2 is not what two steps make"
cmp {two,kept/steps/000002}/model_index.json || fail "the index of step 2"
expect 0 "2 images of 2 classes" "$dc3" generate --model kept/steps/000004 --classes data -n 1 --steps 2 -o by_kept
expect 0 "result: kept_lora" "${lora[@]}" --steps 3 --keep-every 2 --sample-every -1 -o kept_lora
[[ -s kept_lora/steps/000002/pytorch_lora_weights.safetensors ]] || fail "kept adapters: $(ls kept_lora/steps)"
long=("${new[@]}" --steps 60 --sample-every 30 --keep-every 25)
expect 0 "result: averages" "${long[@]}" -o averages
interrupt cut_dit/samples/step-000030.png "step 30 of 60" "${long[@]}" -o cut_dit
expect 0 "resuming after step " "${long[@]}" -o cut_dit
cmp {averages,cut_dit}/transformer/diffusion_pytorch_model.safetensors || fail "averages that were cut off differ"
[[ $(ls averages/steps) == $'000025\n000050' ]] || fail "kept on a long way: $(ls averages/steps)"
diff -r {averages,cut_dit}/steps || fail "steps kept of a training that was cut off differ"
# DiffFit's factors are kept where it is cut off, and merged into the weights at its end.
fit=("$dc3" finetune data --model dit "${few[@]}" --train bias-norm --lr 0.01 --steps 40 --sample-every 20)
expect 0 "result: fit" "${fit[@]}" -o fit
LC_ALL=C grep -q gamma fit/transformer/diffusion_pytorch_model.safetensors && fail "factors are stored apart"
interrupt cut_fit/samples/step-000020.png "step 20 of 40" "${fit[@]}" -o cut_fit
LC_ALL=C grep -q 'transformer_blocks.0.attn1.to_q.gamma' cut_fit/training.checkpoint || fail "no factors are trained"
expect 0 "resuming after step " "${fit[@]}" -o cut_fit
cmp {fit,cut_fit}/transformer/diffusion_pytorch_model.safetensors || fail "factors that were cut off differ"
interrupt first/samples/step-000001.png "step 1 of 300: loss " "${new[@]}" --steps 300 --sample-every 1 -o first
[[ $(< log) != *"loss 0.0000"* ]] || fail "no loss before a hundredth of the steps: $(< log)"
cp -r dit two_names
sed -i 's/"0": "n01440764"/"0": "n01440764, red_fox"/' two_names/model_index.json
expect 0 "note: the model's classes 0 and 1 are both called 'red_fox'" "$dc3" finetune data --model two_names \
  --train all --dry-run
[[ $output == *"note: the model does not name its classes as data does"* ]] || fail "two folders of a label: $output"
expect 0 '"estimate_seconds"' "${new[@]}" --dry-run --json
(($(sed -n 's/.*"estimate_megabytes": \([0-9]*\).*/\1/p' <<< "$output") > 20)) || fail "no networks: $output"
[[ $output == *'"steps": 225'* ]] || fail "100 times 9 images in steps of 4: $output" # rounded up
# The time is that of the grids of samples, too.
expect 0 "estimate: about" "${lora[@]}" --dry-run
[[ $output == *", 2 grids of samples in "*" s each, about "* ]] || fail "samples are not counted: $output"
expect 0 "estimate: about" "${new[@]}" --dry-run
[[ $output == *", 1 grid of samples in "*" s each, about "* ]] || fail "samples of classes are not counted: $output"
expect 0 "estimate: about" "${lora[@]}" --sample-every -1 --dry-run
[[ $output != *"samples in"* ]] || fail "samples that are not made are counted: $output"

# A page beside a model makes no other model of it.
expect 0 "2 images of 2 classes" "$dc3" generate --model tuned --classes data -n 1 --steps 2 -o by_tuned
expect 0 "1 of 1 image shown" "$dc3" report tuned
expect 0 "2 images of 2 classes, 0 of them made now" "$dc3" generate --model tuned --classes data -n 1 --steps 2 \
  -o by_tuned
rm lora/report.html
adapted=("$dc3" generate --model sd --lora lora --classes data -n 1 --steps 2 -o by_folder)
expect 0 "2 images of 2 classes" "${adapted[@]}"
expect 0 "images shown" "$dc3" report lora
expect 0 "2 images of 2 classes, 0 of them made now" "${adapted[@]}"
# What was trained generates.
generate=("$dc3" generate -n 1 --steps 2 --dtype f32 --threads 2)
for what in plain lora texts; do
  adapters=(); [[ $what != plain ]] && adapters=(--lora $what/pytorch_lora_weights.safetensors)
  expect 0 "1 image of 1 class" "${generate[@]}" --model sd -p 'a photo of a tench' "${adapters[@]}" -o by-$what
done
cmp -s by-plain/train/*/00000.png by-lora/train/*/00000.png && fail "adapters change nothing"
cmp -s by-plain/train/*/00000.png by-texts/train/*/00000.png && fail "adapters of texts change nothing"
expect 0 "2 images of 2 classes" "${generate[@]}" --model tuned --classes n01440764,red_fox -o by-dit

# Captions.
long=$(printf 'word %.0s' {1..90})
expect 0 "note: a caption of more than 40 tokens, cut there: word word" "${lora[@]}" --steps 1 --sample-every -1 \
  --template "$long{}" -o long
expect 2 "--template: expected one {}" "${lora[@]}" --template 'a photo' -o x
printf 'n01440764 tench\nred_wolf wolf\n' > names
expect 1 "names, line 2: 'red_wolf' is no class of data" "${lora[@]}" --names names -o x
echo '{"file_name": "red_fox/1.png", "text": "a fox"}' > some.jsonl
expect 1 "some.jsonl: no text of 'n01440764/1.png' of data" "${lora[@]}" --captions some.jsonl -o x

# What cannot be trained is said before anything begins.
expect 2 "--train: lora is for U-Nets" "$dc3" finetune data --model dit --train lora -o x
expect 1 "it is an editor" "$dc3" finetune data --model "$mini" -o x
expect 1 "data: expected a diffusers directory with a folder 'vae'" "$dc3" finetune data --model data -o x
expect 2 "--size: expected a multiple of 8, found 36" "${lora[@]}" --size 36 -o x
expect 2 "--from-scratch: needs --config" "$dc3" finetune data --from-scratch --model "$mini" -o x
expect 0 "(lora of attention), 32 px" "$dc3" finetune data --model sd "${few[@]}" --dry-run
expect 2 "--lora-layers: expected one of attention, feed-forward, convolutions; found 'conv'" "${lora[@]}" \
  --lora-layers attention,conv -o x
expect 2 "--lora-layers: only with --train lora" "$dc3" finetune data --model sd --train all --lora-layers attention \
  -o x
expect 2 "--train-text-encoder: only with --train lora" "$dc3" finetune data --model sd --train all \
  --train-text-encoder -o x
expect 2 "--rank: only with --train lora" "$dc3" finetune data --model sd --train all --rank 3 -o x
expect 2 "--rank: only with --train lora" "$dc3" finetune data --model dit --rank 3 -o x
images more_classes/c 1; cp -r more_classes/c more_classes/d; cp -r more_classes/c more_classes/e
expect 1 "more_classes: 3 classes, but the model has 2" "$dc3" finetune more_classes --model dit --train all -o x
expect 1 "the loss is not finite at step" "$dc3" finetune data --model sd "${quick[@]}" --train all --lr 1000 \
  --clip 0 --steps 30 -o diverged
[[ $output == *"a smaller --lr may help"* ]] || fail "what to do: $output"
if ! grep -q __asan_init "$dc3"; then # the sanitizers need more than any limit
  limited=(bash -c 'ulimit -v 4000000; exec "$@"' _)
  expect 1 "a step of 60000 images at 32 px needs about" "${limited[@]}" "${lora[@]}" --batch 60000 -o x
  [[ $output == *"; --batch "*" would fit"* ]] || fail "what would fit: $output"
fi

# A full disk.
disk=$tools/libfaulty_io.so asan="${ASAN_OPTIONS:-}:verify_asan_link_order=0:detect_leaks=0"
for file in encoded.safetensors pytorch_lora_weights.safetensors; do
  expect 1 "$file: cannot write: No space left on device" env DC3_FAULT=half:write=full/$file ASAN_OPTIONS="$asan" \
    LD_PRELOAD="$disk" "${lora[@]}" --steps 2 --sample-every -1 -o full
  [[ ! -e full/$file ]] || fail "a part of $file is left"
done
expect 0 "resuming after step 2 of 2" "${lora[@]}" --steps 2 --sample-every -1 -o full
# Samples that cannot be written lose no step, and are made when the training goes on.
expect 1 "No space left on device" env DC3_FAULT=half:write=grids/samples/ ASAN_OPTIONS="$asan" LD_PRELOAD="$disk" \
  "${lora[@]}" --steps 4 --sample-every 2 -o grids
expect 0 "resuming after step 2 of 4" "${lora[@]}" --steps 4 --sample-every 2 -o grids
[[ -s grids/samples/step-000002.png ]] || fail "the samples that could not be written are not made"

# Images that cannot be read.
cp -r data broken && echo 'no image' > broken/red_fox/0.png
lora[2]=broken
expect 1 "red_fox/0.png" "${lora[@]}" --strict -o broken_lora --steps 1
[[ $output == *"(--strict)"* && ! -e broken_lora/encoded.safetensors ]] || fail "--strict: $output"
expect 0 "skipped: red_fox/0.png: " "${lora[@]}" -o broken_lora --steps 1 --sample-every -1
expect 1 "broken: red_fox/0.png cannot be read (--strict)" "${lora[@]}" --strict -o broken_lora --steps 2 --fresh
echo "all checks passed"
