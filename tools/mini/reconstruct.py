"""What a VAE gives back of small images: PSNR and SSIM of luminance at each size, and PSNR after they are brought back
to their own size.

    python reconstruct.py MODEL/vae FOLDER [--sizes 32 64] [--count 500] [--out OUT]
FOLDER has a folder of images for each class; COUNT of them are drawn. They are enlarged by Pillow (bicubic) and made
smaller by mean, encoded to the mean of the posterior, decoded, rounded to 8 bits. OUT gets the originals (OUT/original)
and what became of them at their own size (OUT/SIZE), for dc3 measure.
"""
import argparse, glob, os, random
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL
from PIL import Image


def luminance(images):
    return (torch.from_numpy(images).double() @ torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64))[:, None]


def ssim(a, b):
    """Of each pair: windows of 11 x 11 Gaussian weights of deviation 1.5, as dc3 measure has them."""
    g = torch.exp(-(torch.arange(11, dtype=torch.float64) - 5)**2 / (2 * 1.5**2))
    window = (g[:, None] * g[None] / g.sum()**2)[None, None]
    mean = lambda x: F.conv2d(x, window)
    x, y, c1, c2 = luminance(a), luminance(b), (0.01 * 255)**2, (0.03 * 255)**2
    mx, my = mean(x), mean(y)
    xx, yy, xy = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    value = (2 * mx * my + c1) * (2 * xy + c2) / ((mx**2 + my**2 + c1) * (xx + yy + c2))
    return value.mean((1, 2, 3)).numpy()


def psnr(a, b):
    return 10 * np.log10(255**2 / ((a.astype(float) - b)**2).mean((1, 2, 3)))


def reconstruct(vae, images):
    x = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 127.5 - 1
    y = vae.decode(vae.encode(x).latent_dist.mean).sample
    return ((y.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def resize(images, size, how):
    return np.stack([np.array(Image.fromarray(i).resize(size, how)) for i in images])


def save(folder, files, images):
    for file, image in zip(files, images):
        place = os.path.join(folder, os.path.basename(os.path.dirname(file)))
        os.makedirs(place, exist_ok=True)
        Image.fromarray(image).save(os.path.join(place, os.path.splitext(os.path.basename(file))[0] + ".png"))


@torch.no_grad()
def main():
    p = argparse.ArgumentParser()
    p.add_argument("vae")
    p.add_argument("folder")
    p.add_argument("--sizes", type=int, nargs="+", default=[32, 64])
    p.add_argument("--count", type=int, default=500)
    p.add_argument("--out")
    a = p.parse_args()
    vae = AutoencoderKL.from_pretrained(a.vae).eval()
    files = sorted(glob.glob(os.path.join(a.folder, "*", "*")))
    random.Random(0).shuffle(files)
    files = files[:a.count]
    originals = np.stack([np.array(Image.open(f).convert("RGB")) for f in files])
    if a.out: save(os.path.join(a.out, "original"), files, originals)
    for size in a.sizes:
        shown = resize(originals, (size, size), Image.BICUBIC)
        result = np.concatenate([reconstruct(vae, shown[i:i + 50]) for i in range(0, len(shown), 50)])
        back = resize(result, originals.shape[2:0:-1], Image.BOX)
        if a.out: save(os.path.join(a.out, str(size)), files, back)
        print(f"{size} px, {len(files)} images: PSNR {psnr(shown, result).mean():.2f} dB, SSIM "
              f"{ssim(shown, result).mean():.4f}; at {originals.shape[1]} px PSNR "
              f"{psnr(originals, back).mean():.2f} dB")


if __name__ == "__main__":
    main()
