"""Images as one uint8 tensor [n, 3, size, size], made once and kept as a file."""
import glob, os
import numpy as np
import torch
from PIL import Image


def square(path, size):
    image = Image.open(path).convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side)).resize((size, size), Image.LANCZOS)


def load(folders, size, cache):
    if not os.path.exists(cache):
        paths = sorted(p for f in folders for p in glob.glob(os.path.join(f, "**", "*"), recursive=True)
                       if p.lower().endswith((".jpg", ".jpeg", ".png")))
        if any(f"{os.sep}{part}{os.sep}" in p for p in paths for part in ("val", "test")):
            raise SystemExit("a training folder holds val or test pictures")
        out = np.stack([np.asarray(square(p, size)).transpose(2, 0, 1) for p in paths])
        torch.save(torch.from_numpy(out), cache)
    return torch.load(cache)


def batch(pictures, n):
    x = pictures[torch.randint(len(pictures), (n,))].float() / 255
    flip = torch.rand(n) < 0.5
    x[flip] = x[flip].flip(-1)
    return x
