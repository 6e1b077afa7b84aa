#!/bin/bash
# dc3 measure: made images, a run beside its originals, an image that cannot be read.
source "$2/tests/cli/support.sh"
dc3m=("$dc3" measure --threads 2)
# numbers FILE KEY: the values of a member, one after the other.
numbers() { sed -n 's/^ *"'"$2"'": \(.*[^,]\),\{0,1\}$/\1/p' "$1" | tr '\n' ' '; }

images data/blue 3 && images "data/re d" 4
expect 0 "data " "${dc3m[@]}" data
[[ $output != *"against their originals"* ]] || fail "a plain dataset has no originals"
expect 0 "re d" "${dc3m[@]}" data --per-class

# Two runs beside what they were made from.
expect 0 "4 images stored" "$dc3" condense data -o same --ipc 2 --method random "${common[@]}"
expect 0 "4 images stored" "$dc3" condense data -o grey --ipc 2 --method grayscale --teacher none "${common[@]}"
expect 0 "against their originals" "${dc3m[@]}" data same grey
"${dc3m[@]}" data same grey --json -q > two.json || fail "--json"
"$dc3" measure data same grey --json -q --threads 1 > one.json && cmp one.json two.json ||
  fail "the number of threads changes the result"
[[ $(numbers two.json identical) == "4 2 2 0 0 0 " ]] || fail "identical: $(numbers two.json identical)"
[[ $(numbers two.json pairs) == "4 2 2 4 2 2 " ]] || fail "pairs: $(numbers two.json pairs)"
[[ $(numbers two.json ssim | cut -d' ' -f1) == 1.0 ]] || fail "SSIM of equal images: $(numbers two.json ssim)"
[[ $(numbers two.json psnr | cut -d' ' -f1) == null ]] || fail "PSNR of equal images: $(numbers two.json psnr)"
[[ $(numbers two.json colourfulness) =~ \ 0\.0\ 0\.0\ 0\.0\ $ ]] ||
  fail "colourfulness of grey: $(numbers two.json colourfulness)"
[[ $(numbers two.json hue_entropy) =~ null\ null\ null\ $ ]] || fail "hue of grey: $(numbers two.json hue_entropy)"
"$tools/is_json" two.json || fail "JSON"

# A reference that is no row of its own twice; what is compared with itself is at no distance.
"${dc3m[@]}" data --reference data --json -q > self.json || fail "--reference"
[[ $(numbers self.json wasserstein) == "null null null "*"0.0 0.0 0.0 "* ]] ||
  fail "distance from itself: $(numbers self.json wasserstein)"

# Pairs of the fourfold view: an image in the four quarters.
expect 0 "stored" "$dc3" condense data -o fourfold --ipc 1 --method blur --combine fourfold --teacher none \
  "${common[@]}"
expect 0 "fourfold" "${dc3m[@]}" fourfold
"${dc3m[@]}" fourfold --json -q > fourfold.json || fail "fourfold"
[[ $(numbers fourfold.json pairs | cut -d' ' -f1) == 2 ]] || fail "fourfold: $(numbers fourfold.json pairs)"

# A teacher's answers.
"$tools/make_teacher" teacher.safetensors 2 && "$tools/make_teacher" three.safetensors 3 || fail "make_teacher"
expect 0 "the teacher's top-1" "${dc3m[@]}" data same grey --teacher teacher.safetensors
"${dc3m[@]}" same --teacher teacher.safetensors --json -q > taught.json || fail "--teacher"
[[ $(numbers taught.json top1_same) == "1.0 1.0 1.0 " ]] ||
  fail "top-1 of equal images: $(numbers taught.json top1_same)"
[[ $(numbers taught.json loss_before) =~ ^([0-9.]+\ ){3}$ &&
  $(numbers taught.json loss_before) == "$(numbers taught.json loss_after)" ]] ||
  fail "loss of equal images: $(numbers taught.json loss_before) and $(numbers taught.json loss_after)"
expect 0 "Distance of features" "${dc3m[@]}" data grey --teacher teacher.safetensors
[[ $output == *"4 images are no more than the 512 features"* ]] || fail "few images"
"${dc3m[@]}" data grey --reference data --teacher teacher.safetensors --json -q > near.json ||
  fail "--reference and --teacher"
read -r first self other < <(numbers near.json frechet_distance)
[[ $first == null && $self =~ ^0\.0|e- && ! $other =~ ^0\.0|e-|null ]] || fail "Frechet distances: $first $self $other"
expect 1 "the teacher distinguishes 3 classes" "${dc3m[@]}" same --teacher three.safetensors

# A generator's images: the folder as dc3 generate leaves it, how far it covers held-out images, and what of it is
# copied from the training images; 3 of 6 images are copies.
for i in {1..6}; do
  mkdir -p held/blue made/train/blue trained/blue
  "$make" held/blue/$i.png 30 24 $((i * 31 % 255)) $((i * 77 % 255)) $((i * 53 % 255))
  "$make" trained/blue/$i.png 30 24 $((i * 41 % 255)) $((i * 97 % 255)) $((i * 23 % 255))
  if ((i > 3)); then cp trained/blue/$i.png made/train/blue; else
    "$make" made/train/blue/$i.png 30 24 $((200 - i * 40)) $((90 + i * 50)) $((20 + i * 70)); fi
done
echo '{"complete": true}' > made/generate.json
measures=("${dc3m[@]}" held made --training trained --any-teacher)
expect 2 "--training: needs --teacher, --inception or --features" "${measures[@]}"
measures+=(--teacher teacher.safetensors)
expect 0 "nearer to an image of trained than that is to others there" "${measures[@]}"
[[ $output == *"images  precision   recall  density  coverage  memorised"* ]] || fail "the table: $output"
"${measures[@]}" --json -q > made.json || fail "--training"
"$tools/is_json" made.json || fail "JSON of made"
read -r held made < <(numbers made.json memorised)
awk "BEGIN { exit !($made >= 0.5 && $held < $made) }" || fail "memorised: $held of held, $made of made"
for name in precision recall density coverage manifold_images; do
  found=$(numbers made.json $name) # the colours have a density, the datasets a coverage, too
  [[ $found =~ null.*\ [0-9.]+\ (null\ )?$ ]] || fail "$name: $found"
done
[[ $(numbers made.json classifier_score) =~ ^1\.[0-9]+\ 1\. ]] || fail "$(numbers made.json classifier_score)"
[[ $(numbers made.json kernel_distance_error) == "null null " ]] || fail "6 images in 10 blocks have an error"
"${dc3m[@]}" made trained --training trained --teacher teacher.safetensors --any-teacher --json -q > copies.json ||
  fail "copies"
[[ $(numbers copies.json memorised) == *" 1.0 " ]] || fail "of copies: $(numbers copies.json memorised)"
expect 0 "estimate: about" "${measures[@]}" --dry-run
[[ $output == *"trained: 6 images"* ]] || fail "the estimate leaves out the training images: $output"
echo '{"complete": false}' > made/generate.json
expect 1 "made/generate.json" "${measures[@]}"

# Coverage of the dataset by a choice, beside random ones; where all is chosen nothing is at a distance.
images many/blue 5 && images many/red 3
expect 0 "stored" "$dc3" condense many -o one --ipc 1 --method random "${common[@]}"
expect 0 "stored" "$dc3" condense many/ -o whole --ipc 3 --method random "${common[@]}"
expect 0 "by embeddings of the teacher, a convnet3" "${dc3m[@]}" many one --coverage --teacher teacher.safetensors
"${dc3m[@]}" one whole --coverage --teacher teacher.safetensors --json -q > covered.json || fail "--coverage"
"$dc3" measure one whole --coverage --teacher teacher.safetensors --json -q --threads 1 > covered1.json
[[ $(numbers covered.json chosen) == "2 1 1 6 3 3 " ]] || fail "chosen: $(numbers covered.json chosen)"
for name in distance_mean random_distance_mean random_distance_mean_deviation; do
  read -r -a found < <(numbers covered.json $name)
  [[ ${#found[@]} == 6 && ${found[5]} == 0.0 && ${found[0]} != 0.0 && ${found[0]} != null ]] ||
    fail "$name: ${found[*]}"
done
[[ $(numbers covered.json pictures) == "8 5 3 8 5 3 " ]] || fail "of how many: $(numbers covered.json pictures)"
cmp covered.json covered1.json || fail "coverage with one thread"
expect 0 "none of these is a run" "${dc3m[@]}" many --coverage
expect 0 "VAE of dc3-mini" "${dc3m[@]}" one --coverage
expect 0 "Coverage" "${dc3m[@]}" one --coverage --per-class -q
# Runs of one manifest by their splits, of one folder by their classes: each beside its own images.
{
  echo path,label,split
  for class in blue red; do for image in many/$class/*.png; do echo "$image,$class,train"; done; done
  echo data/blue/1.png,blue,val && echo "data/re d/2.png,red,val"
} > split.csv
expect 0 "stored" "$dc3" condense split.csv -o small --ipc 1 --method random --split val "${common[@]}"
expect 0 "stored" "$dc3" condense split.csv -o large --ipc 3 --method random "${common[@]}"
expect 0 "stored" "$dc3" condense many -o reds --ipc 1 --method random --classes red "${common[@]}"
for by in "--teacher teacher.safetensors" ""; do
  "${dc3m[@]}" small large --coverage $by --json -q > splits.json || fail "coverage of two splits, $by"
  [[ $(numbers splits.json chosen) == "2 1 1 6 3 3 " && $(numbers splits.json pictures) == "2 1 1 8 5 3 " ]] ||
    fail "coverage of two splits, $by: $(numbers splits.json chosen) of $(numbers splits.json pictures)"
  found=$(numbers splits.json distance_mean)
  [[ $found == "0.0 0.0 0.0 "* && $found != "0.0 0.0 0.0 0.0 "* ]] || fail "all of a split: $found"
done
"${dc3m[@]}" one reds --coverage --json -q > some.json || fail "coverage of one class"
[[ $(numbers some.json chosen) == "2 1 1 1 1 " && $(numbers some.json pictures) == "8 5 3 3 3 " ]] ||
  fail "coverage of one class: $(numbers some.json chosen) of $(numbers some.json pictures)"
mkdir only && cp -r many/red only
expect 0 "stored" "$dc3" condense only -o red --ipc 1 --method random "${common[@]}"
"${dc3m[@]}" red --coverage --json -q > red.json || fail "coverage of red alone"
for name in distance_mean random_distance_mean facility_location; do
  [[ $(numbers red.json $name) == "$(numbers some.json $name | cut -d' ' -f4-)" ]] ||
    fail "red, $name: $(numbers red.json $name), as a class of many $(numbers some.json $name)"
done
head -c 100 many/blue/1.png > many/blue/1.png.cut && mv many/blue/1.png.cut many/blue/5.png
expect 0 "blue/5.png" "${dc3m[@]}" one --coverage --teacher teacher.safetensors

# Inception: the names FID, KID and IS only with its own weights; not the teacher's.
"$tools/make_inception" "$2/tests/golden/inception/nets.json" inception.safetensors || fail "make_inception"
expect 0 "FID        KID" "${dc3m[@]}" data --inception inception.safetensors
[[ $output == *"7 images are no more than the 2048 features: its FID"* ]] || fail "few images for FID"
"${dc3m[@]}" data grey --reference data --inception inception.safetensors --teacher teacher.safetensors \
  --json -q > both.json || fail "--inception and --teacher"
read -r first self other < <(numbers both.json fid)
[[ $first == null && $self =~ ^0\.0|e- && ! $other =~ ^0\.0|e-|null ]] || fail "FID: $first $self $other"
read -r first self other < <(numbers both.json inception_score)
[[ $first == "$self" && $first =~ ^1\. ]] || fail "Inception scores of equal datasets: $first $self $other"
[[ $(numbers both.json frechet_distance) == null* && $(numbers both.json top1_same) == *\ * ]] ||
  fail "the teacher beside Inception"
expect 1 "expected the tensors of the FID's Inception" "${dc3m[@]}" data --inception teacher.safetensors
rm inception.safetensors

# Originals that have moved.
mv data moved
expect 0 "--data says where the originals are now" "${dc3m[@]}" same
[[ $output != *"against their originals"* ]] || fail "originals that are not there"
expect 0 "against their originals" "${dc3m[@]}" same --data moved
expect 1 "nowhere" "${dc3m[@]}" same --data nowhere
cp -r moved changed && source=$(sed -n '1s/.*"source": *"\([^"]*\)".*/\1/p' same/train/metadata.jsonl)
"$tools/make_image" "changed/$source" 31 25 1 2 3 || fail "make_image"
expect 0 "note: changed has changed: 1 of 4 images that the run was made of is another now ($source); nothing is" \
  "${dc3m[@]}" same --data changed
[[ $("${dc3m[@]}" same --data changed --json -q) == *'"pairs": 3,'* ]] || fail "a changed original is compared"
for file in changed/*/*.png; do "$tools/make_image" "$file" 31 25 1 2 3 || fail "make_image"; done
expect 1 "changed: expected the dataset of the run same, found another" "${dc3m[@]}" same --data changed
rm moved/blue/*.png && images moved/blue 1
expect 0 "its source is not in moved" "${dc3m[@]}" same --data moved

# An image that cannot be read is skipped, counted and listed.
head -c 100 moved/blue/1.png > "moved/blue/cut.png"
expect 0 "1 image skipped" "${dc3m[@]}" moved
expect 0 "blue/cut.png" "${dc3m[@]}" moved --json -q
expect 1 "blue/cut.png" "${dc3m[@]}" moved --strict
rm -r moved/blue "moved/re d/"[1-3].png && cp same/dc3.json broken.png && mkdir moved/bad &&
  mv broken.png moved/bad/x.png && rm "moved/re d/4.png" && cp moved/bad/x.png "moved/re d/"
expect 1 "none of 2 images can be read" "${dc3m[@]}" moved

# Wrong use.
expect 1 "nowhere" "${dc3m[@]}" same nowhere
expect 2 "Expected one or more" "$dc3" measure
sed -i 's/"complete": true/"complete": false/' same/dc3.json
expect 1 "is not complete" "${dc3m[@]}" same
echo "all checks passed"
