#!/bin/bash
# What condensed sets are worth to a generator (docs/fine-tuning.md): generators.sh DATA WORK, where DATA, such as
# CIFAR-10, has train/ with a folder per class. A small DiT (CONFIG) is trained from scratch on each set, for the same
# steps, in the latents of a VAE, and what it generates is measured beside images that are held out. Nothing of DATA's
# test set is used unless TEST=1 says that it is measured against: by default the images of train/ whose names end in 7
# are held out, and sets and teacher see the rest.
#
# WORK/generators.txt has a row for each set and step: Frechet and kernel distance with its standard error, precision,
# recall, classifier score, the part that is memorised of the set and what that is of held-out images, and the accuracy
# (CAS, %) on the held-out images of a classifier that is trained on what was generated last. The row of sets/real is of
# as many real images in place of generated ones: what can be reached. Each step continues where it stopped; pages are
# in WORK/models/*/report.html.
#
# In the environment: IPC (default 50), SETS (default all random dc3-select dc3 rded), SIZE (pixels, default 64), STEPS
# (default 20000), BATCH (32), KEEP (steps between those that are measured, default a quarter of all), EACH (images that
# are generated of a class, default 500), GUIDANCE (1.5), SAMPLER_STEPS (25), VAE (a folder with vae/, default
# dc3-mini), CONFIG (default dit.json, for 64 px in latents of 16), TEACHER (a file, default: one is trained), EPOCHS
# (of it and of the classifiers, default 15), ARCH (of both, default convnet3), THREADS (default 1), SEED, FROM (last
# digits of the names of the images that sets are made from, default 0-689), HELD (of those that are held out).
set -eu
here=$(realpath "$(dirname "$0")")
data=$(realpath "$1") work=$2
dc3=$(realpath "${DC3:-$here/../../build/dc3}")
vae=$(realpath "${VAE:-$here/../../models/dc3-mini}") config=$(realpath "${CONFIG:-$here/dit.json}")
sets=${SETS:-all random dc3-select dc3 rded} steps=${STEPS:-20000} each=${EACH:-500}
keep=${KEEP:-$((steps / 4))} common=(--threads "${THREADS:-1}" --seed "${SEED:-0}" -q)
((keep > 0)) || keep=$steps # none on the way
student=(--arch "${ARCH:-convnet3}" --epochs "${EPOCHS:-15}" --test-every 1000 "${common[@]}" --json)
export OMP_WAIT_POLICY=passive
# shellcheck source=tools/results/held_out.sh
source "$here/held_out.sh"
mkdir -p "$work" && cd "$work" && mkdir -p sets models generated measures cas

split_train "$data" "${HELD:-}"
from=$(fit_part "$data" "${FROM:-}")
test=held
[[ ${TEST:-0} == 0 ]] || test=$data/test
teacher=${TEACHER:-teacher.safetensors}
[[ -f $teacher ]] || "$dc3" train "$from" --val held "${student[@]}" -o teacher.safetensors > teacher.json
classes=$(find "$from/" -mindepth 1 -maxdepth 1 -type d | wc -l)
sed 's/\("num_embeds_ada_norm": \)[0-9]*/\1'"$classes/" "$config" > dit.json

# condense NAME IPC METHOD
condense() {
  "$dc3" condense "$from" -o "sets/$1" --ipc "$2" --method "$3" --teacher "$teacher" --no-report "${common[@]}" \
    > /dev/null
}
# images SET: where they are.
images() { [[ $1 == all ]] && echo "$from" || echo "sets/$1/train"; }

# generate SET MODEL STEP: prints the folder.
generate() {
  local out
  out=generated/$1-$(printf '%06d' "$3")
  "$dc3" generate --model "$2" --classes "$from" -n "$each" --steps "${SAMPLER_STEPS:-25}" \
    --guidance "${GUIDANCE:-1.5}" -o "$out" "${common[@]}" > /dev/null
  echo "$out"
}

# measure NAME IMAGES [TRAINING]
measure() {
  [[ -f measures/$1.json ]] || {
    # shellcheck disable=SC2086
    "$dc3" measure "$test" $2 --teacher "$teacher" ${3:+--training "$3"} "${common[@]}" --json > "measures/$1.part"
    mv "measures/$1.part" "measures/$1.json"
  }
}
# score NAME IMAGES: the classification accuracy score.
score() {
  [[ -f cas/$1.json ]] || {
    "$dc3" train "$2" --val "$test" "${student[@]}" -o "cas/$1.safetensors" > "cas/$1.part"
    mv "cas/$1.part" "cas/$1.json"
  }
}

# train SET: trains, generates, measures.
train() {
  local step folders=() out=models/$1
  "$dc3" finetune "$(images "$1")" --from-scratch --config dit.json --model "$vae" --size "${SIZE:-64}" \
    --steps "$steps" --batch "${BATCH:-32}" --keep-every "$keep" --sample-every "$keep" -o "$out" "${common[@]}" \
    > /dev/null
  for ((step = keep; step < steps; step += keep)); do
    folders+=("$(generate "$1" "$out/steps/$(printf '%06d' "$step")" "$step")")
  done
  folders+=("$(generate "$1" "$out" "$steps")")
  measure "$1" "${folders[*]}" "$(images "$1")"
  score "$1" "${folders[-1]}/train"
  "$dc3" report "$out" --measures "measures/$1.json" -q > /dev/null
  table
}

# rows FILE CAS: of each measured folder, the reference left out; CAS beside the last.
rows() {
  awk -v cas="$2" '
    function value(line) { sub(/.*": "?/, "", line); sub(/"?,?$/, "", line); return line == "null" ? "-" : line }
    /^   "path":/ { if (path != "") row(); path = value($0); n++; split("", v) }
    /^    "(frechet_distance|kernel_distance|kernel_distance_error|precision|recall|classifier_score|memorised)":/ {
      name = $1; gsub(/[":]/, "", name); v[name] = value($0) }
    function row() { if (v["memorised"] == "") v["memorised"] = "-"
      if (n == 1) unseen = v["memorised"]
      else rows[++count] = sprintf("%-28s %10s %12s %12s %9s %9s %9s %10s %9s", path, v["frechet_distance"],
        v["kernel_distance"], v["kernel_distance_error"], v["precision"], v["recall"], v["classifier_score"],
        v["memorised"], unseen) }
    END { row(); for (i = 1; i <= count; i++) printf("%s %7s\n", rows[i], i == count ? cas : "") }' "$1"
}
table() {
  local file name
  {
    printf '%-28s %10s %12s %12s %9s %9s %9s %10s %9s %7s\n' images Frechet kernel error precision recall score \
      memorised held-out CAS
    for file in measures/*.json; do
      name=$(basename "$file" .json)
      rows "$file" "$(sed -n 's/.*"top1": \([0-9.]*\).*/\1/p' "cas/$name.json" 2> /dev/null |
        awk '{ printf("%.2f", 100 * $1) }')"
    done
  } > generators.txt.part
  mv generators.txt.part generators.txt
}

condense real "$each" random
measure real sets/real
score real sets/real/train
for set in $sets; do
  [[ $set == all ]] || condense "$set" "${IPC:-50}" "$set"
  train "$set"
done
table
cat generators.txt
