"""Makes tests/golden/augment: views and test images as torchvision makes them from given parameters, and how its
random parameters are distributed.

    python tools/golden/augment.py tests/golden/augment
golden.safetensors:
  view.N.picture [h, w, 3] u8; view.N.params [n, 9] i32: swap columns, swap rows, x, y, w, h, flip, partner, padding (0
  zero, 1 reflect); view.N.size [1] i32; view.N.box [4] i32: x0, y0, x1, y1; view.N.plain, view.N.mixed [n, size, size,
  3] f32, mean and deviation of ImageNet taken out, before and after CutMix
  test.N.picture [h, w, 3] u8; test.N.wanted [size, size, 3] u8
  draws.N.of [4] f32: width, height, least area, samples; draws.N.mean, draws.N.deviation [6] f32: of the area, the
  logarithm of the shape, x, y (each as a part of the image's), whether all of the width and of the height is taken
  cutmix.mean, cutmix.deviation [3] f32: of lambda after the cut, the box's width and its left side, at size 32
"""
import math, os, sys
import numpy as np
import PIL, torch, torchvision
import torchvision.transforms as T
import torchvision.transforms.functional as F
from PIL import Image
from safetensors.numpy import save_file

OUT = sys.argv[1]
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
golden, random = {}, np.random.default_rng(5)


def picture(height, width):
    """Smooth colours with noise on them, so that both blur and shift show."""
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([128 + 100 * np.sin(x * a + y * b) for a, b in ((0.31, 0.12), (0.07, 0.4), (0.9, 0.5))], -1)
    return np.clip(waves + random.normal(0, 25, waves.shape), 0, 255).astype(np.uint8)


def swapped(image, columns, rows):
    """image [3, h, w]; what RDED's ShufflePatches gives for factor 2 where both shuffles are known."""
    half = image.shape[2] // 2
    if columns:
        image = torch.cat([image[:, :, half:], image[:, :, :half]], 2)
    half = image.shape[1] // 2
    return torch.cat([image[:, half:], image[:, :half]], 1) if rows else image


def view(pixels, size, columns, rows, x, y, w, h, flip, padding):
    image = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
    image = swapped(image, columns, rows)
    pad = max(0, -x, -y, x + w - image.shape[2], y + h - image.shape[1])
    if pad:
        image, x, y = F.pad(image, [pad], 0, "reflect" if padding else "constant"), x + pad, y + pad
    image = F.resized_crop(image, y, x, h, w, [size, size], T.InterpolationMode.BILINEAR, antialias=True)
    image = F.hflip(image) if flip else image
    return F.normalize(image, MEAN, STD)


def views(number, height, width, size, rows, box):
    pixels, params = picture(height, width), np.array(rows, np.int32)
    plain = torch.stack([view(pixels, size, *row[:7], row[8]) for row in rows])
    mixed, partners = plain.clone(), torch.tensor([row[7] for row in rows])
    x0, y0, x1, y1 = box
    mixed[:, :, y0:y1, x0:x1] = plain[partners, :, y0:y1, x0:x1]
    for name, value in (("picture", pixels), ("params", params), ("size", np.array([size], np.int32)),
                        ("box", np.array(box, np.int32)), ("plain", plain.permute(0, 2, 3, 1).numpy()),
                        ("mixed", mixed.permute(0, 2, 3, 1).numpy())):
        golden[f"view.{number}.{name}"] = np.ascontiguousarray(value)


def tested(number, height, width, size):
    pixels = picture(height, width)
    transform = T.Compose([T.Resize(size // 7 * 8, antialias=True), T.CenterCrop(size)])
    golden[f"test.{number}.picture"] = pixels
    golden[f"test.{number}.wanted"] = np.asarray(transform(Image.fromarray(pixels)))


def draws(number, height, width, least, samples=40000):
    image, rows = torch.empty(1, height, width), []
    for _ in range(samples):
        y, x, h, w = T.RandomResizedCrop.get_params(image, [least, 1.0], [3 / 4, 4 / 3])
        rows.append((w * h / (width * height), math.log(w / h), x / width, y / height, w == width, h == height))
    rows = np.array(rows, np.float64)
    golden[f"draws.{number}.of"] = np.array([width, height, least, samples], np.float32)
    golden[f"draws.{number}.mean"], golden[f"draws.{number}.deviation"] = rows.mean(0).astype(
        np.float32), rows.std(0).astype(np.float32)


def cutmix(size=32, samples=100000):
    """The box of CutMix's program (Yun et al. 2019), square images."""
    cut = (size * np.sqrt(1 - random.beta(1, 1, samples))).astype(int)
    cx, cy = random.integers(0, size, samples), random.integers(0, size, samples)
    x0, x1 = np.clip(cx - cut // 2, 0, size), np.clip(cx + cut // 2, 0, size)
    y0, y1 = np.clip(cy - cut // 2, 0, size), np.clip(cy + cut // 2, 0, size)
    rows = np.stack([1 - (x1 - x0) * (y1 - y0) / size ** 2, x1 - x0, x0], -1)
    golden["cutmix.mean"], golden["cutmix.deviation"] = rows.mean(0).astype(np.float32), rows.std(0).astype(np.float32)


def main():
    os.makedirs(OUT, exist_ok=True)
    torch.manual_seed(0)
    # columns, rows, x, y, w, h, flip, partner, padding
    views(0, 32, 32, 32, [(0, 0, 0, 0, 32, 32, 0, 1, 0), (1, 0, 3, 5, 24, 26, 1, 2, 0), (0, 1, 0, 0, 27, 32, 0, 0, 0),
                          (1, 1, 2, 1, 29, 25, 1, 3, 0)], (5, 9, 22, 30))
    views(1, 37, 49, 32, [(1, 1, 0, 0, 49, 37, 1, 1, 0), (1, 0, 7, 2, 40, 31, 0, 0, 0), (0, 1, 12, 1, 33, 36, 0, 2, 0)],
          (0, 0, 32, 11))
    views(2, 150, 201, 32, [(1, 1, 10, 20, 180, 120, 0, 1, 0), (0, 0, 0, 0, 201, 150, 1, 0, 0)], (31, 31, 32, 32))
    views(3, 32, 32, 32, [(0, 0, -4, -4, 32, 32, 0, 1, 0), (0, 0, 4, 3, 32, 32, 1, 0, 0)], (0, 0, 0, 0))
    views(4, 32, 32, 32, [(0, 0, -4, -4, 32, 32, 0, 1, 1), (0, 0, 4, 3, 32, 32, 1, 0, 1)], (3, 0, 20, 32))
    views(5, 1, 1, 16, [(1, 1, 0, 0, 1, 1, 1, 0, 0)], (0, 0, 0, 0))
    views(6, 500, 3, 24, [(0, 0, 0, 100, 3, 400, 1, 1, 0), (1, 1, 0, 248, 3, 4, 0, 0, 0)], (4, 4, 10, 24))
    views(7, 20, 24, 40, [(1, 1, 1, 2, 20, 15, 1, 1, 0), (0, 0, 5, 0, 19, 20, 0, 0, 0)], (4, 4, 30, 24))
    for number, (height, width, size) in enumerate([(32, 32, 32), (41, 33, 32), (100, 77, 64), (90, 161, 64),
                                                    (250, 187, 112), (40, 300, 32), (1, 1, 32), (500, 3, 16),
                                                    (24, 24, 41), (45, 60, 62), (47, 64, 7)]):
        tested(number, height, width, size)
    for number, (height, width, least) in enumerate([(32, 32, 0.5), (32, 32, 1), (375, 500, 0.08), (375, 500, 0.5),
                                                     (40, 300, 0.5)]):
        draws(number, height, width, least)
    cutmix()
    save_file(golden, os.path.join(OUT, "golden.safetensors"),
              {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": PIL.__version__})


main()
