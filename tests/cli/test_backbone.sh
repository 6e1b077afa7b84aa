#!/bin/bash
# A backbone: a classifier of other classes, whose embeddings take the place of the VAE's features, and whose last
# layer is made anew as the run's own teacher. Here one with weights by formula, of a thousand classes.
source "$2/tests/cli/support.sh"
tiny_mini

for set in train val small; do
  for i in {1..30}; do
    side=60; [[ $set == small ]] && side=40
    mkdir -p $set/n01440764 $set/n02102040
    "$make" $set/n01440764/$i.png $side $((side + 4)) $((3 * i)) $((i % 7 * 9)) 180 &&
      "$make" $set/n02102040/$i.png $((side + 3)) $side 180 $((3 * i)) $((i % 5 * 11)) || fail "make_image"
  done
done
"$tools/make_teacher" seen.safetensors 1000 && "$tools/make_teacher" other.safetensors 4 || fail "make_teacher"
# sources RUN or FILE.jsonl: which images, sorted.
sources() { local file=$1; [[ -d $1 ]] && file=$1/train/metadata.jsonl; field "$file" source | sort; }
with=(--backbone seen.safetensors --threads 2 --dtype f32)
run=("$dc3" condense train --ipc 3 --method dc3-select --size 16)

# The run's own teacher is a linear probe, told with its accuracy, and it is the one that dc3 train makes.
expect 0 "top-1 100.00 % on 12 held-out images" "${run[@]}" "${with[@]}" -o own
[[ $output == *"seen.safetensors: convnet3 of "*" 32 px, pretrained on ImageNet-1K; --backbone none: without"* ]] ||
  fail "the backbone is not said: $output"
[[ $output == *"2 of the 2 classes are ImageNet-1K's"*"trained on the dataset alone (--backbone none)"* ]] ||
  fail "that it has seen the classes is not said: $output"
[[ $output == *"a linear probe on the backbone is the teacher"* && $output != *"asking the teacher: "*" of 40"* ]] ||
  fail "the probe is not said: $output"
for line in '"similarity": "gradients"' '"backbone": "convnet3"' '"backbone_pretrained": "ImageNet-1K"' \
  '"backbone_fingerprint": "' '"kind": "linear probe"' '"feature_size": 32' '"on": "held-out images"'; do
  grep -q "$line" own/dc3.json || fail "dc3.json has no $line: $(< own/dc3.json)"
done
expect 0 "backbone" "$dc3" info own
grep -q "Backbone pretrained" own/report.html || fail "the report does not say what the backbone was trained on"
expect 0 "" "$dc3" train train "${with[@]:0:4}" -o probe.safetensors
cmp own/teacher.safetensors probe.safetensors || fail "the run's probe is not that of dc3 train"
# Selected by its gradients over its own embeddings: as by the file, which asks each image, whose embeddings it shares.
expect 0 "" "$dc3" select train -o shared.jsonl --ipc 3 --backbone probe.safetensors --teacher probe.safetensors \
  --threads 2 --dtype f32
diff <(sources own) <(sources shared.jsonl) || fail "the probe's answers are not those of its file"
# Another number of threads, features that were saved, and a run that has lost its teacher or an image: the same bytes.
expect 0 "" "${run[@]}" "${with[@]}" -o saved --cache kept
expect 0 "features of 60 images from kept/" "${run[@]}" "${with[@]}" -o saved2 --cache kept
same_run own saved > differences && same_run own saved2 > differences || fail "runs differ: $(< differences)"
rm saved/teacher.safetensors "$(find saved/train -name '*.png' | sort | head -1)"
expect 0 "6 images were selected before" "${run[@]}" "${with[@]}" -o saved
same_run own saved > differences || fail "a continued run differs: $(< differences)"
rm saved2/selection.json
expect 0 "" "${run[@]}" "${with[@]}" -o saved2
same_run own saved2 > differences || fail "a run that chooses again differs: $(< differences)"
expect 0 '"probe_top1": 1.0' "${run[@]}" "${with[@]}" -o saved2 --json
[[ $output == *'"backbone": "convnet3"'*'"backbone_pretrained": "ImageNet-1K"'* ]] || fail "JSON: $output"
expect 0 "a teacher's training, 60 images encoded at 32 px" "${run[@]}" "${with[@]}" -o dry --dry-run
[[ ! -e dry ]] || fail "a dry run writes"
expect 1 "backbone_fingerprint was" "${run[@]}" --backbone other.safetensors --threads 2 --dtype f32 -o own
expect 1 "own: holds a run with other settings" "${run[@]}" --threads 2 --dtype f32 -o own

# A teacher's file beside it: its gradients, in bins by the backbone; by embeddings alone where there is none.
"$dc3" train train -o trained.safetensors --size 16 --epochs 2 --batch 8 --threads 2 -q > /dev/null || fail "train"
expect 0 "" "${run[@]}" "${with[@]}" -o beside --teacher trained.safetensors
grep -q '"similarity": "gradients"' beside/dc3.json && grep -q '"teacher_size": 16' beside/dc3.json &&
  grep -q '"by":"backbone"' <(tr -d ' ' < beside/quality.json) || fail "beside a teacher: $(< beside/dc3.json)"
expect 0 "" "${run[@]}" "${with[@]}" -o alone --teacher none
grep -q '"similarity": "backbone"' alone/dc3.json || fail "without a teacher: $(< alone/dc3.json)"
expect 0 "" "$dc3" select train "${with[@]}" -o alone.jsonl --ipc 3
diff <(sources alone) <(sources alone.jsonl) || fail "select and condense choose differently by a backbone"
expect 0 "" "$dc3" bins train "${with[@]}" -o bins.jsonl --bins 3
[[ $(field bins.jsonl bin | sort -u | wc -l) == 3 ]] || fail "bins: $(head -3 bins.jsonl)"
expect 0 "" "$dc3" bins train --threads 2 --dtype f32 -o vae.jsonl --bins 3
! cmp -s bins.jsonl vae.jsonl || fail "bins by a backbone are those by the VAE"
expect 0 "" "$dc3" select train "${with[@]}" -o means.jsonl --ipc 3 --method kmeans --teacher trained.safetensors
expect 0 "" "$dc3" select train "${with[@]}" -o means2.jsonl --ipc 3 --method kmeans
diff <(sources means.jsonl) <(sources means2.jsonl) || fail "kmeans is not by the backbone's embeddings"
expect 0 "top-1 100.00 % on 12 held-out images" "${run[@]}" "${with[@]}" -o crops --method rded

# As a default: of images above 48 pixels, where nothing is said about a teacher; else as if there were none.
usual() { DC3_BACKBONE=seen.safetensors "$@"; }
expect 0 "backbone seen.safetensors" usual "${run[@]}" --threads 2 --dtype f32 -o default
same_run own default > differences || fail "the default backbone differs: $(< differences)"
none=("${run[@]}" --threads 2 --dtype f32 --teacher-epochs 1)
expect 0 "a teacher is trained first" "${none[@]}" -o none
expect 0 "a teacher is trained first" usual "${none[@]}" -o none2
same_run none none2 > differences || fail "a backbone that is left out matters: $(< differences)"
# A run that was begun before there was one goes on without; one that is asked for is refused there.
begun=("${run[@]}" --threads 2 --dtype f32)
expect 0 "estimate" "${begun[@]}" -o without --backbone none
rm "$(find without/train -name '*.png' | sort | head -1)"
expect 0 "note: without: begun without a backbone, so it goes on without; in another folder seen.safetensors" \
  usual "${begun[@]}" -o without
[[ $output == *"6 images were selected before"* ]] || fail "it does not go on: $output"
[[ $(grep -o 'begun without a backbone' <<< "$output" | wc -l) == 1 ]] || fail "it is said more than once: $output"
expect 0 "" "${begun[@]}" -o without2 --backbone none
same_run without without2 > differences || fail "a run that goes on without differs: $(< differences)"
expect 1 "without: holds a run with other settings" "${begun[@]}" -o without --backbone seen.safetensors
expect 0 "backbone seen.safetensors" usual "${begun[@]}" -o without --fresh
same_run own without > differences || fail "a run begun anew differs from one with a backbone: $(< differences)"
expect 0 "estimate" usual "${run[@]}" -o x --backbone none --dry-run
[[ $output == *"to train a teacher first"* && $output != *"backbone seen"* ]] || fail "--backbone none: $output"
for more in "--teacher none" "--teacher trained.safetensors" "--method random"; do
  rm -rf none2; expect 0 "" usual "${run[@]}" --threads 2 --dtype f32 -o none2 $more
  ! grep -q backbone none2/dc3.json || fail "a default backbone with $more: $(< none2/dc3.json)"
done
expect 0 "a teacher's training" usual "$dc3" condense small -o x --ipc 1 --dry-run --threads 2
[[ $output != *backbone* ]] || fail "a default backbone of small images: $output"

# What makes no use of it is refused, and what is no classifier.
expect 2 "--backbone: --method random has no use for it" "${run[@]}" "${with[@]}" -o x --method random
for method in rded graph-cut; do
  expect 2 "--backbone: --method $method has no use for it" "${run[@]}" "${with[@]}" -o x --method $method \
    --teacher trained.safetensors
done
expect 2 "--backbone: --method dc3-select has no use for it" "${run[@]}" "${with[@]}" -o x --selection herding \
  --teacher trained.safetensors
expect 0 "a linear probe on the backbone is the teacher" "${run[@]}" "${with[@]}" -o herded --selection herding
# The probe scores crops before their features are made, by which they are chosen; a run that has lost all else goes on.
expect 0 "a linear probe on the backbone is the teacher" "${run[@]}" "${with[@]}" -o cropped --crops 2
grep -q '"similarity": "gradients"' cropped/dc3.json && grep -q '"crops": 2' cropped/dc3.json ||
  fail "crops by a probe: $(< cropped/dc3.json)"
cp -r cropped cropped2 && rm cropped2/selection.json cropped2/train/*/*.png
expect 0 "6 images stored" "${run[@]}" "${with[@]}" -o cropped2 --crops 2
same_run cropped cropped2 > differences || fail "crops by a probe, chosen again: $(< differences)"
expect 2 "--teacher-epochs means nothing with --backbone" "${run[@]}" "${with[@]}" -o x --teacher-epochs 2
expect 2 "--teacher-arch means nothing with --backbone" "${run[@]}" "${with[@]}" -o x --teacher-arch resnet18
expect 2 "--feature-size: the backbone is the teacher too, which sees images at 48 px" "${run[@]}" "${with[@]}" -o x \
  --teacher-size 48 --feature-size 32
expect 2 "--backbone: gone.pth: expected a classifier's file" "${run[@]}" -o x --backbone gone.pth
expect 2 "--backbone: val: expected a classifier's file" "${run[@]}" -o x --backbone val
expect 2 "--backbone: val: expected a classifier's file" "$dc3" train train -o x.safetensors --backbone val
expect 1 "--backbone" "${run[@]}" -o x --backbone train/n01440764/1.png
expect 2 "--backbone" "$dc3" select --from x.npz --ipc 1 --backbone seen.safetensors
[[ ! -e x ]] || fail "a refused command writes"

# One for all methods of a comparison, and for its soft labels.
compare=("$dc3" compare train --val val --ipc 1 --methods random,rded,kmeans,dc3-select --epochs 1 --seeds 1 --size 32
  --threads 2)
expect 0 "a linear probe, top-1 100.00 % on 12 held-out images" "${compare[@]}" --backbone seen.safetensors -o table
[[ $output == *"backbone: convnet3, pretrained on ImageNet-1K: scores to compare with papers need "* ]] ||
  fail "the table does not say the backbone: $output"
grep -q '"backbone": "convnet3"' table/table.json || fail "table.json does not say the backbone"
grep -q '"backbone"' table/ipc1/dc3-select/seed0/dc3.json || fail "no backbone in a set: $output"
! grep -q '"backbone"' table/ipc1/random/seed0/dc3.json || fail "a backbone in a set of random images"
expect 0 "table.txt" "${compare[@]}" --backbone seen.safetensors -o table
expect 1 "table: holds scores of another 'backbone'" "${compare[@]}" --backbone other.safetensors -o table
few=("$dc3" compare train --val val --ipc 1 --methods herding --labels hard --epochs 1 --seeds 1 --size 32 --threads 2)
expect 0 "table.txt" "${few[@]}" --backbone none -o begun
expect 0 "note: begun: begun without a backbone, so it goes on without" usual "${few[@]}" -o begun
! grep -q '"backbone"' begun/compare.json || fail "a comparison begun without has a backbone: $(< begun/compare.json)"
expect 0 "estimate: teacher " "${compare[@]}" --backbone seen.safetensors -o x --dry-run
expect 0 "estimate: teacher " "${compare[@]}" --backbone seen.safetensors -o table --dry-run
expect 2 "--backbone: such a comparison has no use for it" "$dc3" compare train --val val -o x --ipc 1 --labels hard \
  --methods random --backbone seen.safetensors --threads 2
[[ ! -e x ]] || fail "a refused comparison writes"
echo "backbone: passed"
