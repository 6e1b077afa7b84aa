#!/bin/bash
# dc3 pull: a model comes into Hugging Face's cache, and hf:OWNER/NAME names it then; tokens; what is not there.
source "$(dirname "$0")/common.sh"
source "$(dirname "$0")/hub.sh"
mkdir -p models/t && cp -r "$source/models/dc3-mini" models/t/mini
mkdir -p models/t/mini/safety_checker && echo '{}' > models/t/mini/safety_checker/config.json
echo text > models/t/mini/README.md
echo other > models/t/mini/unet/diffusion_pytorch_model.non_ema.safetensors
tiny plain gated private half
"$tools/make_teacher" models/t/plain/teacher.safetensors 3 || fail "make_teacher"
cp models/t/plain/teacher.safetensors models/t/half/model.fp16.safetensors
mkdir models/t/adapters && cp models/t/plain/teacher.safetensors models/t/adapters/only.safetensors
serve

# Before anything is fetched: what would be; names that are not in the cache, in every option.
"$tools/make_image" picture.png 20 18 90 30 180 || fail "make_image"
expect 0 "to fetch: 29." "$dc3" pull hf:t/mini --dry-run
[[ $output == *"unet/diffusion_pytorch_model.safetensors"* && $output != *README* && $output != *safety_checker* &&
   $output != *non_ema* && ! -e $cache ]] || fail "what would be fetched: $output"
lacks() { expect 1 "hf:t/mini: not in the cache $cache; dc3 pull hf:t/mini fetches it" "$dc3" "$@"; }
lacks edit picture.png --editor hf:t/mini -p sunny -o out.png
lacks edit picture.png --lora hf:t/mini -p sunny -o out.png
lacks condense data -o out --teacher hf:t/mini
lacks evaluate data --val data --teacher a.safetensors,hf:t/mini
lacks measure data --inception hf:t/mini
lacks generate --model hf:t/mini -p sunny -o out
lacks finetune data --model hf:t/mini -o out
lacks train data --init hf:t/mini -o out
lacks info hf:t/mini
expect 2 "hf:t: expected hf:OWNER/NAME" "$dc3" info hf:t
expect 2 "did you mean hf:t/mini?" "$dc3" pull t/mini
expect 1 "dc3 pull hf:t/mini@v1 fetches it" "$dc3" info --json hf:t/mini@v1
requests=$(wc -l < hub.log)

# The whole of it; a second time nothing comes; its name is as good as its folder, without the network.
expect 0 "result: $cache/models--t--mini/snapshots/1111111111" "$dc3" pull hf:t/mini
for file in model_index.json unet/diffusion_pytorch_model.safetensors tokenizer/merges.txt; do
  cmp models/t/mini/$file "$(place mini $file)" && [[ -L $(place mini $file) ]] || fail "$file"; done
[[ ! -e $(place mini README.md) ]] || fail "README.md was fetched"
cdn=$(grep -c '"cdn"' hub.log)
expect 0 "to fetch: nothing" "$dc3" pull hf:t/mini
[[ $(grep -c '"cdn"' hub.log) == "$cdn" ]] || fail "files were fetched twice"
"$dc3" pull hf:t/mini --quiet --json > document || fail "pull --json"
"$tools/is_json" document && grep -q '"fetched_bytes": 0' document || fail "JSON: $(cat document)"
requests=$(wc -l < hub.log)
expect 0 "for --editor  yes" "$dc3" info hf:t/mini
expect 0 "result: named.png" "$dc3" edit picture.png --editor hf:t/mini -p sunny --threads 1 -o named.png
expect 0 "result: path.png" "$dc3" edit picture.png --editor models/t/mini -p sunny --threads 1 -o path.png
cmp named.png path.png || fail "the model of the cache makes another image"
expect 0 "result: $cache" env HF_HUB_OFFLINE=1 "$dc3" pull hf:t/mini
expect 1 "HF_HUB_OFFLINE is set: hf:t/plain: not in the cache" env HF_HUB_OFFLINE=1 "$dc3" pull hf:t/plain
[[ $(wc -l < hub.log) == "$requests" ]] || fail "the network was used: $(tail -1 hub.log)"

# A cache whose files are no links, as Python's package makes one where there can be none: what is there is found, and
# counted, and not fetched again; what is not comes, also where we cannot make links.
cp -rL $cache/models--t--mini copy && rm -r $cache/models--t--mini copy/blobs && mv copy $cache/models--t--mini
cdn=$(grep -c '"cdn"' hub.log)
expect 0 "for --editor  yes" "$dc3" info hf:t/mini
expect 0 "to fetch: nothing" "$dc3" pull hf:t/mini
[[ $(grep -c '"cdn"' hub.log) == "$cdn" ]] || fail "what is there without links was fetched"
[[ ! -L $(place mini model_index.json) && ! -e $cache/models--t--mini/blobs ]] || fail "a file was made a link"
expect 0 "29." "$dc3" pull --list
rm "$(place mini unet/diffusion_pytorch_model.safetensors)" "$(place mini model_index.json)"
unlinked() {
  DC3_FAULT=link:none LD_PRELOAD=$tools/libfaulty_io.so ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
    "$dc3" "$@"
}
expect 0 "result: $cache/models--t--mini" unlinked pull hf:t/mini
[[ $(grep -c '"cdn"' hub.log) == $((cdn + 2)) ]] || fail "what was fetched: $(tail -n 6 hub.log)"
for file in model_index.json unet/diffusion_pytorch_model.safetensors; do
  cmp models/t/mini/$file "$(place mini $file)" && [[ ! -L $(place mini $file) ]] || fail "$file"; done
expect 0 "to fetch: nothing" unlinked pull hf:t/mini
! compgen -G "$cache/models--t--mini/blobs/*" > /dev/null || fail "blobs beside the files"
rm -r $cache/models--t--mini && expect 0 "result" "$dc3" pull hf:t/mini

# Single files, revisions, the fp16 variant.
expect 0 "teacher.safetensors" "$dc3" pull hf:t/plain:teacher.safetensors
expect 0 "a classifier, convnet3" "$dc3" info hf:t/plain:teacher.safetensors
expect 1 "hf:t/plain:config.json: this file of the model is not in the cache" "$dc3" info hf:t/plain:config.json
expect 0 "/only.safetensors" "$dc3" pull hf:t/adapters
expect 0 "a classifier, convnet3" "$dc3" info hf:t/adapters
expect 1 "did you mean 'teacher.safetensors'?" "$dc3" pull hf:t/plain:teacher.safetensor
expect 0 "snapshots/22222222" "$dc3" pull hf:t/plain@v1
echo 2222222222222222222222222222222222222222 > $cache/models--t--plain/refs/main
expect 0 "note: hf:t/plain: main is at 111111111111 now; the file is of 222222222222" \
  "$dc3" pull hf:t/plain:teacher.safetensors
[[ $output == *snapshots/22222222*/teacher.safetensors* ]] || fail "a file of another commit: $output"
expect 0 "result: $cache/models--t--plain/snapshots/11111111" "$dc3" pull hf:t/plain
expect 1 "has no branch, tag or commit 'v2' at $HF_ENDPOINT; did you mean 'v1'?" "$dc3" pull hf:t/plain@v2
expect 0 "result" "$dc3" pull hf:t/half --fp16
[[ -e $(place half model.fp16.safetensors) && ! -e $(place half model.safetensors) ]] || fail "the variant fp16"
expect 0 "folder of transformers or timm" "$dc3" info hf:t/half
expect 2 "--fp16: hf:t/plain has no weights of the variant" "$dc3" pull hf:t/plain --fp16

# Models that are not there, and those that are not for everybody. A token goes to the hub alone, and nowhere else.
expect 1 "hf:t/plane: no such model at $HF_ENDPOINT, unless it is a private one" "$dc3" pull hf:t/plane
[[ $output == *"did you mean 't/plain'?"* ]] || fail "near names: $output"
expect 1 "wants terms to be accepted, which your account does at $HF_ENDPOINT/t/gated" "$dc3" pull hf:t/gated
[[ $output == *"$HF_ENDPOINT/settings/tokens, goes into HF_TOKEN or the file $HF_HOME/token"* ]] || fail "$output"
expect 1 "no such model" "$dc3" pull hf:t/private
! grep -q Bearer hub.log || fail "there is no token to send"
expect 1 "the token that was sent is of HF_TOKEN or" env HF_TOKEN=hf_secret "$dc3" pull hf:t/gated
[[ $output != *hf_secret* ]] || fail "the token is shown: $output"
expect 1 "refuses it (error 401)" env HF_TOKEN=hf_secret "$dc3" pull hf:t/private
expect 2 "HF_TOKEN: expected a token in one line" env HF_TOKEN=$'hf_secret\nX: y' "$dc3" pull hf:t/private
[[ $output != *hf_secret* ]] || fail "the token is shown: $output"
echo good > $HF_HOME/token
pulls gated
expect 0 "result" env HF_HOME=$work/elsewhere HOME=$HF_HOME HF_TOKEN_PATH='~/token' "$dc3" pull hf:t/private
expect 1 "no such model" env HF_HUB_DISABLE_IMPLICIT_TOKEN=1 "$dc3" pull hf:t/private
expect 2 "HF_ENDPOINT: http://no-such-host.invalid would be sent your token unencrypted" \
  env HF_ENDPOINT=http://no-such-host.invalid "$dc3" pull hf:t/private
expect 2 "the token cannot be read" env HF_TOKEN_PATH=$work "$dc3" pull hf:t/private
rm $HF_HOME/token
expect 0 "result" env HF_HOME=$work/other HUGGING_FACE_HUB_TOKEN=good "$dc3" pull hf:t/private
HF_TOKEN=good pulls private
grep '"cdn"' hub.log | grep -q private || fail "the large file is not on the other host"
! grep '"cdn"' hub.log | grep -q Bearer || fail "the token followed a redirect to another host"

# What the cache has, and removing it.
mkdir $cache/models--gpt2 $cache/models--a--b--c $cache/models--$'\e[2J'--x $cache/datasets--t--data
expect 0 "hf:t/mini  main" "$dc3" pull --list
[[ $output != *gpt2* && $output != *hf:a* && $output != *$'\e'* && $output != *data* ]] || fail "other entries: $output"
[[ $output == *"hf:t/plain  main, v1"* || $output == *"hf:t/plain  v1, main"* ]] || fail "revisions: $output"
"$dc3" pull --list --json > document && "$tools/is_json" document || fail "list as JSON"
expect 0 "removed: hf:t/mini, 29." "$dc3" pull --remove hf:t/mini
[[ ! -e $cache/models--t--mini && ! -e $cache/.locks/models--t--mini && -e $cache/models--t--plain ]] ||
  fail "what is removed"
expect 1 "hf:t/mini: not in the cache" "$dc3" pull --remove hf:t/mini
expect 2 "removed with all its revisions and files; give hf:t/plain" "$dc3" pull --remove hf:t/plain@v1
expect 2 "which model?" "$dc3" pull --remove
expect 2 "expected one of" "$dc3" pull --remove --list
expect 0 "no models" env HF_HOME=$work/none "$dc3" pull --list
