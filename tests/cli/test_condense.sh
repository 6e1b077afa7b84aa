#!/bin/bash
# The program as a user runs it, on images that the test cuts from the golden files' folder: none is needed from
# outside.
source "$2/tests/cli/support.sh"
tiny_mini

# Two classes of images, one name with a space; a damaged one, an empty one, a text, a link to nothing, a loop.
make=$(dirname "$dc3")/tests/make_image
mkdir -p data/red "data/blü e/deep" data/empty
for i in 1 2 3 4 5; do
  "$make" "data/red/r $i.png" $((40 + i)) 30 $((150 + 8 * i)) $((20 * i)) 40 || fail "make_image"
  "$make" "data/blü e/deep/b$i.png" 30 $((30 + i)) 30 $((15 * i)) $((120 + 10 * i)) || fail "make_image"
done
head -c 120 "data/red/r 1.png" > data/red/short.png
: > data/red/nothing.jpg
echo "not an image" > data/red/text.png
echo notes > data/red/notes.txt
ln -s /nowhere data/red/gone.jpg
ln -s .. data/red/loop

common=(--threads 2 --dtype f32 --size 32) plain=(--threads 2 --dtype f32 --size 32 --teacher none)
expect 0 "6 images stored" "$dc3" condense data -o out --ipc 3 "${common[@]}"
expect 0 "class 'empty' has no images" "$dc3" condense data -o out1 --ipc 1 "${plain[@]}"
[[ $(find out/train -name '*.png' | wc -l) == 6 && $(wc -l < out/train/metadata.jsonl) == 6 ]] ||
  fail "six images and six lines"
[[ $(find out1/train -name '*.png' | wc -l) == 2 ]] || fail "IPC 1 gives one a class"
grep -q nothing.jpg out/skipped.txt && grep -q text.png out/skipped.txt && grep -q short.png out/skipped.txt ||
  fail "skipped files are listed"

# The same again: the same bytes; continued: nothing is done twice; a lost image comes back as it was.
expect 0 "6 images stored" "$dc3" condense data -o again --ipc 3 "${common[@]}"
same_run out again > differences || fail "two runs differ: $(cat differences)"
victim=$(find again/train -name '*.png' | sort | head -1); rm "$victim"
expect 0 "6 edits made" "$dc3" condense data -o again --ipc 3 "${common[@]}"
[[ $output != *"there already"* ]] || fail "an image was made: $output"
same_run out again > differences || fail "a continued run differs: $(cat differences)"
expect 0 "again: all images are there already: none was made" "$dc3" condense data -o again --ipc 3 "${common[@]}"
[[ $output != *estimate* && $output != *measured* ]] || fail "an estimate of nothing: $output"
expect 0 "estimate: again is complete: no image is left to be made" "$dc3" condense data -o again --ipc 3 \
  "${common[@]}" --dry-run

# Selections are the same for any number of threads.
"$dc3" select data -o one.jsonl --ipc 3 --threads 1 --dtype f32 -q > /dev/null &&
  "$dc3" select data -o three.jsonl --ipc 3 --threads 3 --dtype f32 -q > /dev/null
diff one.jsonl three.jsonl || fail "the selection depends on threads"
expect 0 '"bin"' bash -c "'$dc3' bins data -o bins.jsonl --bins 2 -q > /dev/null; cat bins.jsonl"

# How each image was chosen: its bin, its place in the bin's order and what it added to the objective, in the list, in
# metadata.jsonl, and in a run that is resumed. The first of a bin adds most of it.
grep -c '"bin":[0-9]*,"rank":[1-3],"gain":-\{0,1\}[0-9.]*' one.jsonl | grep -qx 6 ||
  fail "select says how: $(cat one.jsonl)"
grep -q '"rank":1,' one.jsonl || fail "no bin has a first: $(cat one.jsonl)"
# An image that a class of too few gives again adds nothing; what does not maximise has no gain.
"$dc3" select data -o seven.jsonl --ipc 7 --threads 1 --dtype f32 -q > /dev/null &&
  "$dc3" select data -o herding.jsonl --ipc 3 --method herding --threads 1 --dtype f32 -q > /dev/null &&
  "$dc3" select data -o random.jsonl --ipc 3 --method random --threads 1 --dtype f32 -q > /dev/null || fail "select"
[[ $(grep -c '"gain"' seven.jsonl) == "$(sort -u <(sed 's/,"gain.*/}/' seven.jsonl) | wc -l)" ]] ||
  fail "repeated images: $(cat seven.jsonl)"
for method in herding random; do
  [[ $(field $method.jsonl rank | tr '\n' ' ') == "1 2 3 1 2 3 " ]] || fail "$method: $(cat $method.jsonl)"
  ! grep -q '"gain"\|"bin"' $method.jsonl || fail "$method: what it does not have: $(cat $method.jsonl)"
done

# A teacher: its gradients choose, the same for any number of threads; one of other classes or a damaged one is refused.
teach=$(dirname "$dc3")/tests/make_teacher
"$teach" two.safetensors 2 && "$teach" nine.safetensors 9 && head -c 5000 two.safetensors > cut.safetensors ||
  fail "make_teacher"
"$dc3" select data -o t1.jsonl --ipc 3 --threads 1 --dtype f32 --teacher two.safetensors --any-teacher -q > /dev/null ||
  fail "select with a teacher"
"$dc3" select data -o t3.jsonl --ipc 3 --threads 3 --dtype f32 --teacher two.safetensors --any-teacher -q > /dev/null
diff t1.jsonl t3.jsonl || fail "the selection with a teacher depends on threads"
for teacher in "" "--teacher two.safetensors"; do "$dc3" select data -o "b$teacher.jsonl" --ipc 3 --bins 1 \
  --any-teacher --dtype f32 $teacher -q > /dev/null || fail "select $teacher"; done
cmp -s b.jsonl "b--teacher two.safetensors.jsonl" && fail "the teacher changes nothing"
expect 0 "teacher convnet3" "$dc3" condense data -o taught --ipc 3 --teacher two.safetensors --any-teacher \
  "${common[@]}"
grep -q '"similarity": "gradients"' taught/dc3.json || fail "dc3.json does not say that gradients chose"
sources() { grep -o '"source": *"[^"]*"' "$1" | sort; }
[[ $(sources t1.jsonl) == "$(sources taught/train/metadata.jsonl)" ]] ||
  fail "condense and select choose differently"
how() { grep -o '"source":"[^"]*"\|"bin":[^}]*"gain":[^,}]*' "$1"; }
[[ $(how t1.jsonl) == "$(how taught/train/metadata.jsonl)" && $(how t1.jsonl | wc -l) == 12 ]] ||
  fail "metadata.jsonl: $(how taught/train/metadata.jsonl), select: $(how t1.jsonl)"
cp taught/train/metadata.jsonl whole.jsonl; rm taught/train/*/000-*.png
expect 0 "continuing: 6 images were selected before" "$dc3" condense data -o taught --ipc 3 \
  --teacher two.safetensors --any-teacher "${common[@]}"
cmp whole.jsonl taught/train/metadata.jsonl || fail "a resumed run says otherwise how its images were chosen"
expect 1 'other settings (teacher was "given" and is "trained by the run");' "$dc3" condense data -o taught --ipc 3 \
  "${common[@]}"
expect 1 "the teacher distinguishes 9 classes" "$dc3" condense data -o x9 --ipc 1 --teacher nine.safetensors
expect 1 "expected a resnet18, found the tensors of a convnet3" "$dc3" select data -o x.jsonl \
  --teacher two.safetensors --arch resnet18
expect 2 "takes 32 pixels only" "$dc3" select data -o x.jsonl --teacher two.safetensors --teacher-size 64
expect 1 "cut.safetensors" "$dc3" condense data -o x9 --ipc 1 --teacher cut.safetensors
expect 1 "found an object of 'os.system', of which nothing is executed" "$dc3" select data -o x.jsonl \
  --teacher "$source/tests/golden/pth/damaged/system.pth"
expect 1 "expected the tensors of a ResNet" "$dc3" select data -o x.jsonl --teacher "$source/tests/golden/pth/plain.pth"
expect 2 "--gradient: expected one of plain, double-softmax" "$dc3" select data -o x.jsonl --teacher two.safetensors \
  --gradient sharp

# More than a class has: repeated with other prompts, or refused.
expect 0 "fewer than 7" "$dc3" condense data -o many --ipc 7 "${plain[@]}"
[[ $(find many/train -name '*.png' | wc -l) == 14 ]] || fail "exactly IPC a class"
expect 1 "(--strict)" "$dc3" condense data -o strict --ipc 3 --strict "${plain[@]}"
for mode in random grid fourfold; do expect 0 "4 images stored" "$dc3" condense data -o "$mode" --ipc 2 \
  --combine $mode "${plain[@]}"; done

# Wrong use and bad input.
expect 1 "other settings (ipc was 3 and is 2" "$dc3" condense data -o out --ipc 2 "${common[@]}"
expect 0 "4 images stored" "$dc3" condense data -o out --ipc 2 --fresh "${plain[@]}"
[[ $(find out/train -name '*.png' | wc -l) == 4 ]] || fail "--fresh leaves old images"
mkdir mine && touch mine/file
expect 1 "holds files that dc3 did not make" "$dc3" condense data -o mine --ipc 1
expect 1 "found nothing there" "$dc3" condense nowhere -o x
expect 2 "did you mean --ipc" "$dc3" condense data -o x --ipx 3
expect 2 "did you mean 'condense'" "$dc3" condens
expect 2 "--ipc: expected 1 or more" "$dc3" condense data -o x --ipc 0
expect 2 "which model" "$dc3" pull
expect 2 "--fit: expected one of crop, squash, pad" "$dc3" condense data -o x --fit tall
mkdir split && ln -s ../data split/train && ln -s ../data split/val
expect 1 "did you mean split/train" "$dc3" condense split -o x
mkdir -p around/@eaDir around/split/{train,val}/red
expect 1 "did you mean around/split/train (and one of the others as --val)?" "$dc3" condense around -o x
mkdir flat && cp "data/red/r 1.png" flat/
expect 1 "no class folders" "$dc3" condense flat -o x
expect 0 "estimate" "$dc3" condense data -o dry --ipc 1 --dry-run
[[ ! -e dry ]] || fail "--dry-run makes a folder"
expect 1 "expected a diffusers directory" "$dc3" condense data -o x --editor data
expect 0 "result: e.png" "$dc3" edit "data/red/r 1.png" --prompt sunny -o e.png
expect 2 "ends with .png" "$dc3" edit "data/red/r 1.png" --prompt sunny -o e.gif
expect 0 "result: grid.png" "$dc3" contact again -o grid.png
expect 0 "Examples:" "$dc3" select --help
[[ $(head -c 4 e.png | tail -c 3) == PNG ]] || fail "e.png is no PNG"

# A damaged model: one sentence, status 1.
cp -r "$source/models/dc3-mini" model
head -c 1000000 model/unet/diffusion_pytorch_model.safetensors > cut &&
  mv cut model/unet/diffusion_pytorch_model.safetensors
expect 1 "is the file truncated?" "$dc3" condense data -o x --editor model
printf '\xff\xff\xff\x7f\0\0\0\0{}' > model/unet/diffusion_pytorch_model.safetensors
expect 1 "header claims 2147483647 bytes" "$dc3" condense data -o x --editor model
echo '{"in_channels": NaN}' > model/unet/config.json
expect 1 "not valid JSON" "$dc3" condense data -o x --editor model
echo "all checks passed"
