#!/bin/bash
# What a run writes and removes: its own files and no others.
source "$(dirname "$0")/support.sh"
tiny_mini

# --fresh removes what the run made, once everything else is known to be right.
images data/a 3; images data/b 3
cp -r data saved
expect 0 "4 images stored" "$dc3" condense data -o out --ipc 2 --teacher none "${common[@]}"
cp -r out before
expect 0 "estimate" "$dc3" condense data -o out --ipc 1 --fresh --dry-run "${common[@]}"
diff -r out before || fail "--fresh --dry-run changes the folder"
expect 1 "truncated" bash -c \
  "cp -r '$source/models/dc3-mini' model; head -c 1000000 model/unet/*.safetensors > cut
  mv cut model/unet/diffusion_pytorch_model.safetensors
  '$dc3' condense data -o out --ipc 1 --fresh --editor model ${common[*]}"
expect 2 "--sampler: expected one of" "$dc3" condense data -o out --ipc 1 --fresh --sampler none "${common[@]}"
diff -r out before || fail "--fresh with a wrong option changes the folder"
echo mine > out/train/a/mine.txt; echo mine > out/notes.txt; ln -s "$PWD/data/b/1.png" out/train/b/link.png
expect 0 "2 images stored" "$dc3" condense data -o out --ipc 1 --fresh --teacher none "${common[@]}"
[[ $(find out/train -name '*.png' -type f | wc -l) == 2 && -f out/train/a/mine.txt && -f out/notes.txt &&
  -L out/train/b/link.png ]] || fail "--fresh removes too much or too little"

# Neither the dataset in the run's folder nor the other way round, nor by way of links.
cp -r before q
expect 1 "apart from the dataset" "$dc3" compensate q/train -o q --fresh "${common[@]}"
expect 1 "apart from the dataset" "$dc3" condense data -o data/a/out "${common[@]}"
ln -s data/a linked
expect 1 "apart from the dataset" "$dc3" condense data -o linked/out "${common[@]}"
[[ ! -e data/a/out ]] || fail "a refused run makes a folder"
diff -r q before || fail "a refused run changes the dataset"
# OUT/train as a link to the originals: refused, nothing lost.
rm -r q/train; ln -s ../data q/train
expect 1 "found a symbolic link" "$dc3" condense saved -o q --ipc 2 --fresh "${common[@]}"
rm q/train; mkdir q/train; ln -s ../../data/a q/train/a
expect 1 "found a symbolic link" "$dc3" condense saved -o q --ipc 2 --fresh "${common[@]}"
rm -rf q/train q/edits; mkdir elsewhere; ln -s ../elsewhere q/edits
expect 1 "q/edits: expected a folder, found a symbolic link" "$dc3" condense saved -o q --ipc 2 --fresh "${common[@]}"
diff -r data saved && rmdir elsewhere || fail "originals are lost, or edits are kept elsewhere"
# Without a standard error, messages are not written into the file that would have its number: the lock.
cp -r before quiet; touch quiet/.lock; ln quiet/.lock held
"$dc3" condense saved -o quiet --ipc 2 --fresh --teacher none "${common[@]}" > /dev/null 2>&- ||
  fail "no standard error: status $?"
[[ $(wc -l < held) == 1 && $(< held) == "process "* ]] || fail "messages in the lock: $(cat held)"
echo "all checks passed"
