#!/bin/bash
# check_deps.sh [tests]: names what the build (and its tests) miss, with one line, before CMake does with many. Exit
# status 1 if anything is missing.
missing="" target=deps
libraries="vips libjpeg libpng libtiff-4 libwebp libwebpdemux glib-2.0 jansson libarchive sqlite3 openblas lapacke
libcurl"
[[ ${1:-} == tests ]] && libraries+=" cmocka" target=deps-test
for tool in cmake ninja pkg-config "${CC:-cc}"; do command -v "${tool%% *}" > /dev/null || missing+=" $tool"; done
if command -v pkg-config > /dev/null; then
  for library in $libraries; do
    pkg-config --exists "$library" || missing+=" $library"
  done
  pkg-config --exists libcurl && ! pkg-config --atleast-version=7.87 libcurl && missing+=" libcurl>=7.87"
fi
if command -v "${CC:-cc}" > /dev/null; then
  ${CC:-cc} -E -x c - <<< '#include <oneapi/dnnl/dnnl.h>' > /dev/null 2>&1 || missing+=" oneDNN"
fi
[[ -f /usr/share/javascript/chart.js/chart.min.js ]] || missing+=" chart.js"
[[ -z $missing ]] && exit 0
echo "run 'make $target' first: not found:$missing" >&2
exit 1
