#!/bin/bash
# Lists of dc3 select and dc3 bins as tables: what was chosen and why, which is a manifest too.
source "$(dirname "$0")/support.sh"
images data/cat 6; images "data/dog, small" 5
cp data/cat/1.png data/cat/same.png
select=("$dc3" select data --ipc 2 --bins 2 --threads 1 --dtype f32)
head="path,label,image,method,objective,bin,rank,gain,repeat,box,stands_for"

# The rows say what the lines say.
expect 0 "4 images selected" "${select[@]}" -o chosen.jsonl
expect 0 "result: chosen.csv" "${select[@]}" -o chosen.csv
[[ $(head -1 chosen.csv) == "$head" && $(wc -l < chosen.csv) == 5 ]] || fail "chosen.csv: $(< chosen.csv)"
while IFS= read -r line; do
  IFS='|' read -r image class bin rank < <(sed -E \
    's/.*"source":"([^"]*)".*"class":"([^"]*)".*"bin":([0-9]+),"rank":([0-9]+),.*/\1|\2|\3|\4/' <<< "$line")
  [[ $image == *,* ]] && quote='"' || quote=
  row="$quote$work/data/$image$quote,$quote$class$quote,$quote$image$quote,dc3,graph-cut,$bin,$rank,"
  grep -qF "$row" chosen.csv || fail "no row $row in $(< chosen.csv)"
done < chosen.jsonl
expect 0 "1 of them again" "$dc3" select data --ipc 6 --bins 2 --threads 1 --dtype f32 -o all.csv
grep -q ',cat/1.png,dc3,graph-cut,.*,cat/same.png$' all.csv || fail "a copy is not told: $(< all.csv)"
grep -qE '^"?[^,]*/data/dog.*,dc3,graph-cut,[01],1,,1,,$' all.csv || fail "the repeat is not told: $(< all.csv)"
expect 0 "" "$dc3" select data --ipc 1 --method random --threads 1 -o random.csv
grep -qF "cat,cat/" random.csv && ! grep -q graph-cut random.csv || fail "random.csv: $(< random.csv)"
cp chosen.csv first.csv

# It is a dataset: images of it, wherever it lies, under their classes.
mkdir elsewhere && cp chosen.csv elsewhere
expect 0 "elsewhere/chosen.csv: a dataset (manifest)"$'\n'"  images        4 in 2 classes" \
  "$dc3" info elsewhere/chosen.csv
expect 0 "4 images stored" "$dc3" condense elsewhere/chosen.csv --ipc 2 --method random -o small --no-report \
  "${common[@]}"
[[ -d "small/train/dog, small" ]] || fail "classes: $(ls small/train)"

expect 1 "chosen.csv: a table, expected a list in lines of JSON, which dc3 select writes as FILE.jsonl" \
  "$dc3" compensate data --list chosen.csv -o no --threads 1

# Bins of all images.
expect 0 "result: bins.csv" "$dc3" bins data --bins 2 --threads 1 --dtype f32 -o bins.csv
[[ $(head -1 bins.csv) == "path,label,image,bin" && $(wc -l < bins.csv) == 12 ]] || fail "bins.csv: $(< bins.csv)"
grep -qE "^$work/data/cat/3.png,cat,cat/3.png,[01]$" bins.csv || fail "bins.csv: $(< bins.csv)"
expect 0 "11 images in 2 classes" "$dc3" train bins.csv -o t.safetensors --epochs 1 --arch convnet3 \
  --threads 1 --size 16

# Groups of a manifest stay, so that what is held out of the list has none in common with the rest.
{
  echo path,label,group,split
  for i in 1 2 3 4 5; do
    echo "data/cat/$i.png,cat,g$((i % 2)),train"
    echo "\"data/dog, small/$i.png\",dog,$([[ $i == 1 ]] || echo h),train"
  done
} > m.csv
expect 0 "" "$dc3" select m.csv --ipc 5 --method random --threads 1 -o grouped.csv
[[ $(head -1 grouped.csv) == "$head,group" ]] || fail "groups: $(< grouped.csv)"
groups() { grep -E "/data/$1/?.*[0-9].png" grouped.csv | sed 's/.*,//' | sort | uniq -c | tr -s ' \n' ' '; }
[[ $(groups cat) == " 3 1 2 2 " && $(groups dog) == " 1 4 3 " ]] || fail "groups: $(< grouped.csv)"
expect 0 "" "$dc3" bins m.csv --bins 2 --threads 1 --dtype f32 -o grouped-bins.csv
[[ $(head -1 grouped-bins.csv) == "path,label,image,bin,group" ]] || fail "groups: $(< grouped-bins.csv)"

# Images in tars have a name and no path.
tar cf data.tar data || fail "tar"
expect 0 "" "$dc3" select data.tar --ipc 1 --method random --threads 1 -o tar.csv
grep -qE '^,cat,data.tar/data/cat/[a-z0-9]*.png,random,' tar.csv || fail "tar.csv: $(< tar.csv)"

# Written over its like; nothing else is replaced, and no other ending taken.
expect 0 "result: chosen.csv" "${select[@]}" -o chosen.csv
cmp chosen.csv first.csv || fail "the same selection has other bytes"
echo "name,age" > mine.csv
expect 2 "mine.csv" "${select[@]}" -o mine.csv
[[ $(< mine.csv) == "name,age" ]] || fail "a file of somebody else's was replaced"
expect 2 "expected a name that ends with .jsonl, .ndjson or .csv" "${select[@]}" -o chosen.txt
expect 2 "elsewhere/chosen.csv" "$dc3" select elsewhere/chosen.csv --ipc 1 -o elsewhere/chosen.csv
echo "all checks passed"
