#!/bin/bash
# DATA as a manifest, its splits, classes that are taken or left out, and a folder without classes, as users give them
# to the commands.
source "$2/tests/cli/support.sh"
for class in ant bee cow; do images photos/$class 6; images more/$class 2; done
rm photos/cow/[3-6].png
{
  printf '\xef\xbb\xbfsplit,label,path\r\n'
  for class in ant bee cow; do
    for image in photos/$class/*.png; do printf 'train,%s,%s\r\n' $class "$image"; done
    for image in more/$class/*.png; do printf '"val",%s,"%s"\r\n' $class "$PWD/$image"; done
  done
} > list.csv
{
  for class in ant bee cow; do
    for image in photos/$class/*.png; do echo "{\"path\": \"$image\", \"label\": \"$class\", \"group\": 1}"; done
  done
} > list.jsonl
random=(--method random --threads 1 --size 16 --no-report)
select=("$dc3" select --method random --threads 1 -q)
sources() { field "$1" source; }

# The same images, in the same order, as of the folder.
"${select[@]}" photos --ipc 2 -o folder.txt.jsonl > out && "${select[@]}" list.jsonl --ipc 2 -o lines.jsonl > out &&
  "${select[@]}" list.csv --ipc 2 -o csv.jsonl > out || fail "select: $(< out)"
[[ $(sources folder.txt.jsonl | sed 's|^|photos/|') == "$(sources lines.jsonl)" ]] || fail "$(< lines.jsonl)"
cmp lines.jsonl csv.jsonl || fail "csv and jsonl differ"
expect 0 "note: list.csv: the rows of the split train are taken (14), not those of val (6)" "$dc3" condense \
  list.csv -o run --ipc 2 "${random[@]}"
expect 0 "6 images stored" "$dc3" condense photos -o plain --ipc 2 "${random[@]}"
for image in plain/train/*/*.png; do cmp "$image" "run/${image#plain/}" || fail "$image"; done
expect 0 "6 images stored" "$dc3" condense list.csv -o val --ipc 2 "${random[@]}" --split val
grep -q '"split": "val"' val/dc3.json || fail "dc3.json names no split: $(< val/dc3.json)"
sources val/train/metadata.jsonl | grep -v "^$PWD/more/" && fail "another split is in it"
expect 1 'split was "val"' "$dc3" condense list.csv -o val --ipc 2 "${random[@]}"
expect 0 "manifest" "$dc3" info list.csv
for run in run val; do
  expect 0 "6 of 6 images shown, 6 beside" "$dc3" report $run --threads 1
  expect 0 "" "$dc3" contact $run -o $run.png
done
one_epoch=(--arch convnet3 --labels hard --epochs 1 --threads 1 --seeds 1 --batch 4)
"$dc3" evaluate run --val list.csv "${one_epoch[@]}" > out 2>&1 && ! grep warning out || fail "val: $(< out)"
expect 0 "warning: --val is the dataset that the images of run were chosen from" "$dc3" evaluate run --val list.csv \
  --val-split train "${one_epoch[@]}"
"$dc3" report run --threads 1 -q && grep -q "6 images of list.csv<" run/report.html &&
  grep -q "14 images of list.csv (split train), from which the run" run/report.html ||
  fail "the page does not tell tests apart"
expect 2 "--val-split: list.csv: expected one of train, val, found 'vla'" "$dc3" train list.csv --val list.csv \
  --val-split vla -o t.safetensors
expect 0 "6 images stored" "$dc3" condense list.csv -o linked --ipc 2 --method random --threads 1 --store link
expect 0 "top-1" "$dc3" train list.csv --val list.csv --arch convnet3 --epochs 1 --threads 1 --size 16 -o t.safetensors

# Labels that cannot be names of folders: a run's classes are those of its manifest all the same.
sed 's/,ant,/,animals\/ant,/; s/,bee,/,.bee,/; s/"ant"/"animals\/ant"/; s/"bee"/".bee"/' list.csv > odd.csv
expect 0 "6 images stored" "$dc3" condense odd.csv -o odd --ipc 2 "${random[@]}"
[[ ! -d odd/train/animals && ! -d odd/train/.bee ]] || fail "folders: $(ls -a odd/train)"
student=(--arch convnet3 --labels hard --epochs 1 --threads 1 --seeds 1 --batch 4)
expect 0 "convnet3" "$dc3" evaluate odd --val odd.csv "${student[@]}"
expect 0 "4 images stored" "$dc3" condense odd.csv -o some --ipc 2 "${random[@]}" --classes animals/ant,.bee
expect 0 "convnet3" "$dc3" evaluate some --val odd.csv "${student[@]}"
expect 1 "class '.bee' is not in list.csv" "$dc3" evaluate odd --val list.csv "${student[@]}"

# What is wrong names the line; what is missing is skipped, and is not with --strict.
sed '4s|photos/ant/3.png|photos/ant/gone.png|' list.csv > gone.csv
expect 0 "gone.csv: line 4: " "$dc3" condense gone.csv -o gone --ipc 2 "${random[@]}"
grep -q "photos/ant/gone.png" gone/skipped.txt || fail "skipped.txt: $(< gone/skipped.txt)"
"$dc3" status gone --json | grep -q '"skipped": 1' || fail "status: $("$dc3" status gone)"
expect 1 "expected an image, found nothing there" "$dc3" condense gone.csv -o x --ipc 2 "${random[@]}" --strict
sed '5s/ant//' list.csv > bad.csv
expect 1 "bad.csv: line 5: expected a path and a label, found no label" "$dc3" condense bad.csv -o x --ipc 1 \
  "${random[@]}"
sed 1d list.csv > headless.csv
expect 1 "expected a header" "$dc3" condense headless.csv -o x --ipc 1 "${random[@]}"
expect 2 "--split: list.csv: expected one of train, val, found 'tran'" "$dc3" condense list.csv -o x --split tran
expect 2 "--split: chooses rows of a manifest" "$dc3" condense photos -o x --split train

# Classes that are taken or left out, of the tests too; a run knows that its classes are some of many.
expect 0 "note: 2 of 3 classes are taken" "$dc3" condense photos -o two --ipc 2 "${random[@]}" --classes cow,ant
[[ $(cd two/train && echo */) == "ant/ cow/" ]] || fail "classes: $(ls two/train)"
grep -q '"label":1,"class":"cow"' two/train/metadata.jsonl || fail "numbers: $(< two/train/metadata.jsonl)"
printf 'bee\n' > names
expect 0 "4 images stored" "$dc3" condense photos -o rest --ipc 2 "${random[@]}" --without-classes names
diff -r two/train rest/train || fail "the list and the file differ"
expect 0 "4 of 4 images shown, 4 beside" "$dc3" report two --threads 1
expect 0 "convnet3" "$dc3" evaluate two --val more --arch convnet3 --labels hard --epochs 1 --threads 1 --seeds 1 \
  --batch 2
expect 0 "top-1" "$dc3" train photos --val more --classes ant,bee --arch convnet3 --epochs 1 --threads 1 --size 16 \
  -o two.safetensors
table=("$dc3" compare photos --val more --methods random --ipc 1 --labels hard --teacher none --threads 1 --seeds 1
  --epochs 1 --size 16 -o table -q)
expect 0 "table.txt" "${table[@]}" --classes ant,bee
expect 1 "table: holds scores of another 'classes'" "${table[@]}"
expect 1 "table: holds scores of another 'classes'" "${table[@]}" --classes ant,cow
expect 1 "'classes' and 'without_classes'" "${table[@]}" --without-classes cow
expect 0 "table.txt" "${table[@]}" --classes ant,bee
expect 0 'classes ["ant","bee"]' "$dc3" info table
expect 2 "--classes: 'art' is no class of photos; the nearest is 'ant'" "$dc3" condense photos -o x --classes art,bee
expect 2 "--without-classes: expected it or --classes" "$dc3" select photos -o x --classes ant --without-classes bee

# One class of all.
mkdir pile && cp photos/ant/*.png pile && cp -r photos/bee pile
"$dc3" condense pile -o one --ipc 5 "${random[@]}" --unlabelled > out 2>&1 && ! grep "one class only" out ||
  fail "unlabelled: $(< out)"
[[ $(ls one/train) == $'images\nmetadata.jsonl' ]] || fail "unlabelled: $(ls one/train)"
expect 0 "5 of 5 images shown, 5 beside" "$dc3" report one --threads 1
tiny_editor tiny
expect 0 "3 images stored" "$dc3" condense pile -o chosen --ipc 3 --unlabelled --method dc3-select --editor tiny \
  --no-report "${common[@]}"
[[ ! -e chosen/teacher.safetensors ]] || fail "a teacher of one class was trained"
"$tools/make_teacher" three.safetensors 3 || fail "make_teacher"
classless="one/dc3.json: the run was made of images without classes (--unlabelled), which"
expect 1 "$classless students need" "$dc3" evaluate one --val pile --epochs 1 --threads 1
expect 1 "$classless soft labels need" "$dc3" label one --teacher three.safetensors --threads 1
expect 2 "--unlabelled: images without classes have no teacher, which --selection herding needs" "$dc3" condense \
  pile -o x --unlabelled --method dc3-select --selection herding --editor tiny
expect 2 "--unlabelled" "$dc3" train pile --unlabelled -o x.safetensors
expect 2 "--unlabelled: expected a folder of images" "$dc3" condense list.csv -o x --unlabelled
[[ ! -e x ]] || fail "a refused command makes a folder"
echo "all checks passed"
