#!/bin/bash
# dc3 generate: folders of images by a model of texts and one of classes, the same bytes after an interruption, what is
# said before it starts, and what is refused.
source "$(dirname "$0")/support.sh"
models=$source/tests/golden/generate
# differ A B TEXT: TEXT is what failed where both files are the same; a file that is missing fails too.
differ() {
  cmp -s "$1" "$2"
  case $? in 0) fail "$3" ;; 1) ;; *) fail "$1 or $2 is missing" ;; esac
}
quick=(--steps 2 --dtype f32 --threads 1)
text=("$dc3" generate --model "$models/text" "${quick[@]}")
classes=("$dc3" generate --model "$models/classes" "${quick[@]}")

# A folder of each text, with what it was made from.
expect 0 "3 images of 1 class, 3 of them made now" "${text[@]}" -p 'a red fish' -n 3 -o fish
[[ $output == *"generator text: 0."*" M parameters, f32, 1 thread"* &&
  $output == *"estimate: 3 images of 16 px in 2 steps, 3 at once"*" s an image; peak memory "* ]] ||
  fail "what is said: $output"
# Images of 16 px stand six times as large on the contact sheet.
read -r high low < <(od -An -tu1 -j18 -N2 fish/contact.png)
((256 * high + low > 3 * 96)) || fail "contact.png is $((256 * high + low)) px wide"
for i in 0 1 2; do [[ -s "fish/train/a red fish/0000$i.png" ]] || fail "no image $i: $(ls -R fish)"; done
[[ -s fish/contact.png && $(wc -l < fish/train/metadata.jsonl) == 3 ]] || fail "beside the images: $(ls -R fish)"
[[ $(field fish/train/metadata.jsonl file_name | head -1) == "a red fish/00000.png" ]] || fail "file_name"
what='"label":0,"class":"a red fish","prompt":"a red fish","seed":0,"number":1}'
[[ $(sed -n 2p fish/train/metadata.jsonl) == *"$what" ]] || fail "metadata.jsonl: $(< fish/train/metadata.jsonl)"
grep -q '"complete": true' fish/generate.json || fail "generate.json: $(< fish/generate.json)"
expect 0 "a dataset" "$dc3" info fish/train
# A sheet of other rows, and what has no page says what it is.
expect 0 "result: sheet.png" "$dc3" contact fish -o sheet.png
read -r high low < <(od -An -tu1 -j18 -N2 sheet.png)
((256 * high + low >= 3 * 96 && 256 * high + low < 4 * 96)) || fail "3 images: $((256 * high + low)) px wide"
expect 2 "--data: images that dc3 generate made (fish) have no originals" "$dc3" contact fish --data fish/train -o x.png
expect 1 "fish: expected a folder that dc3 condense made, found one that dc3 generate made; dc3 contact shows its \
images" "$dc3" report fish
expect 0 "fish: generated images, 3 of each of 1 class by text"$'\n'"  state         complete" "$dc3" info fish
[[ $output == *"  images        3 in 1 class"*"sampler ddim"* && $output != *fingerprint* ]] || fail "info: $output"
expect 0 '"kind": "generated"' "$dc3" info fish --json

# Again nothing is made; what is lost is made again, to the same bytes; another folder's are the same.
cp -r fish before
expect 0 "3 images of 1 class, 0 of them made now; peak" "${text[@]}" -p 'a red fish' -n 3 -o fish
rm "fish/train/a red fish/00001.png" fish/train/metadata.jsonl
expect 0 "1 of them made now" "${text[@]}" -p 'a red fish' -n 3 -o fish
diff -r before fish || fail "an image that was lost is another"
expect 0 "5 of them made now" "${text[@]}" -p 'a red fish' -n 5 --seed 1 -o other
differ fish/train/*/00000.png other/train/*/00000.png "another seed gives the same image"

# Side by side: the same bytes.
for threads in 1 2; do
  expect 0 "6 of them made now" "${text[@]}" --threads $threads -p 'a red fish' -n 6 --batch 2 -o "threads$threads"
done
[[ $output == *"images: 6 of 6, "* ]] || fail "two batches at once: $output"
diff -r threads1/train threads2/train || fail "the number of threads changes images"

expect 0 "estimate: 3 images of 16 px in 2 steps, 3 at once" "${text[@]}" -p 'a red fish' -n 3 --batch 64 -o few
expect 0 "0 of them made now" "${text[@]}" -p 'a red fish' -n 3 --batch 64 -o few
expect 0 '"batch": 3,' "${text[@]}" -p 'a red fish' -n 3 --batch 64 --dry-run --json

# Interrupted, and continued: batches one after the other, and side by side.
for way in "--batch 2" "--batch 1 --threads 4"; do
  rm -rf broken whole
  read -ra words <<< "$way"
  many=("${text[@]}" -p 'a red fish' -n 60 --steps 20 "${words[@]}")
  interrupt 'broken/train/*/00003.png' "" "${many[@]}" -o broken
  expect 0 "broken: stopped   to continue: the command that began it, again" "$dc3" status broken
  expect 0 "  state         interrupted: run its command again to resume" "$dc3" info broken
  [[ ! -e broken/train/metadata.jsonl ]] || fail "metadata.jsonl is there before all images are"
  expect 0 "60 images of 1 class" "${many[@]}" -o broken
  [[ $output != *"60 of them made now"* ]] || fail "nothing was left of the interrupted call: $output"
  expect 0 "60 images of 1 class, 60 of them made now" "${many[@]}" -o whole
  expect 0 "whole: complete" "$dc3" status whole
  diff -r broken whole || fail "a call that was continued has other bytes ($way)"
done
rm broken/train/*/*.png
interrupt 'broken/train/*/00003.png' "" "${many[@]}" -o broken
expect 0 "broken: stopped   " "$dc3" status broken

# Other settings are refused, or start over.
expect 1 'holds images of other settings (seed was "0" and is "2"); use --fresh' "${text[@]}" -p 'a red fish' -n 3 \
  --seed 2 -o fish
expect 1 "holds images of other settings (the prompts or classes are others); use --fresh" "${text[@]}" \
  -p 'a blue fish' -n 3 -o fish
for batch in 1000 0 -1; do
  cp -r other damaged; sed -i "s/\"batch\": [0-9]*/\"batch\": $batch/" damaged/generate.json
  expect 1 "damaged/generate.json: 'batch' should lie in 1 to 64, is $batch" "${text[@]}" -p 'a red fish' -n 5 \
    --seed 1 -o damaged
  rm -r damaged
done
touch fish/train/mine
expect 0 "estimate: 3 images of 16 px" "${text[@]}" -p 'a red fish' -n 3 -o fish --fresh --dry-run
expect 0 "2 of them made now" "${text[@]}" -p 'a blue fish' -n 2 --seed 2 -o fish --fresh
[[ -e fish/train/mine && ! -e "fish/train/a red fish" && -s "fish/train/a blue fish/00001.png" ]] ||
  fail "starting over: $(ls -R fish)"

# A file of texts: a folder of each class, in the order of their names; # begins a comment.
printf '# texts\nwater\ta lake\nair\tthe sky\n\nwater\tthe sea\n' > texts
expect 0 "6 images of 2 classes" "${text[@]}" --prompts texts -n 3 -o lines
[[ $(field lines/train/metadata.jsonl prompt | paste -sd,) == "the sky,the sky,the sky,a lake,the sea,a lake" ]] ||
  fail "prompts: $(< lines/train/metadata.jsonl)"
[[ $(field lines/train/metadata.jsonl label | paste -sd,) == 0,0,0,1,1,1 ]] || fail "labels of lines"

# What is no text is refused, with its line.
printf 'water\ta lake\r\n\r\nair\t \r\n' > empty; printf '\0\0\0\1a lake' > binary
expect 2 "empty, line 3: expected a text of 1 to 4000 bytes, found 0" "${text[@]}" --prompts empty -n 1 -o x
expect 1 "binary: expected a prompt on each line, found " "${text[@]}" --prompts binary -n 1 -o x
expect 2 "--prompt: expected a text, found blanks only" "${text[@]}" --prompt '  ' -n 1 -o x
[[ ! -e x ]] || fail "what is refused makes a folder"

# The same prompt of two classes gives the same images.
printf 'bird\ta crane\nmachine\ta crane\n' > cranes
both="images of it with the same number are the same in both"
expect 0 "note: 'bird' and 'machine' share the prompt 'a crane': $both" \
  "${text[@]}" --prompts cranes -n 1 -o same
cmp same/train/{bird,machine}/00000.png || fail "the same prompt and number give two images"
expect 2 "--classes: 'crane' stands there twice; expected different classes" "${text[@]}" \
  --classes 'crane, heron,crane' -n 1 -o x

# Classes of a dataset by a template and their nicer names, and an image by an adapter differs.
images data/n01440764 1; images data/golden_retriever 1
printf 'n01440764 tench\n' > names
printf 'tench a fish\n' > strangers
expect 2 "--names: expected lines of a class and its name, found none of these classes ('golden_retriever', ..)" \
  "${text[@]}" --classes data --names strangers -n 1 -o x
named=(--classes data --template 'a {}, wet.' --names names -n 1)
expect 0 "2 images of 2 classes" "${text[@]}" "${named[@]}" -o named
[[ $(sed -n 's/.*"prompt":"\([^"]*\)".*/\1/p' named/train/metadata.jsonl | paste -sd'|') == \
  "a golden retriever, wet.|a tench, wet." ]] || fail "captions: $(< named/train/metadata.jsonl)"
printf 'polar bear ursus\npolar\tbear cold\npolar bear white\n' > polar
expect 0 "2 images" "${text[@]}" --classes 'polar bear,polar' --template '{}.' --names polar -n 1 -o polars
[[ $(field polars/train/metadata.jsonl prompt | paste -sd,) == "bear cold.,ursus." ]] ||
  fail "names of classes that begin with another: $(< polars/train/metadata.jsonl)"
expect 0 "2 images" "${text[@]}" "${named[@]}" --lora "$models/lora" -o adapted
differ {named,adapted}/train/n01440764/00000.png "an adapter changes nothing"
expect 0 "2 images" "${text[@]}" "${named[@]}" --lora "$models/lora" --lora-scale 0 -o plain
cmp {named,plain}/train/n01440764/00000.png || fail "an adapter that counts nothing changes an image"
expect 1 "other settings (the adapters are others; lora_scale was 1 and" "${text[@]}" "${named[@]}" -o adapted
expect 1 "other settings (the adapters are others; " "${text[@]}" "${named[@]}" --lora "$models/lora" -o named
expect 2 "--lora-scale: means nothing without --lora" "${text[@]}" "${named[@]}" --lora-scale 2 -o x

# A model of classes: those of a dataset, and by names and numbers. An image is the same whatever else is made.
expect 0 "2 images of 2 classes" "${classes[@]}" --classes data -n 1 --batch 1 -o of_data
[[ $(field of_data/train/metadata.jsonl model_class | paste -sd,) == 207,0 ]] || fail "model_class"
expect 0 "3 images of 3 classes" "${classes[@]}" --classes 'tench, 999,cock' -n 1 --batch 1 -o listed
[[ $(ls listed/train | paste -sd,) == 999,cock,metadata.jsonl,tench ]] || fail "folders of a list: $(ls listed/train)"
cmp of_data/train/n01440764/00000.png listed/train/tench/00000.png || fail "an image depends on the others"

# Adapters of an editor: an edit differs, and a run says which they are.
tiny_editor editor
images pictures/a 2
edit=("$dc3" edit data/golden_retriever/1.png --editor editor -p sunny "${quick[@]:2}")
adapter=(--lora "$models/editor_lora.safetensors")
expect 0 "result: usual.png" "${edit[@]}" -o usual.png
expect 0 "result: adapted.png" "${edit[@]}" "${adapter[@]}" -o adapted.png
expect 2 "--lora-scale: means nothing without --lora" "${edit[@]}" --lora-scale 2 -o x.png
expect 0 "result: without.png" "${edit[@]}" "${adapter[@]}" --lora-scale 0 -o without.png
differ usual.png adapted.png "adapters do not change an edit"
cmp usual.png without.png || fail "adapters that count nothing change an edit"
run=(pictures -o run --editor editor --ipc 1 --bins 1 --teacher none --no-report "${common[@]}")
expect 0 "result: run" "$dc3" condense "${run[@]}" "${adapter[@]}"
grep -q '"lora_fingerprint"' run/dc3.json || fail "dc3.json names no adapters"
expect 1 "holds a run with other settings" "$dc3" condense "${run[@]}"
expect 2 "--lora: the method random makes no edits" "$dc3" condense "${run[@]}" "${adapter[@]}" --method random
expect 1 "is the LoRA for another model?" "${edit[@]}" --lora "$source/tests/golden/lora/kohya.safetensors" -o no.png

# Before it starts.
expect 0 "estimate: about " "${text[@]}" -p fish --size 24 --dry-run
[[ $output == *" ms each to write, "* ]] || fail "writing is not counted: $output"
"${text[@]}" -p fish --dry-run --json > dry.json 2> log && "$tools/is_json" dry.json ||
  fail "--dry-run --json: $(< log)"
grep -q '"estimate_memory_megabytes"' dry.json || fail "no memory: $(< dry.json)"
"${text[@]}" -p fish -n 1 -o json --json > made.json 2> log && "$tools/is_json" made.json || fail "--json: $(< log)"
grep -q '"seconds_per_image"' made.json || fail "no speed: $(< made.json)"
long=$(printf 'a fish and %.0s' {1..20})
expect 0 "note: 1 prompt is cut to the 40 tokens that the model sees, the first of them of " "${text[@]}" -p "$long" \
  --dry-run
if ! grep -q __asan_init "$dc3"; then
  fits=$(ulimit -v 3000000; "${text[@]}" -p fish -n 1 --size 4096 -o large 2>&1) && fail "4096 px in 3 GB: $fits"
  [[ $fits == *"1 image of 4096 pixels at once: this needs about "*" of address space"*"; --size "*" fits"* ]] ||
    fail "too little memory: $fits"
  [[ ! -e large ]] || fail "a folder was made all the same"
  sed -i 's/"images": 3/"images": 64/; s/"size": 16/"size": 320/' few/generate.json # its batch is 64
  fits=$(ulimit -v 1300000; "${text[@]}" -p 'a red fish' -n 64 --size 320 -o few 2>&1) && fail "320 px in 1.3 GB: $fits"
  [[ $fits == *"64 images of 320 pixels at once: "*"; --batch "*" with --fresh fits"* ]] ||
    fail "too little memory for a folder's batch: $fits"
fi

# What is refused.
expect 2 "classes is a model of classes, which takes no texts; --classes says of which" "${classes[@]}" -p fish -o x
expect 2 "has no class 'golden retriver'; did you mean 'golden retriever'?" "${classes[@]}" \
  --classes 'golden retriver' -o x
expect 2 "has no class '1000'; expected names of its classes, or their numbers from 0 to 999" "${classes[@]}" \
  --classes 1000 -o x
expect 2 "'tench' and '0' are the same class 0" "${classes[@]}" --classes tench,0 -o x
cp -r "$models/classes" fishes; sed -i 's/"cock"/"Goldfish"/' fishes/model_index.json
expect 2 "--classes: 'goldFish' is the class 1 of fishes and 7 too; give its number" "$dc3" generate --model fishes \
  --classes goldFish -o x
expect 0 "estimate: about " "$dc3" generate --model fishes "${quick[@]}" --classes goldfish,Goldfish -n 1 --dry-run
expect 2 "expected one of --prompt, --prompts and --classes, found several" "${text[@]}" -p a --classes data -o x
expect 2 "--template: expected one {} where the class's name goes, found 'a'" "${text[@]}" --classes data \
  --template a -o x
expect 2 "--size: expected a multiple of 4 from 4 to 4096, found 18" "${text[@]}" -p a --size 18 -o x
expect 2 "images of what?" "${text[@]}" -o x
expect 2 "which model?" "$dc3" generate -p a -o x
expect 1 "is the LoRA for another model?" "${text[@]}" -p a --lora "$source/tests/golden/lora/kohya.safetensors" -o x
expect 1 "which edits images" "$dc3" generate --model "$source/models/dc3-mini" -p a -o x
cp -r "$models/text" bare; rm bare/unet/*.safetensors
expect 1 "bare/unet" "$dc3" generate --model bare -p a -o x
mkdir mine; touch mine/file
expect 1 "mine: holds files that dc3 did not make" "${text[@]}" -p a -o mine
expect 1 "lies in data" "${text[@]}" --classes data -o data/new
: > empty
expect 1 "empty: expected a prompt on each line, found none" "${text[@]}" --prompts empty -o x
[[ ! -e x ]] || fail "a folder was made all the same"
echo "all checks passed"
