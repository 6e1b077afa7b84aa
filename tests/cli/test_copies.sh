#!/bin/bash
# Images that are the same count once, in every method: by their files, or by their pixels.
source "$(dirname "$0")/support.sh"
tiny_mini
images plain/a 6; images plain/b 6
for i in 1 2 3 4 5 6; do "$make" plain/b/$i.png 24 30 $((9 * i)) 200 $((90 + i)) || fail "make_image"; done
cp -r plain data
# Behind the images that they are copies of in the order of names, so that nothing else differs: the same files, and
# the same pixels in another file.
for i in 1 2 3 4 5 6 7 8; do cp data/a/1.png data/a/7-$i.png; done
{ cat data/a/2.png; echo more; } > data/a/8.png
expect 0 "result" "$dc3" train plain -o t.safetensors --epochs 1 --arch convnet3 --threads 1 --size 16
# The images of class a that a run stored, copies by the name of what they are the same as.
chosen() { field "$1/train/metadata.jsonl" source | sed -n 's,a/7-.*,a/1.png,; s,a/8,a/2,; /^a/p' | sort; }
for method in dc3 dc3-select jitter random kmeans herding k-center graph-cut dq rded; do
  case $method in rded) teacher=t.safetensors ;; *) teacher=none ;; esac
  run=(--method $method --ipc 5 --teacher $teacher --no-report "${common[@]}")
  expect 0 "10 images stored" "$dc3" condense data -o $method "${run[@]}"
  text=$output
  expect 0 "10 images stored" "$dc3" condense plain -o plain-$method "${run[@]}"
  [[ $output != *" copy "* && $output != *" copies "* ]] || fail "$method: no copies there: $output"
  [[ $method == rded || $(chosen $method | uniq | wc -l) == 5 ]] || fail "$method stores copies: $(chosen $method)"
  case $method in
    random | rded) ;; # their order depends on how many files there are
    *) [[ $text == *"note: 9 images are copies of others ('a/7-1.png' is 'a/1.png'): the same images of a class count \
once"* ]] || fail "$method: a note of copies: $text"
      diff -r $method/train plain-$method/train || fail "$method: copies change the result" ;;
  esac
done
# Of 15 images one is there nine times and one twice; all six are found.
expect 0 "different images, fewer than 7; some are used again" "$dc3" condense data -o all --ipc 7 --method random \
  --no-report --json "${common[@]}"
[[ $(chosen all | uniq | wc -l) == 6 && $(chosen all | wc -l) == 7 ]] || fail "random: $(chosen all)"
[[ $output == *'"copies": 9,'* ]] || fail "the report counts copies: $output"

# Photos many times as large as the view: JPEGs are decoded reduced, and yet seen to be the same as their PNG copies.
# Methods that draw images say how many were compared.
large=(--size 256 --ipc 4 --method random --teacher none --no-report --threads 1)
for class in a b; do mkdir -p photos/$class; for i in 1 2 3 4; do
  [[ $class == a ]] && colour=($((60 * i)) $((200 - 30 * i)) 90) || colour=(40 $((50 * i)) $((250 - 50 * i)))
  "$make" photos/$class/$i.png 256 256 "${colour[@]}" || fail "make_image"; done; done
expect 0 "8 images stored" "$dc3" condense photos -o jpeg --format jpeg "${large[@]}"
expect 0 "8 images stored" "$dc3" condense jpeg/train -o png "${large[@]}"
for class in a b; do mkdir -p mixed/$class && cp jpeg/train/$class/*.jpg png/train/$class/*.png mixed/$class; done
mix=(--teacher none --no-report "${common[@]}")
for method in random kmeans; do
  expect 0 "note: 8 images are copies of others" "$dc3" condense mixed -o of-$method --ipc 8 --method $method \
    "${mix[@]}"
  [[ $output != *"compared were"* ]] || fail "$method: all were compared: $output"
done
rm mixed/b/*.jpg; cp mixed/a/000*.png mixed/b/wrong.png
expect 0 "warning: 1 image is in another class, too" "$dc3" condense mixed -o conflict --ipc 8 \
  --method kmeans "${mix[@]}"
expect 0 "once; compared were the " "$dc3" condense data -o few --ipc 3 --method random --seed 2 "${mix[@]}"
[[ $output =~ "compared were the "[0-9]+" of 21 images that were drawn" ]] || fail "what was compared: $output"

# A cache keeps what was found; a run that goes on, too.
cache=(--teacher none --cache cache --no-report "${common[@]}")
expect 0 "9 images are copies of others" "$dc3" condense data -o c1 --ipc 2 "${cache[@]}"
expect 0 "9 images are copies of others" "$dc3" condense data -o c2 --ipc 3 "${cache[@]}"
[[ $output == *"features of 12 images from"* ]] || fail "the cache holds copies: $output"
expect 0 "continuing" "$dc3" condense data -o c2 --ipc 3 --json "${cache[@]}"
[[ $output == *'"copies": 9,'* ]] || fail "a run that goes on forgets copies: $output"

# The same image in two classes: kept in both, with a warning.
cp data/a/1.png data/b/wrong.png
expect 0 "warning: 1 image is in another class, too ('b/wrong.png' is 'a/1.png'): with both labels they are kept" \
  "$dc3" condense data -o two --ipc 7 --method kmeans --teacher none --no-report "${common[@]}"
[[ $(field two/train/metadata.jsonl source) == *b/wrong.png* ]] || fail "an image of two classes is not in both"

# More than there are, told before the work, as the work does.
expect 0 "warning: class 'b' has 7 images, fewer than 8; some are used again" "$dc3" condense data -o dry --ipc 8 \
  --dry-run "${common[@]}"
expect 0 "warning: class 'b' has 6 readable images, fewer than 8; some are used again" "$dc3" select plain -o x.jsonl \
  --ipc 8 --dtype f32
expect 0 "warning: class 'a' has 6 images, fewer than 9; some are used again" \
  "$dc3" compare plain --val plain -o table --ipc 1,9 --methods random --arch convnet3 \
  --dry-run --threads 1 --dtype f32 --size 16
expect 1 "class 'a' has 6 images, fewer than 24 (--strict)" "$dc3" condense plain -o dry --ipc 6 --dry-run --strict \
  --method rded --factor 2 --teacher t.safetensors "${common[@]}"
echo "all checks passed"
