"""Makes tests/golden/color_jitter/golden.safetensors: what torchvision makes of an image with given values.

    python tools/golden/color_jitter.py tests/golden/color_jitter
picture [size, size, 3] f32 in [0, 1]. jitter.N.values: brightness, contrast, saturation, hue, then the order of the
four; jitter.N.out; grayscale.out; blur.N.values: sigma, kernel; blur.N.out. For crops: photo u8 [h, w, 3];
crop.N.values: left, top, side, size; crop.N.out by resized_crop with antialias. All channels last.
"""
import os, sys
import torch, torchvision
import torchvision.transforms.functional as F
from safetensors.torch import save_file

SIZE = 24


def picture():
    """A ramp of all hues with noise, and pixels that are black, white, grey, and with equal largest channels."""
    g = torch.Generator().manual_seed(3)
    y, x = torch.meshgrid(torch.linspace(0, 1, SIZE), torch.linspace(0, 1, SIZE), indexing="ij")
    p = torch.stack((x, y, (1 - x) * (1 - y)), 0) + 0.2 * torch.randn(3, SIZE, SIZE, generator=g)
    p = p.clamp(0, 1)
    for i, c in enumerate([(0, 0, 0), (1, 1, 1), (0.5, 0.5, 0.5), (1, 1, 0), (0, 1, 1), (0.7, 0.1, 0.7), (1, 0, 0)]):
        p[:, 0, i] = torch.tensor(c)
    return p.contiguous()


def last(x):
    return x.permute(1, 2, 0).contiguous().float()


def main():
    out, tensors, p = sys.argv[1], {}, picture()
    g = torch.Generator().manual_seed(5)
    steps = [F.adjust_brightness, F.adjust_contrast, F.adjust_saturation, F.adjust_hue]
    tensors["picture"] = last(p)
    for n in range(12):
        u = torch.rand(4, generator=g)
        values = [0.6 + 0.8 * float(u[i]) for i in range(3)] + [0.2 * float(u[3]) - 0.1]
        if n == 10:
            values[3] = -0.5
        order = torch.randperm(4, generator=g).tolist()
        q = p
        for i in order:
            q = steps[i](q, values[i])
        tensors[f"jitter.{n}.values"] = torch.tensor(values + order, dtype=torch.float64)
        tensors[f"jitter.{n}.out"] = last(q)
    tensors["grayscale.out"] = last(F.rgb_to_grayscale(p, 3))
    for n, (sigma, kernel) in enumerate([(0.1, 3), (0.7, 3), (2.0, 3), (1.3, 5), (2.0, 23), (0.4, 23)]):
        tensors[f"blur.{n}.values"] = torch.tensor([sigma, kernel], dtype=torch.float64)
        tensors[f"blur.{n}.out"] = last(F.gaussian_blur(p, kernel, sigma))
    photo = torch.randint(0, 256, (3, 50, 37), generator=g, dtype=torch.uint8)
    tensors["photo"] = photo.permute(1, 2, 0).contiguous()
    for n, (left, top, side, size) in enumerate([(0, 0, 37, 16), (3, 11, 20, 20), (5, 2, 9, 24), (30, 43, 7, 3),
                                                 (0, 13, 37, 5), (8, 8, 1, 4)]):
        tensors[f"crop.{n}.values"] = torch.tensor([left, top, side, size], dtype=torch.int64)
        tensors[f"crop.{n}.out"] = last(F.resized_crop(photo / 255, top, left, side, side, [size, size],
                                                       antialias=True))
    os.makedirs(out, exist_ok=True)
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    save_file(tensors, os.path.join(out, "golden.safetensors"), metadata=versions)


main()
