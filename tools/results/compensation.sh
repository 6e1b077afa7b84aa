#!/bin/bash
# What the kinds of colour compensation do (docs/method.md): compensation.sh DATA WORK [IPC], where DATA, such as
# CIFAR-10, has train/ with a folder per class. Nothing of its test set is used: the images whose names end in 7 are
# held out, teacher and sets see the rest. Students train by the recipe strong, one thread each; dc3-mini is the editor.
# WORK/compensation.txt has a row for each IPC, kind of labels and of compensation: the mean of the scores, their
# deviation, and the mean and deviation of the differences from `none` of the same seeds. Each step continues where it
# stopped. Of photos:
#
#     SIZE=64 TEACHER_ARCH=resnet18 TEACHER_EPOCHS=5 compensation.sh imagenette work
#
# In the environment: SEEDS (default 3), JOBS (default: processors), KINDS (default none random calibrated), LABELS
# (default hard), SIZE (pixels, default: the images'), TEACHER (a file; default: one is trained on the images that are
# not held out), TEACHER_ARCH (default convnet3), TEACHER_EPOCHS (default 14), ARCH (of students, default convnet3),
# RECIPE (of students, default strong; with classic in batches of 25, 10 at IPC 1), SEEN (images that each student sees,
# default 10,000 and 30,000 at IPC 1 and 10), FROM (last digits of the names of the images that are condensed; default:
# all that are not held out).
set -eu
data=$(realpath "$1") work=$2 only=${3:-}
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
[[ $only =~ ^(|1|10)$ ]] || { echo "expected IPC 1 or 10, found $only" >&2; exit 1; }
seeds=${SEEDS:-3} jobs=${JOBS:-$(nproc)} kinds=${KINDS:-none random calibrated}
labels=${LABELS:-hard} size=(${SIZE:+--size "$SIZE"}) recipe=${RECIPE:-strong}
export OMP_WAIT_POLICY=passive
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$data"
from=$(fit_part "$data" "${FROM:-}")
teacher=${TEACHER:-teacher.safetensors}
[[ -f $teacher ]] || "$dc3" train fit --val held --arch "${TEACHER_ARCH:-convnet3}" "${size[@]}" \
  --epochs "${TEACHER_EPOCHS:-14}" --test-every 7 --seed 1 --threads "$jobs" \
  -o teacher.safetensors --json > teacher.json 2>> teacher.log

condense() { # KIND IPC SEED
  [[ -f runs/$1-$2-$3/dc3.json ]] && grep -q '"complete": *true' "runs/$1-$2-$3/dc3.json" && return
  "$dc3" condense "$from" -o "runs/$1-$2-$3" --compensation "$1" --ipc "$2" --teacher "$teacher" --cache features \
    "${size[@]}" --seed "$3" --no-report -q > "runs/$1-$2-$3.txt"
}
student() { # KIND IPC SEED LABELS
  local out=scores/$2-$4-$1-$3.json how=(--recipe "$recipe" --images-seen "${SEEN:-30000}")
  [[ $2 != 1 ]] || how=(--recipe "$recipe" --images-seen "${SEEN:-10000}")
  [[ $recipe != classic ]] || how+=(--batch $(($2 == 1 ? 10 : 25)))
  [[ ! -f $out ]] || return 0
  "$dc3" evaluate "runs/$1-$2-$3" --val held --teacher "$teacher" --arch "${ARCH:-convnet3}" "${size[@]}" \
    --labels "$4" --seed "$3" --seeds 1 --threads 1 "${how[@]}" -q --json -o "$out.row.json" > "$out.part"
  rm "$out.row.json" && mv "$out.part" "$out"
}
top1() { grep -o '"top1": *[0-9.]*' "$1" | head -1 | grep -o '[0-9.]*$'; }
mean() { awk '{ n++; s += $1; q += $1 * $1 } END { m = n ? s / n : 0; d = n > 1 ? sqrt((q - n * m * m) / (n - 1)) : 0
  printf("%6.2f +- %4.2f", m, d) }'; }
table() {
  local ipc kind label seed of none
  {
    printf '%-4s %-5s %-12s %-16s %-18s %s\n' IPC label kind 'top-1 %' 'less none' seeds
    for ipc in 1 10; do
      for label in $labels; do
        for kind in $kinds; do
          of=scores/$ipc-$label-$kind none=scores/$ipc-$label-none
          compgen -G "$of-*.json" > /dev/null || continue
          printf '%-4s %-5s %-12s ' "$ipc" "$label" "$kind"
          for ((seed = 0; seed < seeds; seed++)); do
            [[ ! -f $of-$seed.json ]] || top1 "$of-$seed.json"
          done | awk '{ print 100 * $1 }' > both
          mean < both
          printf '   '
          for ((seed = 0; seed < seeds; seed++)); do
            [[ -f $of-$seed.json && -f $none-$seed.json ]] || continue
            echo "$(top1 "$of-$seed.json") $(top1 "$none-$seed.json")"
          done | awk '{ print 100 * ($1 - $2) }' | mean
          printf '     %d\n' "$(wc -l < both)"
        done
      done
    done
  } > compensation.txt.part
  rm -f both
  mv compensation.txt.part compensation.txt
}

mkdir -p runs scores
for ((seed = 0; seed < seeds; seed++)); do
  for ipc in ${only:-1 10}; do
    for kind in $kinds; do condense "$kind" "$ipc" "$seed"; done
    for kind in $kinds; do
      for label in $labels; do
        while (($(jobs -rp | wc -l) >= jobs)); do wait -n || exit 1; done
        student "$kind" "$ipc" "$seed" "$label" &
      done
    done
    while (($(jobs -rp | wc -l))); do wait -n || exit 1; done
    table
  done
done
cat compensation.txt
