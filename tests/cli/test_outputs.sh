#!/bin/bash
# Outputs: none is an input or lies in one, nothing that dc3 did not write is replaced unasked, a file is what its name
# says, and links stay links. Whatever is refused leaves everything as it was.
source "$(dirname "$0")/support.sh"
images data/a 3; images data/b 3; images val/a 1; images val/b 1
echo "my notes" > notes.md; cp data/a/1.png photo.png
one=(--threads 1 --dtype f32)
train=("$dc3" train data --arch convnet3 --size 8 --epochs 1 "${one[@]}" -q)
edit=("$dc3" edit photo.png -p sunny "${one[@]}" -q)
select=("$dc3" select data --ipc 1 "${one[@]}" -q)
bins=("$dc3" bins data --bins 1 "${one[@]}" -q)
expect 0 "4 images stored" "$dc3" condense data -o run --ipc 2 --method random "${common[@]}"
expect 0 "" "${train[@]}" -o teacher.safetensors
label=("$dc3" label run --teacher teacher.safetensors --views 1 --threads 1 -q)
# Embeddings [2, 1] and labels [2] of one class.
header='{"embeddings":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"labels":{"dtype":"I64","shape":[2],'
header+='"data_offsets":[8,24]}}'
{ printf "\\x$(printf %02x ${#header})\\0\\0\\0\\0\\0\\0\\0%s" "$header"; head -c 24 /dev/zero; } \
  > embeddings.safetensors
contact=("$dc3" contact run -q)
report=("$dc3" report run --threads 1 -q)

# refused TEXT command...: status 2, and no file is made, changed or removed.
sums() { find . -type f -exec cksum {} + | sort -k3; }
refused() {
  local was; was=$(sums)
  expect 2 "$@"
  [[ $(sums) == "$was" ]] || fail "${*:2}: changed $(diff <(echo "$was") <(sums))"
}

# An input by its name, by "..", by a link, by a hard link.
mkdir away; ln -s ../photo.png away/soft.png; ln photo.png away/hard.png; ln -s teacher.safetensors soft.safetensors
for name in photo.png ./data/../photo.png away/soft.png away/hard.png; do
  refused "expected a place apart from the image" "${edit[@]}" -o $name --force
done
for name in teacher.safetensors soft.safetensors; do
  refused "apart from the teacher" "${label[@]}" -o $name --force
  refused "apart from the weights to start from" "${train[@]}" --init teacher.safetensors -o $name --force
done
cp teacher.safetensors t.checkpoint # where a training to "t" keeps its own
refused "apart from the weights to start from" "${train[@]}" --init t.checkpoint -o t --force
rm t.checkpoint

# In a dataset, by its name, by "..", by a link to it or to a folder of it; where a link of the dataset leads.
ln -s data linked; ln -s data/a linked_class; mkdir far; cp data/a/1.png far/; ln -s ../../far data/b/more
for place in data data/a data/a/.. linked linked/b linked_class data/b/more far; do
  refused "apart from the dataset" "${bins[@]}" -o $place/bins.jsonl
  refused "apart from the dataset" "${select[@]}" -o $place/chosen.jsonl
  refused "apart from the dataset" "${train[@]}" -o $place/t.safetensors
done
refused "apart from the images to test on" "${train[@]}" --val val -o val/t.safetensors
refused "apart from the dataset" "${contact[@]}" -o data/grid.png
refused "apart from the dataset" "${report[@]}" -o data/page.html
refused "apart from the run's images" "${contact[@]}" -o run/train/a/grid.png
refused "apart from the run's images" "${report[@]}" -o run/train/page.html
refused "apart from the images" "${label[@]}" -o run/train/labels.safetensors
expect 1 "apart from the dataset" "$dc3" condense data -o far/out --ipc 1 --method random "${common[@]}"
expect 1 "apart from the dataset" "${select[@]}" -o c.jsonl --cache data/cache
expect 1 "apart from the images to test on" "$dc3" compare data --val val -o val/out --teacher none --methods random
[[ ! -e far/out && ! -e val/out && ! -e data/cache ]] || fail "a refused command makes a folder"
# Also by ".." after what is not there yet.
expect 1 "apart from the dataset" "$dc3" condense data -o new/../data/out --ipc 1 --method random "${common[@]}"
expect 2 "expected a folder, found an empty name" "$dc3" condense data -o "" --ipc 1 --method random "${common[@]}"
[[ ! -e new && ! -e data/out ]] || fail "a refused command makes a folder"
refused "apart from the dataset" "${label[@]}" -o data/labels.safetensors
rm data/b/more

evaluate=("$dc3" evaluate run --val val --labels hard --size 16 --epochs 1 --threads 1 -q)
refused "apart from the images" "${evaluate[@]}" -o run/train/scores.json
# Nor among the images of any run.
refused "apart from the images of a run" "${edit[@]}" -o run/train/a/new.png
refused "apart from the images of a run" "$dc3" condense data -o run/train/more --ipc 1 --method random --threads 1
refused "apart from the images to test on" "${evaluate[@]}" -o val/scores.json
refused "apart from the dataset" "${evaluate[@]}" -o data/scores.json

# Nor in a dataset that no command reads: among its images, beside its classes, in a new folder there. A dry run says
# so too.
mkdir -p nette/train; cp -r data/a data/b nette/train/; cp -r nette/train nette/val
for place in nette/train nette/train/a nette/val; do
  refused "$work/${place%/a} with its class folders ('a', ..); choose another, or give --force" "${edit[@]}" \
    -o $place/e.png
  for command in bins select; do
    refused "outside of datasets" "$dc3" $command data "${one[@]}" -q -o $place/list.jsonl
    refused "outside of datasets" "$dc3" $command data "${one[@]}" -q -o $place/list.jsonl --dry-run
  done
  there=$(ls -d $place/*.png $place/*/*.png 2>/dev/null | head -1)
  refused "or give --force to replace the file there" "${edit[@]}" -o "$there"
  refused "outside of datasets" "${train[@]}" -o $place/t.safetensors
  refused "outside of datasets" "${train[@]}" -o $place/t.safetensors --dry-run
  refused "outside of datasets" "${label[@]}" -o $place/l.safetensors
  refused "outside of datasets" "${label[@]}" -o $place/l.safetensors --dry-run
  refused "outside of datasets" "${contact[@]}" -o $place/grid.png
  refused "outside of datasets" "${report[@]}" -o $place/page.html
  refused "outside of datasets" "${evaluate[@]}" -o $place/s.json
  refused "outside of datasets" "${evaluate[@]}" -o $place/s.json --dry-run
  refused "outside of datasets" "$dc3" select --from embeddings.safetensors -o $place/rows.json
  for dry in "" --dry-run; do
    expect 1 "$place/q: expected a folder outside of datasets, this one lies in $work/${place%/a} with its class" \
      "$dc3" condense data -o $place/q --ipc 1 --method random $dry "${common[@]}"
    expect 1 "outside of datasets" "$dc3" compensate data -o $place/q/4 $dry "${common[@]}"
  done
  expect 1 "outside of datasets" "$dc3" compare data --val val -o $place/q --teacher none --methods random
  expect 1 "outside of datasets" "${select[@]}" -o c.jsonl --cache $place/cache
  [[ ! -e $place/q && ! -e $place/cache ]] || fail "a refused command makes a folder"
done
# A dry run asks about inputs as well, and makes nothing.
expect 1 "apart from the dataset" "$dc3" condense data -o data/out --ipc 1 --method random --dry-run "${common[@]}"
refused "apart from the dataset" "${bins[@]}" -o data/bins.jsonl --dry-run
refused "apart from the images" "${label[@]}" -o run/train/labels.safetensors --dry-run
# Beside the parts there is room, and --force writes a file.
expect 0 "1 per class" "$dc3" condense data -o nette/small --ipc 1 --method random --dry-run "${common[@]}"
expect 0 "" "${edit[@]}" -o nette/val/a/e.png --force
rm -r nette

# A run's own files are written by the run, and by the command that is given it.
cp -r run other
for name in teacher soft_labels; do
  refused "which is one of the run $work/run; choose another" "${train[@]}" -o run/$name.safetensors --force
done
refused "one of the run $work/other" "${label[@]}" -o other/soft_labels.safetensors --force
refused "one of the run $work/other" "${report[@]}" -o other/report.html --force
refused "one of the run $work/other" "${evaluate[@]}" -o other/scores.json
refused "one of the run $work/run" "$dc3" select --from embeddings.safetensors -o run/selection.json --force
expect 0 "" "${report[@]}" -o ./other/../run/report.html
expect 0 "" "${label[@]}" -o run/soft_labels.safetensors
rm -r other run/soft_labels.safetensors
# What systems leave behind does not make a folder somebody's.
mkdir -p junk/@eaDir; touch junk/.DS_Store junk/Thumbs.db junk/@eaDir/1.png
expect 0 "2 images stored" "$dc3" condense data -o junk --ipc 1 --method random "${common[@]}"

# A file of another kind, or none that dc3 wrote, is replaced with --force only.
foreign() { # a name, and what writes it
  local name=$1; shift
  echo "somebody's work" > "$name"
  refused "is not known as" "$@" -o "$name"
  [[ $(< "$name") == "somebody's work" ]] || fail "$name is replaced"
}
foreign x.safetensors "${train[@]}"; foreign x.safetensors "${label[@]}"; foreign x.jsonl "${bins[@]}"
foreign x.jsonl "${select[@]}"; foreign x.png "${edit[@]}"; foreign x.png "${contact[@]}"
foreign x.html "${report[@]}"
foreign x.json "$dc3" select --from embeddings.safetensors
# Nor is somebody's list beside an output that is new.
echo "my list" > new.jsonl.skipped.txt
for command in bins select; do
  refused "new.jsonl.skipped.txt is there already, and no new.jsonl" "$dc3" $command data "${one[@]}" -o new.jsonl
done
rm new.jsonl.skipped.txt
# dc3's own files of another kind count as foreign: weights and labels are both safetensors.
expect 0 "" "${label[@]}" -o labels.safetensors
refused "is not known as weights" "${train[@]}" -o labels.safetensors
cp teacher.safetensors old.safetensors
refused "is not known as soft labels" "${label[@]}" -o old.safetensors
expect 0 "" "${label[@]}" -o old.safetensors --force
cmp -s old.safetensors labels.safetensors || fail "--force writes something else"
# A mark that stands deep in a file of somebody else's means nothing.
head -c 100000 /dev/zero > deep.png && cat data/a/1.png >> deep.png && head -c 100000 /dev/zero >> deep.png
expect 0 "" "${edit[@]}" -o marked.png; cat marked.png >> deep.png; head -c 100000 /dev/zero >> deep.png
refused "is not known as images" "${edit[@]}" -o deep.png

# What dc3 wrote is replaced: each command twice; an empty file holds nothing.
: > empty.png; expect 0 "" "${edit[@]}" -o empty.png
for again in 1 2; do
  expect 0 "" "${train[@]}" -o own.safetensors
  expect 0 "" "${label[@]}" -o labels.safetensors
  expect 0 "" "${bins[@]}" -o own.jsonl
  expect 0 "" "${select[@]}" -o own.jsonl
  for ending in png jpg JPEG webp tif TIFF; do
    expect 0 "" "${edit[@]}" -o own.$ending
    expect 0 "" "${contact[@]}" -o own.$ending
  done
  expect 0 "" "${report[@]}" -o own.html
done
chmod a-w own.png
[[ $(id -u) == 0 ]] || refused "write-protected" "${edit[@]}" -o own.png

# A file is what its name says, or is refused.
type_of() { head -c 12 "$1" | od -An -c | tr -d ' \n'; }
for name in png:PNG jpg:'377330377' JPEG:'377330377' webp:RIFF tif:'II*' TIFF:'II*'; do
  [[ $(type_of own.${name%%:*}) == *"${name#*:}"* ]] || fail "own.${name%%:*} is $(type_of own.${name%%:*})"
done
for ending in pth pt bin ckpt onnx txt; do
  refused "weights are written as safetensors; expected a name that ends with .safetensors" "${train[@]}" -o t.$ending
  refused "soft labels are written as safetensors" "${label[@]}" -o t.$ending
done
for ending in gif txt svg pdf; do
  refused "expected a name that ends with .png, .jpg" "${edit[@]}" -o t.$ending
  refused "images are written as PNG, JPEG, WebP or TIFF" "${contact[@]}" -o t.$ending
done
refused "lists are written as lines of JSON or comma-separated values; expected a name that ends with .jsonl" \
  "${select[@]}" -o README.md
refused "lists are written as lines of JSON" "${bins[@]}" -o bins.tsv
refused "selected rows are written as JSON" "$dc3" select --from embeddings.safetensors -o rows.csv
refused "reports are written as HTML" "${report[@]}" -o page.pdf
refused "expected that of the file's name, t.png; found jpeg" "${edit[@]}" -o t.png --format jpeg
expect 0 "" "${edit[@]}" -o plain --format jpeg
[[ $(type_of plain) == 377330377* ]] || fail "--format of a name without ending"

# Places that cannot be written to are told before the work.
refused "found no folder none; create it first" "${train[@]}" -o none/t.safetensors
refused "found no folder none" "${select[@]}" -o none/t.jsonl
refused "expected a file to write, found the folder far" "${train[@]}" -o far
refused "expected a file to write, found the device or pipe" "${edit[@]}" -o /dev/null
[[ -c /dev/null ]] || fail "/dev/null is no device any more"
if [[ -d /proc/self && $(id -u) == 0 ]]; then # the rights of others say it
  for place in /proc/x /proc/x/y; do
    refused "the folder /proc cannot be written to: it has the kernel's files alone" "$dc3" condense data -o $place \
      --ipc 1 --threads 1 --dry-run
  done
  refused "the folder /proc cannot be written to: it has the kernel's files alone" "${train[@]}" -o /proc/t.safetensors
fi
refused "at most" "${train[@]}" -o "$(printf 'x%.0s' {1..240}).safetensors"
refused "expected a file to write, found an empty name" "${train[@]}" -o ""

# A link stays one, and what it leads to is written.
ln -s far/there.png link.png; ln -s link.png twice.png
expect 0 "" "${edit[@]}" -o twice.png
[[ -L link.png && -L twice.png && -f far/there.png ]] || fail "links are not followed"
cmp -s far/there.png own.png || "${edit[@]}" -o fresh.png > /dev/null
cmp -s far/there.png fresh.png || fail "what a link leads to is another image"
expect 0 "" "${edit[@]}" -o twice.png
ln -s loop.png loop.png; refused "" "${edit[@]}" -o loop.png

# Starting over removes the run's own teacher, but not if it is the one that is given.
cp teacher.safetensors run/
expect 2 "copy it elsewhere" "$dc3" condense data -o run --ipc 1 --teacher run/teacher.safetensors --fresh \
  "${common[@]}"
cmp -s teacher.safetensors run/teacher.safetensors || fail "the teacher is removed"
echo "all checks passed"
