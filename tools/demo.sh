#!/bin/bash
# Condenses the Tux Paint stamps (Debian package tuxpaint-stamps-default: photos and drawings under free licences), or
# the folder given as first argument, and says where the images are.
set -eu
cd "$(dirname "$0")/.."
program=${DC3:-build/dc3}
data=${1:-}
work=build/demo
mkdir -p "$work"
if [[ -z $data ]]; then
  stamps=$work/stamps
  if [[ ! -d $stamps ]]; then
    (cd "$work" && apt-get download -q tuxpaint-stamps-default >/dev/null &&
      dpkg-deb -x tuxpaint-stamps-default_*.deb unpacked)
    mkdir -p "$stamps.part"
    for class in animals clothes food household plants seasonal town vehicles; do
      cp -r "$work/unpacked/usr/share/tuxpaint/stamps/$class" "$stamps.part/$class"
    done
    mv "$stamps.part" "$stamps"
  fi
  data=$stamps
fi
place=$(realpath -- "$data")
out=$work/condensed-$(basename -- "$place")-$(cksum <<< "$place" | cut -d' ' -f1) # folders of one name stay apart
"$program" condense "$place" -o "$out" --ipc 10 --fit pad --teacher none --fresh
"$program" contact "$out" -o "$out.png" --rows 8
echo
echo "The condensed dataset: $PWD/$out/train"
echo "Originals above results: $PWD/$out.png"
