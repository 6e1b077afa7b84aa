# What the experiments on held-out training images of CIFAR-10 have in common; sourced, in their folder of work.
# shellcheck shell=bash

# split_train CIFAR [HELD]: the folders fit and held of links. The images whose names end in 7 are held out, or of these
# those whose names end in HELD.
split_train() {
  local class name
  [[ ! -d held ]] || return 0
  rm -rf parts && mkdir parts
  for class in "$1"/train/*/; do
    name=$(basename "$class")
    mkdir -p "parts/fit/$name" "parts/held/$name"
    find "$class" -type f -name '*7.*' -name "*${2:-}.*" -exec ln -s -t "parts/held/$name" {} +
    find "$class" -type f ! -name '*7.*' -exec ln -s -t "parts/fit/$name" {} +
  done
  mv parts/fit fit && mv parts/held held && rmdir parts
}

# fit_part CIFAR [DIGITS]: makes and prints the folder of the images of fit whose names end in one of DIGITS; without
# them fit itself.
fit_part() {
  local class
  [[ -n ${2:-} ]] || { echo fit; return; }
  for class in "$1"/train/*/; do
    mkdir -p "from-$2/$(basename "$class")"
    find "$class" -type f -name "*[$2].*" ! -name '*7.*' -exec ln -sf -t "from-$2/$(basename "$class")" {} +
  done
  echo "from-$2"
}

# Of shares, a line each: " MEAN +- DEVIATION (NUMBER)" in per cent.
mean_and_deviation() {
  awk '{ x = 100 * $1; n++; s += x; q += x * x }
    END { m = n ? s / n : 0; d = n > 1 ? sqrt((q - n * m * m) / (n - 1)) : 0
          printf(" %6.2f +- %4.2f (%d)", m, d, n) }'
}
