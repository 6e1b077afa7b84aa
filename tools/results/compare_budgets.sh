#!/bin/bash
# Accuracy against bytes on CIFAR-10: compare_budgets.sh CIFAR WORK, where CIFAR has train/ with a folder per class.
# Nothing of CIFAR's test set is used: the images whose names end in 7 are held out, and teacher and sets see the rest.
# WORK/table/table.txt has a row for each budget, method and kind of labels, WORK/budgets.html the charts, which also
# stand alone as WORK/convnet3-hard-labels.svg and so on, for browsers. The teacher is a ConvNet-3, as the students are,
# so its accuracy on the held-out images is that of all data. It continues where it stopped: the teacher's training,
# condensing, and each student.
#
# In the environment: BUDGETS (default 30kB,100kB,300kB,1MB), METHODS (default random,rded,dc3-select,dc3), LABELS
# (default hard,soft), SEEDS (default 1), RECIPE (default strong), SEEN (images that each student sees; default: as the
# recipe says), THREADS (default: processors; so many students of one thread each run side by side; the same each time),
# TEACHER (a file; default: one is trained), TRAINING (its epochs, default 14), FROM (last digits of the names of the
# images that sets are made of; default all but 7), OPTIONS (further words for dc3 compare, such as --compensation
# random; sets of other options go to another WORK).
#
# An image that a student sees takes about 2 ms (hard labels, one thread of a free EPYC, Zen 4), so with the defaults,
# 200,000 images and more (300 epochs of 1 MB, 3,000 images, are 900,000), and one seed it takes about 12 hours of one
# core. Another budget or another method beside those that are there is made alone.
set -eu
cifar=$(realpath "$1") work=$2
dc3=$(realpath "${DC3:-$(dirname "$0")/../../build/dc3}") styles=$(realpath "$(dirname "$0")/../../src/report")
budgets=${BUDGETS:-30kB,100kB,300kB,1MB} methods=${METHODS:-random,rded,dc3-select,dc3}
teacher=${TEACHER:-teacher.safetensors} threads=${THREADS:-$(nproc)}
[[ $teacher == teacher.safetensors ]] || teacher=$(realpath "$teacher")
read -ra options <<< "${OPTIONS:-}"
export OMP_WAIT_POLICY=passive
source "$(dirname "$0")/held_out.sh"
mkdir -p "$work" && cd "$work"

split_train "$cifar"
from=$(fit_part "$cifar" "${FROM:-}")
[[ -f $teacher ]] || nice -n 19 "$dc3" train fit --val held --arch convnet3 --epochs "${TRAINING:-14}" --seed 1 \
  --threads "$threads" -o teacher.safetensors --json > teacher.json 2>> teacher.log
nice -n 19 "$dc3" compare "$from" --val held -o table --teacher "$teacher" --budgets "$budgets" --methods "$methods" \
  --labels "${LABELS:-hard,soft}" --seeds "${SEEDS:-1}" --arch convnet3 --recipe "${RECIPE:-strong}" \
  ${SEEN:+--images-seen "$SEEN"} --threads "$threads" "${options[@]}" 2>> compare.log
"$dc3" report table -o budgets.html -q --force > /dev/null

# The page's charts with the light colours of its style, each as a file.
{ sed -n '/^:root {/,/^}/p' "$styles/page.css" "$styles/chart.css"; grep '^\.bytes' "$styles/chart.css"; } > style.part
awk '
  FNR == NR { style = style $0 "\n"; next }
  /<svg class="bytes"/ {
    name = $0; sub(/<\/figcaption>.*/, "", name); sub(/.*<figcaption>/, "", name); gsub(/[^A-Za-z0-9]+/, "-", name)
    file = name ".svg"; sub(/.*<svg /, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"560\" height=\"400\" ")
    print $0 "\n<style>\n" style ".bytes { font-family: sans-serif; background: #fff; }\n</style>" > file
    next
  }
  file != "" { last = sub(/<\/figure>.*/, ""); print > file; if (last) { close(file); file = "" } }' \
  style.part budgets.html
rm style.part
