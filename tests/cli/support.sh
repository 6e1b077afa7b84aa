# What more the tests of folders, names and options share.
source "$2/tests/cli/common.sh"
make=$tools/make_image
# images FOLDER COUNT: images 1.png to COUNT.png.
images() {
  mkdir -p "$1"
  for ((i = 1; i <= $2; i++)); do "$make" "$1/$i.png" 30 24 $((40 + 20 * i)) $((150 - 9 * i)) $((10 * i)) ||
    fail "make_image"; done
}
# field FILE.jsonl NAME: the member's values, a line each.
field() { sed -n 's/.*"'"$2"'": *"\{0,1\}\([^",}]*\).*/\1/p' "$1"; }
# tiny_editor FOLDER: a random model that edits images of 16 px in one step, for what does not ask what the edits look
# like; dc3-mini takes four times as long.
tiny_editor() {
  local mini=$source/models/dc3-mini/tokenizer end='"<|startoftext|>": 598, "<|endoftext|>": 599}'
  mkdir "$1" && cp -r "$source"/tests/golden/ip2p/{scheduler,text_encoder,unet,vae} "$mini" "$1" &&
    head -87 "$mini/merges.txt" > "$1/tokenizer/merges.txt" &&
    sed "s/: 597, .*/: 597, $end/" "$mini/vocab.json" > "$1/tokenizer/vocab.json" || fail "tiny_editor"
  echo '{"_class_name": "StableDiffusionInstructPix2PixPipeline", "dc3": {"resolution": 16, "steps": 1}}' \
    > "$1/model_index.json"
}
common=(--threads 1 --dtype f32 --size 16)
