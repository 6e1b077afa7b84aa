#!/bin/bash
# dc3 duplicates: images that are the same or nearly, which stay, and labels that contradict each other.
source "$(dirname "$0")/support.sh"
# paint FILE SIDE SEED [MIRRORED]: a texture that depends on the seed alone, at any size.
paint() {
  awk -v n="$2" -v s="$3" -v m="${4:-0}" 'BEGIN {
    print "P3", n, n, 255 # of random signs that are the same in every awk
    for (k = -20; k < 225; k++) { s = (s + 1) * 16807 % 2147483647; a[k] = s < 1073741824 ? -9 : 9 }
    for (i = 0; i < n; i++) for (k = 0; k < 15; k++) w[i, k] = cos(3.14159 * (i + .5) / n * (k + 1))
    for (i = 0; i < n; i++) for (j = 0; j < n; j++) {
      c = 120; x = m ? n - 1 - j : j
      for (k = 0; k < 225; k++) c += a[k] * w[x, k % 15] * w[i, int(k / 15)]
      c = int(c < 0 ? 0 : c > 235 ? 235 : c); print c, c + 9, c + 20 } }' > "$1"
}
mkdir -p data/a data/b
for i in 1 2 3 4; do paint data/a/$i.ppm 40 $i; paint data/b/$i.ppm 40 $((i + 4)); done
expect 0 "0 to leave out: 0 copies and 0 near-duplicates" "$dc3" duplicates data
[[ $output != *stays* && $output == *"8 images in 2 classes"* ]] || fail "no groups there: $output"
expect 0 '"groups": []' "$dc3" duplicates data --json -q

# A copy; the same pixels in another file; a smaller one and a larger one; a mirrored one; one with loss; in class b the
# image of a. The larger one stays, of the others the first by name.
cp data/a/1.ppm data/a/5.ppm
{ cat data/a/1.ppm; echo "# more"; } > data/a/6.ppm
paint data/a/7.ppm 30 2; paint data/a/8.ppm 50 2
paint data/a/9.ppm 40 3 1
cp data/a/4.ppm data/b/9.ppm
mkdir -p one/x && cp data/b/1.ppm one/x
expect 0 "1 image stored" "$dc3" condense one -o loss --method random --ipc 1 --format jpeg:80 --no-report \
  --teacher none "${common[@]:2}"
cp loss/train/x/*.jpg data/b/5.jpg
head -c 300 data/b/2.ppm > data/b/broken.ppm
expect 0 "6 to leave out: 2 copies and 4 near-duplicates" "$dc3" duplicates data -o alike
text=$output
for line in "skipped: " "1 group of images that are alike, with different labels" \
  "LABELS CONTRADICT: 2 images with 2 different labels" "stays  b/9.ppm  40 x 40  class b; as a/4.ppm: the same image" \
  "3 images, of which 2 go" "stays  a/8.ppm  50 x 50" "goes   a/7.ppm  30 x 30; as a/8.ppm: " \
  "goes   a/5.ppm  40 x 40; as a/1.ppm: the same image" "goes   a/9.ppm  40 x 40; as a/3.ppm: mirrored, " \
  "goes   b/5.jpg  16 x 16; as b/1.ppm: " "of which 1 cannot be read" "result: alike"; do
  [[ $text == *"$line"* ]] || fail "expected '$line' in: $text"
done
[[ ${text%%LABELS*} != *stays* ]] || fail "contradictions do not come first: $text"
[[ $(< alike/left_out.txt) == "$(printf 'a/%s\n' 2.ppm 5.ppm 6.ppm 7.ppm 9.ppm; echo b/5.jpg)" ]] ||
  fail "left_out.txt: $(< alike/left_out.txt)"
"$tools/is_json" alike/duplicates.json || fail "duplicates.json is no JSON"
[[ $(grep -c '"images":\[' alike/duplicates.json) == 5 ]] || fail "a group a line: $(< alike/duplicates.json)"
grep -q '"image":"a/9.ppm","class":"a","width":40,"height":40,"stays":false,"like":{"image":"a/3.ppm","by":"hash",' \
  alike/duplicates.json || fail "the mirrored one: $(< alike/duplicates.json)"
for word in '<!DOCTYPE html>' 'Labels contradict: ' 'src="data:image/png;base64,' '<b>goes</b> a/7.ppm'; do
  grep -q "$word" alike/report.html || fail "the page lacks $word"
done
! grep -q 'http' <(grep -o '<img[^>]*>\|<link[^>]*>' alike/report.html) || fail "the page loads something"

# kept.csv is a dataset; of it nothing is left out. The folder is made anew, with any number of threads the same.
[[ $(wc -l < alike/kept.csv) == 10 ]] || fail "kept.csv: $(< alike/kept.csv)"
expect 0 "0 to leave out" "$dc3" duplicates alike/kept.csv -q
expect 0 "9 in 2 classes" "$dc3" info alike/kept.csv
# Groups of a manifest are those of kept.csv, so that what is held out of it has none in common with the rest.
{
  echo path,label,group
  for i in 1 2 3 4; do echo "data/a/$i.ppm,a,film $((i / 3))"; echo "data/b/$i.ppm,b,"; done
} > films.csv
expect 0 "0 to leave out" "$dc3" duplicates films.csv -o grouped -q
[[ $(sed 's|.*data/||' grouped/kept.csv | paste -sd' ') == \
  "path,label,group a/1.ppm,a,1 a/2.ppm,a,1 a/3.ppm,a,2 a/4.ppm,a,2 b/1.ppm,b, "* ]] ||
  fail "groups: $(< grouped/kept.csv)"
cp -r alike before
for threads in 1 3; do
  expect 0 "6 to leave out" "$dc3" duplicates data -o alike --threads $threads -q
  diff -r alike before || fail "another result with $threads threads"
done

# How near.
expect 0 "2 to leave out: 2 copies and 0 near-duplicates" "$dc3" duplicates data --exact -q
[[ $output == *"LABELS CONTRADICT"* ]] || fail "the same image in two classes: $output"
expect 0 "2 copies and " "$dc3" duplicates data --hash-distance 0 -q
expect 2 "--hash-distance" "$dc3" duplicates data --hash-distance 65
expect 2 "expected one of them" "$dc3" duplicates data --hash-distance 3 --exact
expect 1 "(--strict)" "$dc3" duplicates data --strict
rm data/b/broken.ppm
expect 0 "6 to leave out" "$dc3" duplicates data --strict -q
expect 0 "1 class" "$dc3" duplicates data --unlabelled -q
[[ $output != *CONTRADICT* && $output == *"7 to leave out"* ]] || fail "without labels: $output"
expect 0 "9 images in 1 class" "$dc3" duplicates data --classes a -q

# Of images of few pixels only the same ones are told.
mkdir -p few/a
for i in 1 2 3 4; do paint few/a/$i.ppm 12 $i; done
cp few/a/1.ppm few/a/5.ppm
expect 0 "1 to leave out: 1 copy and 0 near-duplicates" "$dc3" duplicates few -q
[[ $output == *"5 images of one colour, or below 16 pixels a side: compared as they are, not by a hash"* ]] ||
  fail "small images: $output"

# In a selection, of methods that look at all images and of those that draw some: the same ones are left out.
chosen=(--ipc 5 --no-report --teacher none "${common[@]}")
for method in random kmeans; do
  expect 0 "note: 4 images are near-duplicates of others of their class ('a/2.ppm' of 'a/8.ppm'): left out" "$dc3" \
    condense data -o of-$method --method $method --without-duplicates --json "${chosen[@]}"
  [[ $output == *'"near_duplicates": 4'* && $output == *"class 'a' has 4 different images, fewer than 5"* ]] ||
    fail "$method: $output"
  field of-$method/train/metadata.jsonl source | sort -u > left
  diff <(cut -d, -f1 alike/kept.csv | sed -n "s,^$PWD/data/,,p" | sort) left || fail "$method: other images"
  grep -q '"without_duplicates": 31' of-$method/dc3.json || fail "$method: dc3.json"
done
expect 0 "continuing" "$dc3" condense data -o of-kmeans --method kmeans --without-duplicates "${chosen[@]}"
expect 1 "without_duplicates was 31 and is " "$dc3" condense data -o of-kmeans --method kmeans "${chosen[@]}"
expect 0 "near-duplicates of others" "$dc3" select data -o list.jsonl --without-duplicates --hash-distance 40 --ipc 1 \
  --method kmeans --dtype f32 --threads 1
pair=("$dc3" compare data --val data --methods random --ipc 1 --labels hard --teacher none --threads 1 --seeds 1
  --epochs 1 --size 16 --dtype f32 -o pair -q)
expect 0 "table.txt" "${pair[@]}" --without-duplicates
expect 0 "without_duplicates 31" "$dc3" info pair
expect 0 "table.txt" "${pair[@]}" --without-duplicates --hash-distance 31
for other in "" "--without-duplicates --hash-distance 40"; do
  # shellcheck disable=SC2086 # two words and a number, or none
  expect 1 "pair: holds scores of another 'without_duplicates'" "${pair[@]}" $other
done
expect 2 "--hash-distance: says how near duplicates are for --without-duplicates" "$dc3" select data -o list.jsonl \
  --hash-distance 3 --method kmeans --dtype f32 --threads 1
paint data/b/8.ppm 36 2
expect 0 "warning: 'a/7.ppm' is a near-duplicate of 'b/8.ppm' of another class" "$dc3" select data -o list.jsonl \
  --without-duplicates --ipc 1 --method kmeans --dtype f32 --threads 1
rm data/b/8.ppm

# The table of a run: which images a chosen one stands for, directly or by others.
[[ $(head -1 of-kmeans/chosen.csv) == class,image,stored,method,objective,bin,rank,gain,repeat,stands_for,edits ]] ||
  fail "chosen.csv: $(< of-kmeans/chosen.csv)"
for line in '^a,a/1.ppm,a/00.-1.png,kmeans,,.*,a/5.ppm; a/6.ppm,$' '^a,a/8.ppm,.*,a/2.ppm; a/7.ppm,$' \
  '^b,b/9.ppm,.*,,$'; do
  grep -q "$line" of-kmeans/chosen.csv || fail "no line $line: $(< of-kmeans/chosen.csv)"
done
[[ $(wc -l < of-kmeans/chosen.csv) == 11 ]] || fail "a row for each: $(< of-kmeans/chosen.csv)"
expect 0 "2 of 10 images taken" "$dc3" take of-kmeans --ipc 1 -o taken
diff taken/chosen.csv <(grep -F -f <(field taken/train/metadata.jsonl file_name; echo class,) of-kmeans/chosen.csv) ||
  fail "the table of a smaller set"

# By embeddings: of the VAE; of a file, whose rows must be the images'.
expect 0 '"copies": 2,' "$dc3" duplicates data --near-duplicates 0.999 --backbone none -q --json -o by
[[ $output == *'"embeddings": "the VAE"'* ]] || fail "whose embeddings: $output"
expect 2 "--embeddings: expected --near-duplicates too" "$dc3" duplicates data --embeddings x.npz
expect 2 "--near-duplicates" "$dc3" duplicates data --near-duplicates 0.2
for given in "--editor x" "--backbone x" "--cache x" "--dtype f32"; do
  # shellcheck disable=SC2086 # two words
  expect 2 "${given% *}: says how embeddings are made; expected --near-duplicates with it" "$dc3" duplicates data $given
done
expect 2 "--dtype: says how embeddings are made, but --embeddings has them" "$dc3" duplicates data --dtype f32 \
  --near-duplicates 0.9 --embeddings x.npz
expect 2 "--editor: its VAE is asked where there is no backbone; expected --backbone none with it" "$dc3" duplicates \
  data --near-duplicates 0.9 --backbone x --editor y
if "${PYTHON:-python3}" -c 'import numpy' 2> /dev/null; then
  "${PYTHON:-python3}" - <<'P' || fail "python"
import numpy as np
x = np.eye(15, dtype=np.float32)
x[12] = x[13]  # b/4.ppm and b/5.jpg, which is near to b/1.ppm by its hash already
x[11] = x[10] + 0.1 * x[11]  # b/2.ppm and b/3.ppm
y = np.array([0] * 9 + [1] * 6)
np.savez("good.npz", embeddings=x, labels=y)
np.savez("few.npz", embeddings=x[:14], labels=y[:14])
np.savez("other.npz", embeddings=x, labels=y[::-1])
P
  expect 0 "7 to leave out: 2 copies and 5 near-duplicates" "$dc3" duplicates data --near-duplicates 0.9 -q \
    --embeddings good.npz
  [[ $output == *"goes   b/3.ppm  40 x 40; as b/2.ppm: a cosine of 0.995"* ]] || fail "by embeddings: $output"
  expect 1 "few.npz: expected a row for each image, by class and then by name: 15, found 14" "$dc3" duplicates data \
    --near-duplicates 0.9 --embeddings few.npz
  expect 1 "row 0 has the label 1, image 'a/1.ppm' is of class 0 ('a')" "$dc3" duplicates data --near-duplicates 0.9 \
    --embeddings other.npz
else
  echo "no numpy: embeddings of a file are not tested"
fi

# Where it writes, and where it does not.
expect 1 "holds files that dc3 duplicates did not make" "$dc3" duplicates data -o loss
expect 1 "expected a folder apart from the dataset" "$dc3" duplicates data -o data/a/alike
expect 2 "alike/kept.csv: is the dataset, and what an earlier call wrote to alike" "$dc3" duplicates alike/kept.csv \
  -o alike
diff -r alike before || fail "a refused call changes the folder"
expect 2 "which dataset?" "$dc3" duplicates
expect 1 "nowhere" "$dc3" duplicates nowhere
tar cf shards.tar -C data a b
expect 0 "no kept.csv is written" "$dc3" duplicates shards.tar -o tars
[[ ! -e tars/kept.csv && -s tars/left_out.txt && -s tars/report.html ]] || fail "of a tar: $(ls tars)"

# One that fails between two files leaves no list of an earlier call.
cp -r alike early && rm early/kept.csv && mkdir -p early/kept.csv/x
expect 1 "kept.csv" "$dc3" duplicates data -o early -q
[[ ! -e early/left_out.txt && ! -e early/report.html ]] || fail "lists of an earlier call: $(ls early)"

# An interruption leaves nothing behind.
for i in $(seq 60); do ln data/b/3.ppm data/b/link-$i.ppm; done
"$dc3" duplicates data -o cut > log 2>&1 & process=$!
sleep 0.05; kill -INT $process 2> /dev/null; wait $process; status=$?
[[ $status == 130 || $status == 0 ]] || fail "interrupted: status $status: $(< log)"
expect 0 "62 copies" "$dc3" duplicates data -o cut -q
echo "all checks passed"
