#!/bin/bash
# deb_chroot.sh [FOLDER]: whether the packages of `make deb` do in a new Debian 12: installs it in FOLDER (by default
# one that is removed again) with debootstrap, and there the packages with what they need and nothing else, runs the
# demo and a program compiled against the library, and removes the packages. Needs root, debootstrap and the network.
set -eu -o pipefail
source=$(realpath "$(dirname "$0")/..")
ls "$source"/build-deb/{dc3,libdc3-0,libdc3-dev}_*.deb > /dev/null || { echo "run 'make deb' first" >&2; exit 1; }
if (($# > 0)); then root=$1; else root=$(mktemp -d); fi
[[ -f $root/etc/debian_version ]] || debootstrap --variant=minbase bookworm "$root" ${MIRROR:+"$MIRROR"}
mounted() { mountpoint -q "$root/proc"; }
finish() { ! mounted || umount "$root/proc"; (($# == 0)) || rm -rf --one-file-system "$root"; }
if (($# > 0)); then trap finish EXIT; else trap 'finish remove' EXIT; fi
mounted || mount -t proc proc "$root/proc"
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "${settings[@]}" "$@"; }
settings=(DEBIAN_FRONTEND=noninteractive OMP_WAIT_POLICY=passive)
echo "== installing"
inside rm -rf /dc3
mkdir -p "$root/dc3/tools" "$root/dc3/examples"
cp "$source"/build-deb/*.deb "$root/dc3"
cp "$source/tools/demo.sh" "$root/dc3/tools" && cp "$source"/examples/*.c "$root/dc3/examples"
cp /etc/resolv.conf "$root/etc/resolv.conf"
inside apt-get update -q
inside sh -c 'apt-get install -y -q --no-install-recommends /dc3/dc3_*.deb'
inside dpkg -l dc3 | tail -1
if inside dpkg -s libdc3-0 > /dev/null 2>&1; then echo "the program needs the shared library" >&2; exit 1; fi
echo "== demo"
inside env DC3=/usr/bin/dc3 bash /dc3/tools/demo.sh
stored=$(find "$root"/dc3/build/demo/condensed-*/train -name '*.png' | wc -l)
((stored == 80)) || { echo "$stored images are stored, not 80" >&2; exit 1; }
[[ -s $root/usr/share/man/man1/dc3-condense.1.gz ]] || echo "(manuals are not installed here: minbase leaves them out)"
echo "== library"
inside sh -c 'apt-get install -y -q --no-install-recommends gcc libc6-dev pkg-config /dc3/libdc3-*.deb'
inside sh -c 'cd /dc3 && for name in edit select condense; do
  cc examples/$name.c $(pkg-config --cflags --libs dc3) -o $name || exit 1; done
  printf "4 2\n0 1 0\n0 1 .1\n0 0 1\n0 .1 1\n" | ./select 2
  { printf "P6\n24 18\n255\n"; yes "pixels of some colours" | head -c 1296; } > in.ppm
  ./edit "$(pkg-config --variable=modelsdir dc3)/dc3-mini" in.ppm "golden hour" out.ppm && ! cmp -s in.ppm out.ppm'
echo "== removing"
inside apt-get purge -y -q dc3 libdc3-0 libdc3-dev
left=$(find "$root/usr" -name '*dc3*' | head)
[[ -z $left ]] || { echo "left behind: $left" >&2; exit 1; }
echo "the packages install, run and go"
