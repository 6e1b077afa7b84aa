#!/bin/bash
# What systems, storage and programs leave behind in folders of images is passed over with one note, by every command.
source "$(dirname "$0")/support.sh"
images plain/cat 3; images plain/dog 3; cp -r plain data

# Thumbnails below a class and beside the classes, which would be images and classes; what archivers, systems and
# programs leave; hidden files; and classes that are called like none of them.
for place in data data/cat; do
  for folder in '@eaDir/1.png' '#recycle' '@Recycle' '.@__thumb' '$RECYCLE.BIN/S-1-5-21' 'System Volume Information' \
    'lost+found' '__MACOSX/cat' '.AppleDouble' '.thumbnails' '.ipynb_checkpoints' '.git/objects' '.svn' '.stfolder' \
    '.dropbox.cache' '.Trash-1000/files' '~snapshot' 'PaxHeaders.0'; do
    mkdir -p "$place/$folder" && cp plain/dog/1.png "$place/$folder/SYNOPHOTO_THUMB_XL.png"
  done
done
for file in Thumbs.db desktop.ini .DS_Store ._1.png Picasa.ini; do echo x > "data/dog/$file"; done
cp plain/cat/1.png data/dog/SYNOPHOTO_THUMB_SM.png
expect 0 "images        6 in 2 classes" "$dc3" info data
[[ $(grep -c "passed over 36 folders and 6 files, hidden or left behind" <<< "$output") == 1 &&
  $(grep -c "skipped\|note" <<< "$output") == 1 ]] || fail "one note that counts them: $output"
# No reason to end a strict run, nor for another result.
expect 0 "passed over 36 folders" "$dc3" condense data -o out --ipc 2 --method random --strict "${common[@]}"
expect 0 "4 images stored" "$dc3" condense plain -o same --ipc 2 --method random "${common[@]}"
same_run <(cd out/train && find . -type f | sort | xargs cat) <(cd same/train && find . -type f | sort | xargs cat) ||
  fail "leftovers change what is stored"
[[ ! -e out/skipped.txt ]] || fail "what is passed over is no image: $(cat out/skipped.txt)"
mkdir -p out/train/@eaDir && cp plain/cat/1.png out/train/@eaDir/
expect 0 "2 classes" "$dc3" info out
expect 0 "passed over" "$dc3" train data --val data -o t.safetensors --epochs 1 --arch convnet3 --threads 1 --size 16
expect 0 "passed over" "$dc3" label out --teacher t.safetensors --views 1 --threads 1
expect 0 "passed over" "$dc3" evaluate out --val data --epochs 1 --threads 1 --labels hard
expect 0 "passed over" "$dc3" measure data --threads 1

# Files in formats that are not read are counted and not taken for images.
mkdir other; cp -r plain/cat other/; mkdir other/psd; echo x > other/psd/1.psd; echo x > other/psd/notes.txt
expect 0 "1 image is in formats that are not read (.psd), skipped; convert them to PNG" "$dc3" info other
[[ $output == *"images        3 in 1 class"*"1 file is not an image by its name (.txt), skipped"* ]] ||
  fail "files by their names: $output"
# And where there is nothing else, they explain it.
rm -r other/cat
expect 1 "other: found no images; expected a folder for each class with images in it (1 image is in formats that are \
not read (.psd), skipped; convert them to PNG; 1 file is not an image by its name (.txt), skipped)" \
  "$dc3" condense other -o none --ipc 1 "${common[@]}"

# The folder above a dataset of another kind, as torchvision keeps CIFAR.
mkdir -p root/cifar-10-batches-py; echo x > root/cifar-10-batches-py/data_batch_1
expect 1 "did you mean root/cifar-10-batches-py?" "$dc3" condense root -o none --ipc 1 "${common[@]}"

# The table is documented.
sed -n '/^static const char \*const names/,/^};/p' "$source/src/io/datasets/leftovers.c" | grep -o '"[^"]*"' |
  tr -d '"' > names
(($(wc -l < names) > 30)) || fail "names of leftovers: $(cat names)"
while IFS= read -r name; do
  grep -qF "\`${name%\\r}\`" "$source/docs/formats.md" || fail "docs/formats.md does not have $name"
done < names
echo "all checks passed"
