#!/bin/bash
# test_deb.sh BUILD SOURCE: the Debian packages of BUILD, of which it is asked what they hold, what they need, and
# whether the program runs from them. Installing them is tried by tools/deb_chroot.sh.
. "$(dirname "$0")/../cli/common.sh" "$1/dc3" "$2" || exit 1
for program in dpkg-deb dpkg-shlibdeps file; do
  command -v $program > /dev/null || { echo "skipped: $program is missing"; exit 77; }
done
build=$1
umask 077 # which is not that of the packages
(cd "$build" && cpack -G DEB -B "$work" -D CPACK_INSTALL_PREFIX=/usr) > log 2>&1 || fail "cpack: $(tail -n 20 log)"
version=$("$dc3" --version | cut -d' ' -f2) machine=$(dpkg --print-architecture)
[[ $(sed -n '1s/^dc3 (\(.*\)) .*/\1/p' "$source/packaging/deb/changelog") == "$version" ]] ||
  fail "packaging/deb/changelog begins with another version than $version"
# holds PACKAGE PATTERN...: PACKAGE.files has a line that ends so, for each; and a field: value PACKAGE FIELD.
holds() { local p=$1; shift; for pattern; do grep -qE "$pattern\$" "$p.files" || fail "$p has no $pattern"; done; }
value() { dpkg-deb -f "$1"_*.deb "$2"; }
packages=(dc3 libdc3-0 libdc3-dev)
[[ ! -x $build/dc3-mpi ]] || packages+=(dc3-mpi)
for package in "${packages[@]}"; do
  file=${package}_${version}_$machine.deb
  [[ -f $file ]] || fail "there is no $file: $(ls)"
  dpkg-deb -c "$file" > $package.files || fail "$file cannot be read"
  grep -vE '^(drwxr-xr-x|-rw-r--r--|-rwxr-xr-x|lrwxrwxrwx) root/root .* \./usr/' $package.files &&
    fail "$package: odd files"
  holds $package " \./usr/share/doc/$package/copyright" " \./usr/share/doc/$package/changelog\.gz"
  [[ $(value $package Description) == "dataset condensation"*$'\n '* ]] || fail "$package: no description"
done
holds dc3 ^-rwxr-xr-x.*/usr/bin/dc3 /man/man1/dc3-condense.1.gz /bash-completion/completions/dc3 /site-functions/_dc3 \
  /usr/share/dc3/models/dc3-mini/unet/diffusion_pytorch_model.safetensors
holds libdc3-0 "/libdc3\.so\.0 -> libdc3\.so\.$version" "/libdc3\.so\.$version"
holds libdc3-dev "/libdc3\.so -> libdc3\.so\.0" "/libdc3\.a" /usr/include/dc3/dc3.h /pkgconfig/dc3.pc
if [[ -x $build/dc3-mpi ]]; then
  holds dc3-mpi ^-rwxr-xr-x.*/usr/bin/dc3-mpi /man/man1/dc3-mpi.1.gz
  [[ $(value dc3-mpi Depends) == *"dc3 (= $version)"* && $(value dc3-mpi Depends) == *libopenmpi* ]] ||
    fail "dc3-mpi: $(value dc3-mpi Depends)"
  [[ $(value dc3 Depends) != *mpi* ]] || fail "dc3 needs MPI: $(value dc3 Depends)"
fi
for library in vips42 dnnl2 jansson4 openblas0 gomp1; do
  for package in dc3 libdc3-0; do
    [[ $(value $package Depends) == *lib$library* ]] || fail "$package does not need lib$library"
  done
done
[[ $(value libdc3-dev Depends) == "libdc3-0 (= $version)" ]] || fail "libdc3-dev: $(value libdc3-dev Depends)"
dpkg-deb --ctrl-tarfile libdc3-0_*.deb | tar -xO ./shlibs ./triggers > control || fail "libdc3-0: no shlibs"
[[ $(< control) == "libdc3 0 libdc3-0 (>= $version)"$'\n'"activate-noawait ldconfig" ]] || fail "libdc3-0: $(< control)"

dpkg-deb -x libdc3-dev_*.deb dev || fail "libdc3-dev cannot be unpacked"
grep -qx 'prefix=/usr' dev/usr/lib*/pkgconfig/dc3.pc || fail "dc3.pc has another prefix"
dpkg-deb -x dc3_*.deb root && gzip -t root/usr/share/man/man1/*.gz || fail "manuals"
"$tools/make_image" a.png 30 24 40 90 100 || fail "make_image"
expect 0 "" env -u DC3_MODELS root/usr/bin/dc3 edit a.png --prompt rainy -o b.png
[[ -s b.png ]] || fail "the program of the package edits nothing"
exit 0
