# What more the tests of folders, names and options share.
source "$2/tests/cli/common.sh"
make=$tools/make_image
# images FOLDER COUNT: images 1.png to COUNT.png.
images() {
  mkdir -p "$1"
  for ((i = 1; i <= $2; i++)); do "$make" "$1/$i.png" 30 24 $((40 + 20 * i)) $((150 - 9 * i)) $((10 * i)) ||
    fail "make_image"; done
}
# field FILE.jsonl NAME: the member's values, a line each.
field() { sed -n 's/.*"'"$2"'": *"\{0,1\}\([^",}]*\).*/\1/p' "$1"; }
common=(--threads 1 --dtype f32 --size 16)
