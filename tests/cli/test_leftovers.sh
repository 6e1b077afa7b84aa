#!/bin/bash
# What systems, storage and programs leave behind in folders of images is passed over with one note, by every command.
source "$(dirname "$0")/support.sh"
images plain/cat 3; images plain/dog 3; cp -r plain data

# Thumbnails below a class and beside the classes, which would be images and classes; what archivers, systems and
# programs leave; hidden files; and classes that are called like none of them.
for place in data data/cat; do
  for folder in '@eaDir/1.png' '#recycle' '@Recycle' '.@__thumb' '$RECYCLE.BIN/S-1-5-21' 'System Volume Information' \
    'lost+found' '__MACOSX/cat' '.AppleDouble' '.thumbnails' '.ipynb_checkpoints' '.git/objects' '.svn' '.stfolder' \
    '.dropbox.cache' '.Trash-1000/files' '~snapshot' 'PaxHeaders.0' 'found.003' '_vti_cnf' '@SynoDrive' '@sharesnap' \
    'Old Photos.photoslibrary/originals' 'Catalog Previews.lrdata' \
    '#SynoRecycle' '@appstore' LOST.DIR NKSC_PARAM _thumbs SegmentationClassPNG 1_json; do
    mkdir -p "$place/$folder" && cp plain/dog/1.png "$place/$folder/SYNOPHOTO_THUMB_XL.png"
  done
done
for file in Thumbs.db desktop.ini .DS_Store ._1.png Picasa.ini 1.json 1.xml 1.txt 1.png:Zone.Identifier '~$1.docx' \
  1.png@SynoEAStream 1.AAE 'cat_$folder$' 1.png~ classes.csv; do echo x > "data/dog/$file"; done
for file in SYNOPHOTO_THUMB_SM.png 1.sync-conflict-20230101-101010-ABCDEFG.png '1 (Conflicted copy 2023-01-01).png' \
  '1 (SynologyDrive conflict).png' '1_conflict-20230101-101010.png' Folder.jpg; do cp plain/cat/1.png "data/dog/$file"
done
expect 0 "images        6 in 2 classes" "$dc3" info data
[[ $(grep -c "passed over 62 folders and 21 files, hidden or left behind" <<< "$output") == 1 &&
  $(grep -c "skipped\|note" <<< "$output") == 1 ]] || fail "one note that counts them: $output"
# Images that are called nearly so stay.
for file in conflict.png '1 (in conflict zone).png' folder.jpg 'armed conflict.png'; do
  mkdir -p near/a && cp plain/cat/1.png "near/a/$file"; done
expect 0 "images        4 in 1 class" "$dc3" info near
# No reason to end a strict run, nor for another result.
expect 0 "passed over 62 folders" "$dc3" condense data -o out --ipc 2 --method random --strict "${common[@]}"
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
mkdir other; cp -r plain/cat other/; mkdir other/psd; echo x > other/psd/1.psd; echo x > other/psd/notes.docx
expect 0 "1 image is in formats that are not read (.psd), skipped; convert them to PNG" "$dc3" info other
[[ $output == *"images        3 in 1 class"*"1 file is not an image by its name (.docx), skipped"* ]] ||
  fail "files by their names: $output"
# And where there is nothing else, they explain it.
rm -r other/cat
expect 1 "other: found no images; expected a folder for each class with images in it (1 image is in formats that are \
not read (.psd), skipped; convert them to PNG; 1 file is not an image by its name (.docx), skipped)" \
  "$dc3" condense other -o none --ipc 1 "${common[@]}"

# The folder above a dataset of another kind, as torchvision keeps CIFAR.
mkdir -p root/cifar-10-batches-py; echo x > root/cifar-10-batches-py/data_batch_1
expect 1 "did you mean root/cifar-10-batches-py?" "$dc3" condense root -o none --ipc 1 "${common[@]}"

# What stands for an image that is not there is told from what was left behind.
cp -r plain begun; for file in .4.png.icloud 4.png.crdownload 5.JPG.part 6.webp.tmp; do echo x > "begun/cat/$file"; done
expect 0 "4 images are only begun, or kept elsewhere by iCloud (.icloud, .crdownload, .part, .tmp), skipped; let the \
download end first" "$dc3" info begun
expect 1 "4 images are only begun" "$dc3" condense begun -o none --ipc 1 --method random --strict "${common[@]}"

# Parts of a dataset are no classes; one folder too high is told; the same in a tar.
for parts in "Training Testing" "seg_train seg_test" "train2017 val2017" "TRAIN VALID" "training_set test_set"; do
  read -r train test <<< "$parts"; mkdir -p "parts/$train" "parts/$test" parts/annotations
  cp -r plain/* "parts/$train"; cp -r plain/* "parts/$test"; echo x > parts/annotations/a.xml
  expect 1 "did you mean parts/$train (and one of the others as --val)?" "$dc3" info parts
  tar -cf parts.tar parts
  expect 1 "found a dataset's parts" "$dc3" info parts.tar
  rm -r parts
done
cp -r plain vehicles; mv vehicles/cat vehicles/train; mv vehicles/dog "vehicles/test tube"; mkdir vehicles/car
cp plain/cat/1.png vehicles/car
expect 0 "images        7 in 3 classes" "$dc3" info vehicles
rm -r vehicles/car; mv vehicles/train "vehicles/training shoe" # words that go together are parts, others are not
expect 0 "images        6 in 2 classes" "$dc3" info vehicles
mkdir -p above/data; cp -r plain above/data/data; echo x > above/readme.txt
expect 0 "all images are in one class, 'data', in folders of it; if those are the classes, give above/data/data" \
  "$dc3" info above
expect 0 "in 2 classes" "$dc3" info above/data/data

# A folder of annotations alone is no class that lost its images: no reason to end a strict run.
cp -r plain yolo; mkdir yolo/labels yolo/empty; touch yolo/empty/.gitkeep; echo "0 1 2 3 4" > yolo/labels/1.txt
expect 1 "dc3: class 'empty' has no images and is left out (--strict)" \
  "$dc3" condense yolo -o none --ipc 1 --method random --strict "${common[@]}"
rm -r yolo/empty
expect 0 "class 'labels' has no images and is left out" \
  "$dc3" condense yolo -o boxes --ipc 1 --method random --strict --dry-run "${common[@]}"

# Pipes in the place of tars and batches are never opened; links to nothing beside the classes may have been classes.
for name in a.tar data_batch_1.bin data_batch_1 test_batch batches.meta; do
  mkdir pipes; mkfifo "pipes/$name"
  expect 1 "pipes: found no images" timeout -k 1 20 "$dc3" info pipes
  cp -r plain/cat pipes/
  expect 0 "1 pipe, socket or device ($name), skipped" timeout -k 1 20 "$dc3" info pipes
  rm -r pipes
done
mkfifo pipe.png
expect 1 "pipe.png: the file is empty" timeout 20 "$dc3" edit pipe.png --prompt warm -o edited.png
mkfifo pipe.npy
expect 1 "pipe.npy: not a regular file" timeout -k 1 20 "$dc3" select --from pipe.npy --ipc 1
cp -r plain linked; ln -s /nowhere/bird linked/bird; echo x > linked/LICENSE
expect 0 "linked/bird: a link to nothing, skipped" "$dc3" info linked
expect 1 "linked/bird: a link to nothing, skipped (--strict)" \
  "$dc3" condense linked -o none --ipc 1 --method random --strict "${common[@]}"
for i in 1 2 3; do ln -s /nowhere linked/cat/lost$i.png; done
expect 0 "4 links lead to nothing (bird, cat/lost1.png, cat/lost2.png, cat/lost3.png), skipped" "$dc3" condense linked \
  -o lost --ipc 1 --method random "${common[@]}"
[[ $(grep -c "a link to nothing" lost/skipped.txt) == 4 ]] || fail "links to nothing: $(cat lost/skipped.txt)"
# A name too long to be shown.
mkdir -p long/cat; cp plain/cat/* long/cat; echo x > "long/cat/.$(printf '%0200d' 1)"
expect 0 "systems and programs (..)" "$dc3" info long
# A tar beside class folders, also those of links, is what they came in.
mkdir came; ln -s ../plain/cat came/cat; ln -s ../plain/dog came/dog; tar -cf came/plain.tar plain
expect 0 "1 tar lies beside the class folders, not read" "$dc3" info came

# Datasets of other kinds are named.
mkdir -p hub/data mnist/raw; echo x > hub/data/train-00000-of-00001.parquet; echo x > mnist/raw/t10k-images-idx3-ubyte
expect 1 "it holds Parquet tables (Hugging Face), which are not read" "$dc3" info hub
expect 1 "it holds IDX files (MNIST), which are not read" "$dc3" info mnist
expect 1 "patterns are not followed: give the folder of the tars" "$dc3" measure 'a/shard-{000..004}.tar' --threads 1
expect 1 "nothing is read from a network: download it first" "$dc3" measure s3://a/b.tar --threads 1

# The tables are documented.
for table in names conflicts beginnings endings companions unfinished; do
  sed -n "/^static const char \*const $table\[/,/};/p" "$source/src/io/datasets/leftovers.c" | grep -o '"[^"]*"' |
    tr -d '"' > names
  (($(wc -l < names) > 4)) || fail "names of leftovers: $(cat names)"
  while IFS= read -r name; do
    grep -qF "\`${name%\\r}\`" "$source/docs/formats.md" || fail "docs/formats.md does not have $name"
  done < names
done
echo "all checks passed"
