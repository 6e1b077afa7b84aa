# The head of each test of the command line: PROGRAM SOURCE are its arguments; it runs in a folder of its own.
# shellcheck shell=bash
dc3=$1 source=$2 tools=$(dirname "$1")/tests
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT
export DC3_BACKBONE=none # whether the one of make deps is there or not
cd "$work" || exit 1
fail() { echo "FAILED: $1"; exit 1; }
# same_run A B: prints how two run folders differ, but for what holds times; 0 if they do not.
same_run() { diff -r -x state.db -x report.html "$1" "$2"; }
expect() { # status, text that must be in the output, command...
  local status=$1 text=$2; shift 2
  output=$("$@" 2>&1); local found=$?
  [[ $found == "$status" ]] || fail "$*: status $found, expected $status: $output"
  [[ $output == *"$text"* ]] || fail "$*: expected '$text' in: $output"
}
# blue_and_red COUNT STEP: the folders train and val, COUNT images each of the classes blue and red, whose other colour
# grows by STEP.
blue_and_red() {
  local i set
  for set in train val; do
    mkdir -p $set/blue $set/red
    for ((i = 1; i <= $1; i++)); do
      "$tools/make_image" "$set/blue/$i.png" 20 18 $(($2 * i)) 30 180 &&
        "$tools/make_image" "$set/red/$i.png" 18 20 180 $(($2 * i)) 20 || fail "make_image"
    done
  done
}
# sixty_of_each FOLDER: 60 images of each of the classes blue and red, which any network but a blind one tells apart.
sixty_of_each() {
  mkdir -p "$1/blue" "$1/red"
  local i
  for i in {1..60}; do
    "$tools/make_image" "$1/blue/$i.png" 36 34 $((2 * i)) $((i % 7 * 9)) 180 &&
      "$tools/make_image" "$1/red/$i.png" 34 36 180 $((2 * i)) 30 || fail "make_image"
  done
}
# several FROM FOLDER COUNT [ALL]: so many of each class of ALL (60) images, some of them again, as links.
several() {
  mkdir -p "$2/blue" "$2/red"
  perl -e 'my ($from, $folder, $count, $all) = (@ARGV, 60); for my $class ("blue", "red") { for my $i (1 .. $count) {
    link "$from/$class/" . ($i % $all + 1) . ".png", "$folder/$class/$i.png" or die "$folder: $!\n" } }' "$@" ||
    fail "link"
}
# tiny_editor FOLDER: a random model that edits images of 16 px in one step, for what does not ask what the edits look
# like; dc3-mini takes four times as long or more.
tiny_editor() {
  local mini=$source/models/dc3-mini/tokenizer end='"<|startoftext|>": 598, "<|endoftext|>": 599}'
  mkdir "$1" && cp -r "$source"/tests/golden/ip2p/{scheduler,text_encoder,unet,vae} "$mini" "$1" &&
    head -87 "$mini/merges.txt" > "$1/tokenizer/merges.txt" &&
    sed "s/: 597, .*/: 597, $end/" "$mini/vocab.json" > "$1/tokenizer/vocab.json" || fail "tiny_editor"
  echo '{"_class_name": "StableDiffusionInstructPix2PixPipeline", "dc3": {"resolution": 16, "steps": 1}}' \
    > "$1/model_index.json"
}
# tiny_mini: one of these is the editor where none is named.
tiny_mini() { mkdir "$work/.models" && tiny_editor "$work/.models/dc3-mini" && export DC3_MODELS=$work/.models; }
# interrupt PATTERN TEXT command...: SIGINT once there is such a file and such a text in what it prints (in the file
# log); it must end as interrupted, and say how to continue.
interrupt() {
  local pattern=$1 text=$2 process status i; shift 2
  : > log
  "$@" > log 2>&1 & process=$!
  for ((i = 0; i < 4000; i++)); do compgen -G "$pattern" > /dev/null && [[ $(< log) == *"$text"* ]] && break;
    sleep 0.01; done
  kill -INT $process; wait $process; status=$?
  [[ $status == 130 && $(< log) == *"interrupted; "*"o continue: "*"the same command"* ]] ||
    fail "interrupted $*: status $status: $(< log)"
}
[[ -f $source/models/dc3-mini/unet/diffusion_pytorch_model.safetensors ]] || {
  echo "skipped: models/dc3-mini has no weights"; exit 77; }
