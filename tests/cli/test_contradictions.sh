#!/bin/bash
# dc3 duplicates: near images of different classes by their embeddings, one of whose labels is wrong; none goes.
source "$2/tests/cli/support.sh"
"${PYTHON:-python3}" -c 'import numpy' 2> /dev/null || { echo "skipped: no numpy"; exit 77; }
mkdir -p pair/c pair/d # of one colour, which have no hash
for i in 1 2 3; do
  perl -e 'print "P6\n20 20\n255\n", pack("C3", 70 * $ARGV[0], 20, 90) x 400' $i > pair/c/$i.ppm
  perl -e 'print "P6\n20 20\n255\n", pack("C3", 20, 70 * $ARGV[0], 90) x 400' $i > pair/d/$i.ppm
done
"${PYTHON:-python3}" - << 'P' || fail "python"
import numpy as np
x = np.eye(6, dtype=np.float32)
for row, cosine in ((1, 0.95), (2, 0.93)):  # c/2.ppm and c/3.ppm, to d/2.ppm; 0.88 to each other
    x[row] = cosine * x[4] + np.sqrt(1 - cosine ** 2) * x[row]
np.savez("pair.npz", embeddings=7 * x, labels=np.array([0] * 3 + [1] * 3))
P
find=("$dc3" duplicates pair -q --embeddings pair.npz)
expect 0 "LABELS CONTRADICT: 3 images" "${find[@]}" --near-duplicates 0.9 -o pairs
for line in "stays  c/2.ppm  20 x 20  class c; as d/2.ppm: a cosine of 0.950" \
  "stays  c/3.ppm  20 x 20  class c; as d/2.ppm: a cosine of 0.930" \
  "stays  d/2.ppm  20 x 20  class d; as c/2.ppm: a cosine of 0.950"; do
  [[ $output == *"$line"* ]] || fail "no '$line' in: $output"
done
grep -q '"conflicts": 1,' pairs/duplicates.json && [[ $(wc -l < pairs/kept.csv) == 7 && ! -s pairs/left_out.txt ]] ||
  fail "$(< pairs/duplicates.json)"
grep -q "a cosine of 0.930" pairs/report.html || fail "the page does not tell it"
expect 0 '"conflicts": 0,' "${find[@]}" --near-duplicates 0.96 --json
echo "all checks passed"
