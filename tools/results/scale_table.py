#!/usr/bin/env python3
"""scale_table.py IMAGES...: the table of imagenet_scale.sh from run-IMAGES.json of each, and for each stage the line
through all runs (least squares of relative errors): what a run takes at once, what each image adds, how far the runs
are from it, and what it says of ImageNet-1K's training images."""
import json
import sys

IMAGENET = 1281167


def line_through(points):
    """a, b of a + b n with the least sum of ((a + b n - y) / y)^2."""
    w = [1 / y**2 for _, y in points]
    total = sum(w)
    mean_n = sum(k * n for k, (n, _) in zip(w, points)) / total
    mean_y = sum(k * y for k, (_, y) in zip(w, points)) / total
    b = sum(k * (n - mean_n) * (y - mean_y) for k, (n, y) in zip(w, points))
    b /= sum(k * (n - mean_n) ** 2 for k, (n, _) in zip(w, points))
    return mean_y - b * mean_n, b


def main():
    sizes = [int(n) for n in sys.argv[1:]]
    runs = [json.load(open(f"run-{n}.json")) for n in sizes]
    columns = [(s + ", s", [r["seconds"].get(s, 0) for r in runs]) for s in runs[-1]["seconds"]]
    memory = [("peak memory, MB", [r["peak_megabytes"] for r in runs])]
    print(f"{'images':<22}" + "".join(f"{n:>12,}" for n in sizes))
    for name, values in columns + memory:
        print(f"{name:<22}" + "".join(f"{v:12.1f}" for v in values))
    for name, values in columns:
        points = [(n, v) for n, v in zip(sizes, values) if v > 0]
        if len(points) < 2:
            continue
        a, b = line_through(points)
        off = max(abs(a + b * n - y) / y for n, y in points)
        print(
            f"{name}: {a:.1f} + {1e3 * b:.3f} per 1,000 images, runs within {100 * off:.1f} %;"
            f" {IMAGENET:,} images: {a + b * IMAGENET:,.0f}"
        )


main()
