#!/usr/bin/env python3
"""scale_photos.py PHOTOS OUT N [LARGER]: N JPEGs of 500x375 pixels in 1,000 folders, each a random crop of a photo
below PHOTOS, enlarged, perhaps mirrored. Image i is of class i % 1000 and depends on i alone, so a smaller set is the
first files of a larger one: those that lie in the folder LARGER are linked. Files that are there are kept. Needs
Pillow."""
import os
import random
import sys
from multiprocessing import Pool

from PIL import Image

CLASSES, WIDTH, HEIGHT, QUALITY = 1000, 500, 375, 94


def photos_below(folder):
    found = []
    for path, _, names in os.walk(folder):
        found += [os.path.join(path, n) for n in names if n.lower().endswith((".jpg", ".jpeg"))]
    return sorted(found)


def box_of(rng, width, height):
    """A box of the output's shape, half to all of the largest that fits."""
    scale = min(width / WIDTH, height / HEIGHT) * rng.uniform(0.5, 1)
    w, h = WIDTH * scale, HEIGHT * scale
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    return left, top, left + w, top + h


def make(job):
    i, photo, path = job
    rng = random.Random(i)
    image = Image.open(photo).convert("RGB")
    image = image.resize((WIDTH, HEIGHT), Image.BICUBIC, box_of(rng, *image.size))
    if rng.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    image.save(path + ".part", "JPEG", quality=QUALITY)
    os.rename(path + ".part", path)


def main():
    photos, out, n = photos_below(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    larger = sys.argv[4] if len(sys.argv) > 4 else ""
    for c in range(min(CLASSES, n)):
        os.makedirs(f"{out}/{c:04d}", exist_ok=True)
    jobs = []
    for i in range(n):
        name = f"{i % CLASSES:04d}/{i // CLASSES:05d}.jpg"
        path = f"{out}/{name}"
        if os.path.exists(path):
            continue
        if larger and os.path.exists(f"{larger}/{name}"):
            os.link(f"{larger}/{name}", path)
        else:
            jobs.append((i, photos[random.Random(f"photo {i}").randrange(len(photos))], path))
    with Pool() as pool:
        for _ in pool.imap_unordered(make, jobs, chunksize=64):
            pass


main()
