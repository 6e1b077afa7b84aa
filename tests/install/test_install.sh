#!/bin/bash
# test_install.sh BUILD SOURCE: BUILD installed below a prefix of its own; the programs of examples/ compiled against
# that, as C and C++, with the shared and with the static library, and run; then everything uninstalled again.
. "$(dirname "$0")/../cli/common.sh" "$1/dc3" "$2" || exit 1
build=$1 prefix=$PWD/prefix
cmake --install "$build" --prefix "$prefix" > /dev/null || fail "cmake --install"
mv "$build/install_manifest.txt" installed.txt
for page in dc3 dc3-condense; do [[ -s $prefix/share/man/man1/$page.1 ]] || fail "no manual of $page"; done
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
version=$(pkg-config --modversion dc3) compile=$(pkg-config --cflags dc3) link=$(pkg-config --libs dc3)
static=$(pkg-config --static --libs dc3) models=$(pkg-config --variable=modelsdir dc3)
expect 0 "dc3 $version" "$prefix/bin/dc3" --version
[[ $compile =~ ^-I$prefix/include\ *$ ]] || fail "programs need more than the headers of dc3: $compile"
[[ $link =~ ^-L$prefix/lib\ -ldc3\ *$ ]] || fail "programs need more than libdc3: $link"

warnings=(-Wall -Wextra -Wpedantic -Werror)
for name in edit select condense; do
  example=$source/examples/$name.c
  (($(wc -l < "$example") < 80)) || fail "$name.c has 80 lines or more"
  cc -std=c11 "${warnings[@]}" "$example" $compile $link -o $name || fail "$name.c does not compile"
  readelf -d $name | grep -q 'NEEDED.*\[libdc3\.so\.0\]' || fail "$name does not ask for libdc3.so.0"
done
cat > version.cc << 'END'
#include <dc3/dc3.h>
#include <iostream>
int main()
{
    dc3_cancel stop = {};
    dc3_cancel_set(&stop);
    std::cout << dc3_version() << " " << dc3_cancel_is_set(&stop) << "\n";
}
END
c++ -std=c++11 "${warnings[@]}" version.cc $compile $link -o version || fail "dc3.h in C++"
mkdir static && cp "$prefix/lib/libdc3.a" static
cc "$source/examples/select.c" $compile -Lstatic ${static/-L$prefix\/lib/} -o select_static || fail "libdc3.a"
readelf -d select_static | grep -q libdc3 && fail "select_static asks for the shared library"
export LD_LIBRARY_PATH=$prefix/lib
expect 0 "$version 1" ./version

cc -Wall -Wextra -Werror "$source/tests/install/plugin.c" $compile -ldl -o plugin || # dlsym is not ISO C
  fail "plugin.c does not compile"
expect 0 done ./plugin "$models/dc3-mini"

# One class with three groups around three directions: a line of each.
rows=("1 0" "1 .1" "1 .05" "0 1" ".1 1" ".05 1" "-1 0" "-1 .1" "-1 .05")
{ echo "${#rows[@]} 2"; printf '7 %s\n' "${rows[@]}"; } > embeddings.txt
./select 3 < embeddings.txt > lines || fail "select"
[[ $(cut -d' ' -f1,2 lines | sort -u) == "class 7:" ]] || fail "select: $(cat lines)"
[[ $(awk '{ print int(($4 - 1) / 3) }' lines | sort | tr -d '\n') == 012 ]] || fail "select: $(cat lines)"
LD_LIBRARY_PATH='' ./select_static 3 < embeddings.txt | cmp - lines || fail "the static library selects otherwise"
expect 1 "ipc" ./select 0 < embeddings.txt

{ printf 'P6\n24 18\n255\n'; yes "pixels of some colours" | head -c 1296; } > in.ppm
expect 0 "" ./edit "$models/dc3-mini" in.ppm "golden hour" out.ppm
cmp -s -n 13 in.ppm out.ppm && [[ $(wc -c < out.ppm) == "$(wc -c < in.ppm)" ]] || fail "edit: no image like the first"
cmp -s in.ppm out.ppm && fail "edit: nothing has changed"
expect 1 "none: " ./edit none in.ppm "golden hour" out.ppm

for class in a b; do
  mkdir -p data/$class
  for i in 1 2 3; do "$tools/make_image" data/$class/$i.png 30 24 $((30 * i)) 90 100 || fail "make_image"; done
done
expect 3 "cancelled" ./condense data "$models/dc3-mini" small compensation
[[ -f small/dc3.json && ! -f small/report.html ]] || fail "condense: it was not cancelled in the middle"
expect 0 "4 of 6 images stored" ./condense data "$models/dc3-mini" small
expect 0 "4 of 6 images stored" ./condense data "$models/dc3-mini" again
same_run small again || fail "condense: another result after it was cancelled"

# Below a folder that stands for /, as packages are made; and away again.
DESTDIR=$PWD/root cmake --install "$build" --prefix /opt/dc3 > /dev/null || fail "DESTDIR"
mv "$build/install_manifest.txt" root.txt
grep -q "^prefix=/opt/dc3$" root/opt/dc3/lib/pkgconfig/dc3.pc || fail "dc3.pc has not the prefix it is for"
DESTDIR=$PWD/root bash "$source/tools/uninstall.sh" root.txt > /dev/null || fail "uninstall below DESTDIR"
touch "$prefix/lib/other" && bash "$source/tools/uninstall.sh" installed.txt > /dev/null || fail "uninstall"
left=$(find root prefix ! -type d -o -name dc3)
[[ $left == prefix/lib/other ]] || fail "after uninstall there are: $left"
expect 1 "nothing is known" bash "$source/tools/uninstall.sh" installed.txt

# Folders that are whole paths are named as they are.
cmake -DCMAKE_INSTALL_PREFIX=/opt/dc3 -DCMAKE_INSTALL_LIBDIR=/lib/of/dc3 -DCMAKE_INSTALL_INCLUDEDIR=include \
  -DCMAKE_INSTALL_DATADIR=/data/of/dc3 -DDC3_PC="$PWD/dc3.pc" -P "$source/packaging/pc.cmake" || fail "pc.cmake"
[[ $(sed -n 1,4p dc3.pc) == 'prefix=/opt/dc3
libdir=/lib/of/dc3
includedir=${prefix}/include
modelsdir=/data/of/dc3/dc3/models' ]] || fail "dc3.pc: $(cat dc3.pc)"

# Whoever types make wants no tests.
if [[ -f $build/build.ninja ]]; then
  ninja -C "$build" -t inputs product > inputs || fail "ninja -t inputs"
  grep -q 'dc3_objects' inputs || fail "make builds no library"
  grep -E '^(tests|bench)/' inputs && fail "make builds tests"
fi
exit 0
