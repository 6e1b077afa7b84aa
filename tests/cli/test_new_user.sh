#!/bin/bash
# What a new user gets wrong: each is reported which file or option, what was expected and found, and what to do,
# before any work is done.
source "$(dirname "$0")/support.sh"
# says STATUS COMMAND... -- WORD...: dc3's exit status, one line that begins with dc3:, and all words in it; nothing is
# written.
says() {
  local status=$1 words=() word; shift
  while [[ $1 != -- ]]; do words+=("$1"); shift; done; shift
  expect "$status" "dc3: " timeout 120 "$dc3" "${words[@]}"
  [[ $(grep -c '^dc3: ' <<< "$output") == 1 ]] || fail "${words[*]}: expected one sentence: $output"
  for word in "$@"; do [[ $output == *"$word"* ]] || fail "${words[*]}: expected '$word' in: $output"; done
  for word in out out.* nodir c; do [[ ! -e $word ]] || fail "${words[*]}: a refused command writes $word"; done
}
for part in train val; do images photos/$part/cats 3; images photos/$part/dogs 3; done
cp -r photos listed && echo x > listed/labels.csv && mkdir flat empty && cp photos/train/cats/*.png flat &&
  cp -r photos/train holed && mkdir holed/birds
echo text > notes.txt; cp "$source/tests/golden/pth/damaged/no_pickle.pth" photos.zip && cp photos.zip zip.pth
"$tools/make_teacher" two.safetensors 2 && "$tools/make_teacher" three.safetensors 3 &&
  head -c 500 two.safetensors > cut.safetensors || fail "make_teacher"
one=photos/train/cats/1.png random=(--method random --ipc 1) hard=(--labels hard)

# DATA that is no dataset, for every command that takes one; --val likewise.
for command in "condense -o out" "compensate -o out" "bins -o out" "select -o out" "train -o out" \
  "label --teacher two.safetensors -o out" \
  "evaluate --val photos/val --labels hard" "compare --val photos/val -o c" "measure" "info"; do
  read -ra words <<< "$command"
  says 1 "${words[0]}" nowhere "${words[@]:1}" -- "nowhere: expected" "found nothing there"
  says 1 "${words[0]}" photos "${words[@]:1}" -- "photos: expected a folder for each class" "did you mean photos/train"
  says 1 "${words[0]}" flat "${words[@]:1}" -- "flat: found 3 images but no class folders" \
    "sort them into a folder for each class"
  says 1 "${words[0]}" empty "${words[@]:1}" -- "empty: found no images" "expected a folder for each class"
done
for val in "nowhere:found nothing there" "photos:did you mean photos/train" "flat:no class folders" \
  "photos.zip:found an archive" "$one:found one image"; do
  says 1 train photos/train --val "${val%%:*}" -o out -- "--val: ${val%%:*}: " "${val#*:}"
  says 1 evaluate photos/train --val "${val%%:*}" "${hard[@]}" -- "--val: ${val%%:*}: " "${val#*:}"
done
says 1 condense listed -o out -- "did you mean listed/train (and one of the others as --val)?"
says 1 condense photos.zip -o out -- "photos.zip: expected a folder" "found an archive; unpack it"
says 1 condense $one -o out -- "$one: expected a folder with a folder for each class, found one image"
says 1 condense notes.txt -o out -- "notes.txt: expected a folder with a folder for each class" "found a text"
says 1 condense photos/train/cats -o out -- "photos/train/cats: found 3 images but no class folders" \
  "give the folder above"

# Empty classes and classes that are smaller than asked for are reported, and refused with --strict.
expect 0 "class 'birds' has no images and is left out" "$dc3" condense holed -o holed-out "${random[@]}" --size 16
says 1 condense holed -o out "${random[@]}" --strict -- "class 'birds' has no images" "--strict"
expect 0 "class 'cats' has 3 readable images, fewer than 5" "$dc3" condense photos/train -o five --method random \
  --ipc 5 --size 16
says 1 condense photos/train -o out --method random --ipc 5 --strict -- "class 'cats' has 3 images, fewer than 5" \
  "--strict"
for ipc in 0 -3; do says 2 condense photos/train -o out --ipc $ipc \
  -- "--ipc: expected 1 or more images per class, found $ipc" "Try: dc3 condense --help"; done
for ipc in ten 1,10 1.5; do says 2 condense photos/train -o out --ipc $ipc \
  -- "--ipc: expected a whole number, found '$ipc'"; done
says 2 compare photos/train --val photos/val -o c --ipc 0 -- "--ipc: expected numbers from 1 on" "found '0'"
says 2 train photos/train -o out --lr fast -- "--lr: expected a number, found 'fast'"

# Train and val that are the same, or the wrong way round.
images more/cats 9 && images more/dogs 3
train=(--arch convnet3 --size 16 --epochs 1 --batch 4 --threads 1)
expect 0 "warning: --val is photos/train itself" "$dc3" train photos/train --val photos/train "${train[@]}" \
  -o same.safetensors
# The same by a link, copies under the same names, the dataset that a run is of; one class tells nothing apart.
ln -s photos/train again; cp -r photos/train copied; mkdir -p one && cp -r more/cats one/
expect 0 "warning: --val is photos/train itself" "$dc3" train photos/train --val again "${train[@]}" -o same.safetensors
expect 0 "warning: --val copied: of 6 images 6 are among those of photos/train, with the same names" \
  "$dc3" train photos/train --val copied "${train[@]}" -o same.safetensors
for name in cats dogs; do "$make" copied/$name/1.png 30 24 1 2 3 && rm copied/$name/[2-9].png || fail "make_image"; done
expect 0 "result" "$dc3" train photos/train --val copied "${train[@]}" -o same.safetensors
[[ $output != *"are among those"* ]] || fail "other images of the same names are taken for copies: $output"
expect 0 "1 image stored" "$dc3" condense one -o single --ipc 1 --method random --threads 1 --size 16
[[ $output == *"note: one has one class only, 'cats'"*"is one/cats the folder above the classes?"* ]] || fail "$output"
# Of one thing nothing is said as of several.
"$tools/make_teacher" single.safetensors 1 || fail "make_teacher"
for command in "status single" "info single" "label single --teacher single.safetensors --any-teacher --views 1" \
  "info single/soft_labels.safetensors" "take single -o taken --ipc 1" "select one -o one.csv --ipc 1 --method random" \
  "evaluate single --val one --labels hard --epochs 1 --threads 1 --dry-run" "condense one -o x --ipc 1 --dry-run" \
  "condense one -o single --ipc 1 --method random --threads 1 --size 16" "condense one -o x --ipc 2 --method random"; do
  # shellcheck disable=SC2086 # words
  output=$("$dc3" $command 2>&1) || fail "$command: $output"
  ! grep -E '(^|[^0-9.])1 (images|classes|views|edits|epochs|steps|students|tests|files|rows)([^a-z]|$)' <<< "$output" |
    grep -v ' of 1 ' || fail "$command: $output"
done
expect 0 "note: of more one class only is taken, 'cats', so that a classifier has nothing to" "$dc3" condense more \
  -o narrowed --classes cats --ipc 1 --method random --threads 1 --size 16
expect 0 "note: one has one class only, 'cats'" "$dc3" train one "${train[@]}" -o same.safetensors
expect 0 "4 images stored" "$dc3" condense photos/train -o few --ipc 2 --method random --threads 1 --size 16
expect 0 "warning: --val is the dataset that the images of few were chosen from" \
  "$dc3" evaluate few --val again --labels hard --threads 1 --size 16 --epochs 1
rm -r again copied one single narrowed few
expect 0 "warning: --val more has 12 images, more than the 6 of photos/train to train on; are the two swapped?" \
  "$dc3" train photos/train --val more "${train[@]}" -o same.safetensors
expect 0 "result" "$dc3" train more --val photos/train "${train[@]}" -o same.safetensors
[[ $output != *swapped* ]] || fail "a smaller --val is no swap"
says 1 train photos/train --val holed/cats -o out -- "no class folders"
mkdir -p others && cp -r photos/val/cats others/ && cp -r photos/val/dogs others/wolves
says 1 train photos/train --val others -o out -- "others: expected the 2 classes of photos/train" \
  "class 'dogs' is not in others"

# Teachers: missing, a folder, no weights, cut, of other classes; none where one is needed.
teachers() { # command with its words; the teacher goes last
  says 1 "$@" nowhere.pth -- "--teacher nowhere.pth: expected a classifier's file" "found nothing there" \
    "dc3 train makes one"
  says 1 "$@" photos -- "--teacher photos: expected a classifier's file" "found no file"
  says 1 "$@" small -- "found nothing there; dc3 train makes one; without --teacher, condense and compare train"
  says 1 "$@" resnet-18 -- "resnet18 is an architecture: dc3 train makes a file of one (--arch resnet18)"
  says 1 "$@" resnet18.pth -- "found nothing there; dc3 train makes one"
  says 1 "$@" hub/net -- "dc3 pull hf:hub/net fetches it, and hf:hub/net names it then"
  says 1 "$@" notes.txt -- "notes.txt: expected a safetensors file or a PyTorch checkpoint" "found a text"
  says 1 "$@" zip.pth -- "zip.pth: "
  says 1 "$@" cut.safetensors -- "cut.safetensors: " "is it truncated?"
  says 1 "$@" three.safetensors -- "three.safetensors: the teacher distinguishes 3 classes, photos/train has 2;" \
    "; a teacher must be trained on the dataset's classes"
}
teachers condense photos/train -o out --teacher
teachers label photos/train -o out --teacher
teachers evaluate photos/train --val photos/val --teacher
teachers compare photos/train --val photos/val -o c --methods random --ipc 1 --teacher
says 2 evaluate photos/train --val photos/val -- "--labels soft: expected --teacher" "found none"
says 2 label photos/train -- "--teacher: expected a classifier's file, found none"
says 2 condense photos/train -o out --method rded --teacher none -- "--method rded" "expected --teacher FILE"
says 1 evaluate photos/train --val photos/val --labels stored \
  -- "--labels stored: expected soft labels in photos/train/soft_labels.safetensors" "dc3 label makes them"
says 1 train photos/train --init nowhere -o out -- "nowhere: cannot open"

# Models.
for model in "nowhere:found nothing there" "empty:found none" "notes.txt:found none but a file"; do
  says 1 condense photos/train -o out --teacher none --editor "${model%%:*}" \
    -- "${model%%:*}: expected a diffusers directory with a model_index.json, ${model#*:}" "--editor"
  says 1 edit $one -p sunny -o out.png --editor "${model%%:*}" -- "${model%%:*}: expected a diffusers directory"
done
says 1 condense photos/train -o out --prompts nowhere -- "--prompts: nowhere: cannot open"
says 1 condense photos/train -o out --prompts notes.txt -- "notes.txt: expected lines 'warm: TEXT'"

# Where results go: nowhere, a file for a folder, a folder for a file, no such folder, not ours, the dataset itself; a
# folder that is made is no error.
says 2 condense photos/train -- "where should the result go? Use -o DIR"
says 2 condense photos/train "${random[@]}" -o notes.txt -- "-o notes.txt: expected a folder to make or to continue" \
  "is a file; choose another place"
says 2 condense photos/train "${random[@]}" -o notes.txt/below -- "-o notes.txt/below: expected a folder"
says 2 compare photos/train --val photos/val -o notes.txt -- "-o notes.txt: expected a folder"
says 1 condense photos/train "${random[@]}" -o flat -- "flat: holds files that dc3 did not make; choose a new folder"
says 1 compare photos/train --val photos/val --methods random --ipc 1 --teacher two.safetensors -o flat \
  -- "flat: holds files that dc3 compare did not make; choose a new folder"
says 1 condense photos/train "${random[@]}" -o photos/train/out \
  -- "photos/train/out: expected a folder apart from the dataset"
expect 0 "2 images stored" "$dc3" condense photos/train "${random[@]}" -o made/with/parents --size 16
for command in "train photos/train" "bins photos/train" "select photos/train" \
  "label photos/train --teacher two.safetensors" "edit $one -p sunny" "contact made/with/parents"; do
  read -ra words <<< "$command"
  says 2 "${words[@]}" -o nodir/out.png -- \
    "-o nodir/out.png: expected a place in an existing folder, found no folder nodir; create it first"
  [[ ${words[0]} == edit ]] || says 2 "${words[@]}" -o flat -- "-o: expected a file to write, found the folder flat"
done
if [[ $(id -u) != 0 ]]; then
  mkdir locked && chmod 555 locked
  says 2 condense photos/train "${random[@]}" -o locked/out \
    -- "-o locked/out: the folder locked cannot be written to" "choose another place"
  says 2 train photos/train -o locked/out -- "-o locked/out: the folder locked cannot be written to"
else
  echo "skipped: folders without the right to write, since root has it everywhere"
fi

# Words and options that are too many, missing or unknown.
says 2 condense -o out -- "which dataset?" "Try: dc3 condense --help"
says 2 condense photos/train photos/val -o out -- "expected one dataset, found 'photos/val' too"
says 2 edit -p sunny -o out.png -- "which image?"
says 2 edit $one -o out.png -- "Use --prompt TEXT"
says 2 edit $one -p sunny -- "Use -o OUT.png"
says 2 contact -o out.png -- "which run's folder?"
says 2 evaluate photos/train -- "Use --val DIR"
says 2 train photos/train -- "Use -o FILE.safetensors"
says 2 condense photos/train -o out --ipcs 3 -- "Unknown option --ipcs; did you mean --ipc?"
says 2 condense photos/train -o out --method hreding -- "--method: expected one of" "did you mean 'herding'?"
says 2 condens photos/train -- "there is no command 'condens'; did you mean 'condense'?"

# Folders and files of another kind than the command's.
says 1 contact photos/train -o out.png -- \
  "photos/train: expected a folder that dc3 condense made, found no dc3.json in it"
says 1 contact nowhere -o out.png -- "nowhere: expected a folder that dc3 condense made, found nothing there"
says 1 label photos/train --teacher two.safetensors -- "photos/train: was not made by dc3 condense" "use -o FILE"
says 1 edit photos -p sunny -o out.png -- "photos: expected an image, found a folder; dc3 compensate takes folders"
says 1 edit notes.txt -p sunny -o out.png -- "notes.txt: not an image in a format that is read (JPEG, PNG"
says 1 select --from two.safetensors -- \
  "--from two.safetensors: expected tensors 'embeddings' [n, d] and 'labels' [n], found no 'embeddings'"
says 1 info photos.zip -- "photos.zip: " "a .zip of images must be unpacked first"
echo "all checks passed"
