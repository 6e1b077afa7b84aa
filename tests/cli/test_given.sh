#!/bin/bash
# --features: the same features in a file choose the same images as the network that made them, and it is not asked;
# rows in any order; what does not match; images that cannot be read; measures; several ranks.
source "$2/tests/cli/ranks.sh"
gradual data 24
tiny_mini
"$tools/make_teacher" two.safetensors 2 || fail "make_teacher"
size=(--dtype f32 --feature-size 16)
select=("$dc3" select data --ipc 4 --bins 3 --threads 1 --dtype f32)
teacher=(--teacher two.safetensors --any-teacher)

# Of the VAE, alone and with a teacher's gradients.
expect 0 "" "${select[@]}" "${size[@]}" --cache vae -o vae.jsonl
given=$(echo vae/*.safetensors)
export DC3_MODELS=none # from here on there is no VAE
expect 0 "features of 48 images from $given, " "${select[@]}" --features "$given" -o given.jsonl
cmp vae.jsonl given.jsonl || fail "another selection"
DC3_MODELS=.models expect 0 "" "$dc3" bins data --bins 3 --threads 1 "${size[@]}" -o vae-bins.jsonl
expect 0 "" "$dc3" bins data --bins 3 --threads 1 --features "$given" -o bins.jsonl
cmp vae-bins.jsonl bins.jsonl || fail "other bins"
DC3_MODELS=.models expect 0 "" "${select[@]}" "${size[@]}" "${teacher[@]}" -o vae-taught.jsonl
expect 0 "" "${select[@]}" "${teacher[@]}" --features "$given" --cache taught -o taught.jsonl
cmp vae-taught.jsonl taught.jsonl || fail "another selection with a teacher"
cmp -s taught.jsonl given.jsonl && fail "the teacher says nothing"
# A teacher's embeddings, for a method that compares by those.
expect 0 "" "${select[@]}" --method herding "${teacher[@]}" --cache embedded -o embedded.jsonl
rows=$(echo embedded/*.safetensors)
expect 0 "" "${select[@]}" --method herding --features "$rows" -o herded.jsonl
cmp embedded.jsonl herded.jsonl || fail "another herding"

# A run: what it depends on, and no other file goes on with it.
condense=("$dc3" condense data --method dc3-select --ipc 4 --bins 3 --size 16 --threads 1 --teacher none)
expect 0 "8 images stored" "${condense[@]}" --features "$given" -o run
diff <(field run/train/metadata.jsonl source) <(field given.jsonl source) || fail "condense chooses others"
grep -q '"similarity": "given-features"' run/dc3.json && grep -q '"features_fingerprint": "' run/dc3.json ||
  fail "dc3.json: $(< run/dc3.json)"
grep -q "by the features that were given" run/report.html || fail "the report does not say by what"
expect 0 "similarity given-features" "$dc3" info run
[[ $output == *"given_features "* ]] || fail "$output"
expect 1 "features_fingerprint was" "${condense[@]}" --features "$rows" -o run
expect 1 'similarity was "given-features"' env DC3_MODELS=.models "${condense[@]}" "${size[@]}" --backbone none -o run
expect 0 "" "${condense[@]}" --features "$given" -o run
expect 1 "$given: expected a folder apart from the features" "${condense[@]}" --features "$given" -o "$given"
taught=("$dc3" condense data --method dc3-select --ipc 4 --bins 3 --size 16 --threads 1 --no-report "${size[@]}")
expect 0 "" "${taught[@]}" "${teacher[@]}" --features "$given" -o begun
DC3_MODELS=.models expect 1 "given_features was 256 and is not given; features_fingerprint was" "${taught[@]}" \
  "${teacher[@]}" -o begun

# A comparison: the methods that look at features choose by these, the others as ever.
compare=("$dc3" compare data --val data --ipc 2 --methods random,dc3-select,kmeans --labels hard --epochs 1 --size 16
  --bins 2 --threads 1 --teacher none)
expect 0 "" "${compare[@]}" --features "$given" -o compared
expect 0 "" "${condense[@]}" --ipc 2 --bins 2 --features "$given" -o two
set=compared/ipc2/dc3-select/seed0
diff <(field "$set"/train/metadata.jsonl source) <(field two/train/metadata.jsonl source) || fail "a comparison's set"
for method in random:0 dc3-select:1 kmeans:1; do
  [[ $(grep -c '"given_features"' "compared/ipc2/${method%:*}/seed0/dc3.json") == "${method#*:}" ]] ||
    fail "features in the set of $method"
done
expect 0 "estimate" "${compare[@]}" --features "$given" -o planned --dry-run
expect 1 "compared: holds scores of another 'features'" "${compare[@]}" --features "$rows" -o compared
# Those that have no use for it go without it in the same folder, and those that have may come later.
expect 0 "compared/table.txt" "${compare[@]}" --methods random -o compared
expect 0 "compared/table.txt" "${compare[@]}" --features "$given" -o compared
expect 1 "compared: holds scores of another 'features'" "${compare[@]}" -o compared --methods random,kmeans
later=("${compare[@]::${#compare[@]}-2}" -o later) near=(--selection paper --near-duplicates 0.99)
expect 0 "later/table.txt" "${later[@]}" --methods random
expect 0 "later/table.txt" "${later[@]}" --methods random,dc3-select --features "$given" "${near[@]}"
expect 0 "later/table.txt" "${later[@]}" --methods random
expect 1 "later: holds scores of another 'features'" "${later[@]}" --features "$rows" "${near[@]}"
for i in 0 2; do
  expect 1 "later: holds scores of another '" "${later[@]}" --features "$given" "${near[@]:i:2}"
done
expect 1 "missing.npy" "${compare[@]}" --features missing.npy -o x
[[ ! -e x/compare.json ]] || fail "a comparison began without its features"
expect 2 "--features: none of the methods has use for it" "${compare[@]}" --methods random --features "$given" -o x

# Rows in another order, with some of others; a part of the data.
# npy FILE ROWS..: a .npy of f32 [n, 3], of numbers that follow from each row's number.
npy() { perl -e 'my ($file, @r) = @ARGV; open my $to, ">", $file or die;
  my $head = sprintf "{\x27descr\x27: \x27<f4\x27, \x27fortran_order\x27: False, \x27shape\x27: (%d, 3), }", scalar @r;
  $head .= " " x (117 - length $head) . "\n";
  print $to "\x93NUMPY\1\0", pack("v", 118), $head, map { pack "f<3", sin, cos(3 * $_), $_ / 20 } @r' "$@"; }
paths=$(cd data && printf '%s\n' */*.png | LC_ALL=C sort)
npy order.npy {1..48}
npy any.npy 99 {48..1}
{ echo elsewhere/1.png; tac <<< "$paths"; } > any.paths.txt
expect 0 "" "${select[@]}" --features order.npy -o order.jsonl
expect 0 "features of 48 images from any.npy, 3 values each; 1 row is of other images" "${select[@]}" \
  --features any.npy -o any.jsonl
cmp order.jsonl any.jsonl || fail "rows in another order"
expect 0 "25 rows are of other images" "${select[@]}" --features any.npy --classes red -o red.jsonl
mkdir only && cp -r data/red only && npy only.npy {25..48}
expect 0 "" "${select[@]/#data/only}" --features only.npy -o only.jsonl
cmp red.jsonl only.jsonl || fail "of one class"
{ echo path,label,split; sed 's|\(.*\)/.*|data/&,\1,train|' <<< "$paths" | sed '1~2s/train/test/'; } > list.csv
expect 1 "none of its 49 paths, such as 'elsewhere/1.png', is of an image of list.csv, such as 'data/blue/1.png'" \
  "$dc3" select list.csv --split test --ipc 2 --features any.npy -o split.jsonl
sed 's|^|data/|' any.paths.txt > listed.paths.txt && cp any.npy listed.npy
expect 0 "features of 24 images from listed.npy, 3 values each; 25 rows" "$dc3" select list.csv --split test --ipc 2 \
  --features listed.npy -o split.jsonl
sed 's|^data|./&|' list.csv > dotted.csv
expect 0 "features of 24 images from listed.npy" "$dc3" select dotted.csv --split test --ipc 2 --features listed.npy \
  -o dotted.jsonl
expect 0 "1 row is of other images" "${select[@]/#data/./data}" --features listed.npy -o dotted.jsonl
mkdir flat && ln data/red/* flat
sed 's|^red/||' any.paths.txt > flat.paths.txt && cp any.npy flat.npy
expect 0 "features of 24 images" "$dc3" select flat --unlabelled --ipc 4 --bins 3 --threads 1 --features flat.npy \
  -o flat.jsonl
expect 0 "features without labels, as --features takes them" "$dc3" info any.npy
# Of rows that are alike the first alone is chosen.
npy twins.npy {1..12} {1..12} {25..48}
expect 0 "12 images are near-duplicates" "${select[@]}" --features twins.npy --near-duplicates 1 -o twins.jsonl

# labels.npy beside a .npy, where there are as many.
labels() { perl -e 'my ($file, @y) = @ARGV; open my $to, ">", $file or die;
  my $head = sprintf "{\x27descr\x27: \x27|i1\x27, \x27fortran_order\x27: False, \x27shape\x27: (%d,), }", scalar @y;
  $head .= " " x (117 - length $head) . "\n"; print $to "\x93NUMPY\1\0", pack("v", 118), $head, pack "c*", @y' "$@"; }
mkdir labelled && cp order.npy labelled/x.npy
zeros=$(printf '0 %.0s' {1..24}) ones=$(printf '1 %.0s' {1..24})
labels labelled/labels.npy $zeros $ones
expect 0 "features of 48 images" "${select[@]}" --features labelled/x.npy -o labelled.jsonl
labels labelled/labels.npy $ones $zeros
expect 1 "row 0 has the label 1 in labels.npy beside it, image 'blue/1.png' is of class 0 ('blue')" "${select[@]}" \
  --features labelled/x.npy -o x.jsonl
expect 1 "row 0 has the label 1" "$dc3" duplicates data --near-duplicates 0.9 --embeddings labelled/x.npy
labels labelled/labels.npy $ones
expect 0 "features of 48 images" "${select[@]}" --features labelled/x.npy -o labelled.jsonl

# What does not match, and what has no use for features.
npy few.npy {1..47}
expect 1 "few.npy: expected a row for each image, by class and then by name: 48, found 47" "${select[@]}" \
  --features few.npy -o x.jsonl
sed '$d' any.paths.txt > less.paths.txt && npy less.npy 99 {48..2}
expect 1 "less.paths.txt: no row is of image 'blue/1.png'" "${select[@]}" --features less.npy -o x.jsonl
expect 1 "missing.npy" "${select[@]}" --features missing.npy -o x.jsonl
expect 2 "--features: --method random has no use for it" "${select[@]}" --features order.npy --method random -o x.jsonl
expect 2 "--features: --method dq compares a teacher's gradients alone" "${select[@]}" --features order.npy \
  --method dq "${teacher[@]}" -o x.jsonl
expect 0 "" "${select[@]}" --features order.npy --method dq -o dq.jsonl
expect 2 "--features: its rows are of whole images" "${select[@]}" --features order.npy "${teacher[@]}" --crops 2 \
  -o x.jsonl
expect 2 "a choice by --features has no use for it" "${select[@]}" --features order.npy --backbone two.safetensors \
  -o x.jsonl
expect 2 "--features is for a dataset, not for --from" "$dc3" select --from order.npy --features order.npy
[[ ! -e x.jsonl ]] || fail "a refused command writes"
"${select[@]}" --features order.npy -o order.paths.csv > log 2>&1 || fail "$(< log)"
expect 1 "order.paths.csv: expected a path for each of the 48 rows" "${select[@]}" --features order.npy -o x.jsonl
rm order.paths.csv && sed 's|$|,,,,|; 1s|.*|path,label,image,bin,rank|' <(echo; cat any.paths.txt) > any.paths.csv
rm any.paths.txt
expect 2 "any.paths.csv is the list of any.npy" "${select[@]}" --features any.npy -o any.paths.csv

# An image that was to be chosen and cannot be read: another one is.
chosen=$(field order.jsonl source | sed -n 2p)
cp -r data broken && echo "no image" > "broken/$chosen"
expect 0 "skipped: " "$dc3" condense broken --method dc3-select --ipc 4 --bins 3 --size 16 --threads 1 --teacher none \
  --features order.npy -o mended --no-report
[[ $(wc -l < mended/train/metadata.jsonl) == 8 ]] && ! grep -q "\"$chosen\"" mended/train/metadata.jsonl &&
  grep -q "$chosen" mended/skipped.txt || fail "an image that cannot be read: $(< mended/train/metadata.jsonl)"
# Its twin is, where duplicates are left out, and the lost one counts no longer.
condense=("$dc3" condense broken --method dc3-select --ipc 4 --bins 3 --size 16 --threads 1 --teacher none --no-report)
chosen=$(field twins.jsonl source | head -1)
row=$(grep -nxF "$chosen" <<< "$paths" | cut -d: -f1)
twin=$(sed -n "$(((row + 11) % 24 + 1))p" <<< "$paths")
rm -r broken && cp -r data broken && echo "no image" > "broken/$chosen"
for options in "" --without-duplicates; do
  expect 0 "skipped: broken/$chosen" "${condense[@]}" --features twins.npy --near-duplicates 1 $options \
    -o "twin$options"
  [[ $output == *"11 images are near-duplicates"* ]] && grep -q '"readable": 47' "twin$options/selection.json" &&
    [[ $(grep -c "$chosen" "twin$options/skipped.txt") == 1 ]] || fail "$output"
  diff <(field "twin$options/train/metadata.jsonl" source | sort) \
    <(field twins.jsonl source | sed "s|^$chosen$|$twin|" | sort) || fail "its twin is lost"
done
echo "no image" > "broken/$(field order.jsonl source | head -1)"
expect 1 "(--strict)" "$dc3" select broken --ipc 4 --bins 3 --features order.npy --strict -o x.jsonl

# By several ranks, which must have the same file.
for n in 1 3; do
  expect 0 "" ranks $n select data --ipc 4 --bins 3 --threads 1 --dtype f32 "${teacher[@]}" --features "$given" \
    -o by-$n.jsonl
  expect 0 "" ranks $n condense data --method dc3-select --ipc 4 --bins 3 --size 16 --threads 1 --teacher none \
    --features "$given" -o by-$n
done
cmp taught.jsonl by-1.jsonl && cmp taught.jsonl by-3.jsonl || fail "by ranks"
same_run by-1 by-3 > differences || fail "a run by ranks: $(< differences)"

# Measures by them are those of the network that made them.
cp -r data other && for i in {1..6}; do rm other/red/$i.png; done
expect 0 "" "$dc3" select other --ipc 4 --threads 1 --dtype f32 --method herding "${teacher[@]}" --cache others \
  -o others.jsonl
measure=("$dc3" measure data other --threads 1 "${teacher[@]}")
expect 0 "values of each image, by the files that were given" "${measure[@]}" --features "$rows" \
  --features "$(echo others/*)"
expect 0 '"given_features"' "${measure[@]}" --features "$rows" --features "$(echo others/*)" --json
for name in frechet_distance kernel_distance precision recall coverage; do
  mapfile -t found < <(field <(echo "$output") $name | grep -v null)
  [[ ${#found[@]} == 2 && ${found[0]} == "${found[1]}" ]] || fail "$name: ${found[*]}"
done
expect 2 "--features: expected a file for each of 2 datasets, in their order; found 1" "${measure[@]}" \
  --features "$rows"
expect 1 "order.npy: expected rows of 512 values, as " "$dc3" measure data data --features "$rows" \
  --features order.npy
perl -e 'my $head = "{\x27descr\x27: \x27|u1\x27, \x27fortran_order\x27: False, \x27shape\x27: (48, 131072), }";
  print "\x93NUMPY\1\0", pack("v", 118), $head, " " x (117 - length $head), "\n", "\0" x (48 << 17)' > wide.npy
(($(awk '/^MemTotal/ { print int($2 / 1e6) }' /proc/meminfo) > 600)) ||
  expect 1 "wide.npy: covariances of rows of 131072 values take about 687.2 GB" "$dc3" measure data data \
    --features wide.npy --features wide.npy
echo "given: passed"
