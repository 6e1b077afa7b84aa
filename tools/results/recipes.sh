#!/bin/bash
# What the pieces of students' recipes do on CIFAR-10 (docs/recipes.md): recipes.sh CIFAR WORK [IPC [LABELS]], where
# CIFAR has train/ with a folder per class. Nothing of CIFAR's test set is used: the images whose names end in 7 are
# held out, teacher and sets see the rest. All students of an IPC see as many images. WORK/recipes.txt has a row for
# each IPC, kind of labels and piece. Each step continues where it stopped; students of one thread each run side by
# side.
#
# In the environment: SEEDS (default 3), JOBS (default: processors), METHODS, PIECES (words, default all), SEEN (images
# that each student sees; default 30,000, 100,000 and 150,000 at IPC 1, 10, 50), TEACHER (a file, default: one is
# trained on the images that are not held out), SECOND (that of the piece two-teachers, whose default has another
# seed), TEACHER_EPOCHS (default 14), HELD (the end of the held-out names, default 7).
#
# With the defaults 9 sets of 3 seeds and 27 + 13 pieces are 1,080 students. At about 3 ms an image with soft
# labels and 2 ms with hard ones (one thread of a free EPYC, Zen 4; estimated from 1.9 ms of a training step on a shared
# one) that is 80 hours of one core, 27 with SEEDS=1. IPC 10 alone takes a third of it.
set -eu
cifar=$(realpath "$1") work=$2 only=${3:-} only_labels=${4:-}
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}")
[[ $only =~ ^(|1|10|50)$ ]] || { echo "expected IPC 1, 10 or 50, found $only" >&2; exit 1; }
[[ $only_labels =~ ^(|soft|hard)$ ]] || { echo "expected soft or hard, found $only_labels" >&2; exit 1; }
seeds=${SEEDS:-3} jobs=${JOBS:-$(nproc)} methods=${METHODS:-random rded dc3-select} held=${HELD:-7}
export OMP_WAIT_POLICY=passive
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$cifar" "$held"
teacher=${TEACHER:-teacher.safetensors} second=${SECOND:-second.safetensors} teacher_epochs=${TEACHER_EPOCHS:-14}
train() { # FILE SEED
  [[ -f $1 ]] || "$dc3" train fit --val held --arch convnet3 --epochs "$teacher_epochs" --test-every 7 --seed "$2" \
    --threads "${THREADS:-$(nproc)}" -o "$1" --json > "${1%.*}.json" 2>> "${1%.*}.log"
}
train "$teacher" 1

# The pieces of each kind of labels: a name and its options. "base" is what the others are compared with: the classic
# recipe in small batches; "all" has what is expected to add up.
small_batch() { case $1 in 1) echo 10 ;; 10) echo 25 ;; *) echo 50 ;; esac; }
pieces() { # LABELS IPC
  local small strong
  small="--batch $(small_batch "$2")"
  echo "classic"
  echo "base $small"
  echo "batch-10 --batch 10"
  echo "cosine-schedule $small --schedule cosine"
  echo "smooth-schedule $small --schedule smooth"
  echo "ema-0.99 $small --ema 0.99"
  echo "ema-0.999 $small --ema 0.999"
  echo "rand-augment $small --rand-ops 1 --rand-strength 6"
  echo "crop-0.5 $small --crop 0.5"
  echo "crop-0.1 $small --crop 0.1"
  echo "no-cutmix $small --cutmix 0"
  if [[ $1 == soft ]]; then
    echo "gift $small --loss cosine"
    echo "mse $small --loss mse"
    echo "two-teachers $small --teacher $teacher,$second"
    echo "rand-augment-2-9 $small --rand-ops 2 --rand-strength 9"
    echo "all $small --schedule smooth --ema 0.99 --crop 0.5 --rand-ops 1 --rand-strength 6"
    strong="--schedule smooth --ema 0.99 --rand-ops 2 --rand-strength 9"
    echo "strong $small $strong"
    echo "strong-crop-0.7 $small $strong --crop 0.7"
    echo "strong-crop-0.5 $small $strong --crop 0.5"
    echo "strong-crop-0.25 $small $strong --crop 0.25"
    echo "strong-3-9 $small $strong --rand-ops 3"
    echo "strong-3-15 $small $strong --rand-ops 3 --rand-strength 15"
    echo "strong-2-15 $small $strong --rand-strength 15"
    echo "strong-crop-0.5-3-15 $small $strong --crop 0.5 --rand-ops 3 --rand-strength 15"
    echo "strong-half-batch --batch $((${small#* } / 2)) $strong"
    echo "strong-ema-0.999 $small $strong --ema 0.999"
    echo "strong-mse $small $strong --loss mse"
    echo "strong-t-4 $small $strong --temperature 4"
  else
    echo "smoothing $small --smoothing 0.1"
    echo "all $small --schedule smooth --ema 0.99 --crop 0.5 --rand-ops 1 --rand-strength 6 --smoothing 0.1"
  fi
}
seen() { case $1 in 1) echo "${SEEN:-30000}" ;; 10) echo "${SEEN:-100000}" ;; *) echo "${SEEN:-150000}" ;; esac; }

condense() { # METHOD IPC SEED
  [[ -f runs/$1-$2-$3/dc3.json ]] && grep -q '"complete": *true' "runs/$1-$2-$3/dc3.json" && return
  "$dc3" condense fit -o "runs/$1-$2-$3" --method "$1" --ipc "$2" --teacher "$teacher" --cache features --seed "$3" \
    --no-report -q > /dev/null
}
student() { # METHOD IPC LABELS SEED PIECE OPTIONS...
  local out=scores/$2-$3-$5-$1-$4.json
  [[ ! -f $out ]] || return 0
  "$dc3" evaluate "runs/$1-$2-$4" --val held --teacher "$teacher" --arch convnet3 --labels "$3" --seed "$4" \
    --recipe classic --threads 1 --images-seen "$(seen "$2")" -q --json "${@:6}" -o "$out.row.json" > "$out.part"
  rm "$out.row.json" && mv "$out.part" "$out"
}
table() {
  local ipc labels piece method file
  {
    printf '%-4s %-5s %-18s' IPC label piece
    for method in $methods; do printf ' %-18s' "$method"; done
    printf '\n'
    for ipc in 1 10 50; do
      for labels in soft hard; do
        pieces "$labels" "$ipc" | while read -r piece _; do
          compgen -G "scores/$ipc-$labels-$piece-*.json" > /dev/null || continue
          printf '%-4s %-5s %-18s' "$ipc" "$labels" "$piece"
          for method in $methods; do
            for file in scores/"$ipc-$labels-$piece-$method"-[0-9].json; do
              [[ ! -f $file ]] || grep -om1 '"top1": *[0-9.]*' "$file" | grep -o '[0-9.]*$'
            done | mean_and_deviation
          done
          printf '\n'
        done
      done
    done
  } > recipes.txt.part
  mv recipes.txt.part recipes.txt
}

mkdir -p runs scores
for ((seed = 0; seed < seeds; seed++)); do
  for ipc in ${only:-1 10 50}; do
    for method in $methods; do condense "$method" "$ipc" "$seed"; done
    for labels in ${only_labels:-soft hard}; do
      while read -r piece options; do
        [[ -z ${PIECES:-} || " $PIECES " == *" $piece "* ]] || continue
        [[ $piece != two-teachers ]] || train "$second" 2
        for method in $methods; do
          while (($(jobs -rp | wc -l) >= jobs)); do wait -n || exit 1; done
          # shellcheck disable=SC2086 # options are words
          student "$method" "$ipc" "$labels" "$seed" "$piece" $options &
        done
        table
      done < <(pieces "$labels" "$ipc")
    done
  done
done
while (($(jobs -rp | wc -l))); do wait -n || exit 1; done
table
cat recipes.txt
