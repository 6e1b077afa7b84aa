"""What the exported editor does to held-out pictures: a table on standard output and, if asked for, a grid.

    python evaluate.py models/dc3-mini VAL_FOLDER [--count 200] [--steps 1] [--grid grid.png]

For each prompt, over the pictures (centre squares; edited at 64, original at 224):
  SSIM raw     of luminance, the edit against the picture, both at 64
  SSIM kept    of luminance, the edit with the original's detail kept against the original, both at 224
  b* right     share of kept edits whose mean CIELAB b* rises (warm) or falls (cold)
  colourful    Hasler and Suesstrunk (2003) of the kept edits at 224
Delta E is the mean CIE76 distance of pixels between the kept edits of two prompts, over all pairs, at 64.
"""
import argparse, glob, itertools, os, random, time
import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from skimage.color import rgb2lab
from skimage.metrics import structural_similarity
import color_ops, data, prompts
from editor import Editor, keep_detail

SMALL, LARGE = 64, 224


def planes(path, size):
    return torch.from_numpy(np.asarray(data.square(path, size)).transpose(2, 0, 1).copy()).float() / 255


def luminance(x):
    return (x * torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)).sum(0).numpy()


def ssim(a, b):
    return structural_similarity(luminance(a), luminance(b), data_range=1.0)


def lab(x):
    return rgb2lab(x.permute(1, 2, 0).numpy())


def colourfulness(x):
    r, g, b = (255 * x).numpy()
    rg, yb = r - g, (r + g) / 2 - b
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


def one_picture(a, editor, small, large, generator, table):
    """Edits a picture by every prompt; adds its measures to the table; returns the kept edits."""
    names = prompts.WARM + prompts.COLD
    x, big = small.expand(len(names), -1, -1, -1), large.expand(len(names), -1, -1, -1)
    noise = torch.randn(len(names), 4, SMALL // 4, SMALL // 4, generator=generator)
    if a.targets:
        edits, rebuilt = color_ops.grade(x, names, torch.full((len(names),), 0.9)), x
    else:
        texts = [a.form.format(name) for name in names]
        edits, rebuilt = editor.edit(x, texts, noise, a.steps, a.guidance, a.image_guidance)
    kept = keep_detail(x, rebuilt, edits, big)
    before, labs = lab(large)[..., 2].mean(), []
    for i, name in enumerate(names):
        shift, raw_shift = lab(kept[i])[..., 2].mean() - before, lab(edits[i])[..., 2].mean() - lab(small)[..., 2].mean()
        sign = 1 if name in prompts.WARM else -1
        table[name].append((ssim(edits[i], small), ssim(kept[i], large), sign * shift > 0, sign * raw_shift > 0, shift,
                            colourfulness(kept[i])))
        labs.append(lab(F.interpolate(kept[i:i + 1], size=(SMALL, SMALL), mode="area")[0]))
    pairs = [np.linalg.norm(p - q, axis=-1).mean() for p, q in itertools.combinations(labs, 2)]
    mse = (rebuilt[0] - small).pow(2).mean().item()
    table[""].append((ssim(rebuilt[0], small), -10 * np.log10(max(mse, 1e-12)), np.mean(pairs), np.min(pairs), colourfulness(large)))
    return kept


def show(table):
    print(f"{'prompt':14} SSIM raw  SSIM kept  b* right  (raw)  b* shift  colourful")
    rows = {name: np.array(values, float).mean(0) for name, values in table.items() if name}
    rows["all"] = np.mean(list(rows.values()), 0)
    for name, m in rows.items():
        print(f"{name:14} {m[0]:8.3f}  {m[1]:9.3f}  {100 * m[2]:6.1f} %  {100 * m[3]:5.1f}  {m[4]:+8.1f}  {m[5]:9.1f}")
    rebuilt, psnr, delta, least, before = np.array(table[""], float).mean(0)
    print(f"VAE alone: SSIM {rebuilt:.3f}, PSNR {psnr:.2f} dB; Delta E between two prompts: mean {delta:.1f}, of the closest pair "
          f"{least:.1f}; colourfulness before {before:.1f}")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("pictures", help="folder of held-out pictures")
    p.add_argument("--count", type=int, default=200)
    p.add_argument("--steps", type=int, default=1)
    p.add_argument("--guidance", type=float, default=1.0)
    p.add_argument("--image-guidance", type=float, default=1.0)
    p.add_argument("--form", default=prompts.INSTRUCTION, help="the instruction, with {} for the prompt")
    p.add_argument("--targets", action="store_true", help="measure the colour grades that it learned from instead of the model")
    p.add_argument("--grid", help="PNG of the first pictures beside their edits with detail kept")
    p.add_argument("--rows", type=int, default=8)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    paths = sorted(f for f in glob.glob(os.path.join(a.pictures, "**", "*"), recursive=True) if f.lower().endswith((".jpg", ".jpeg", ".png")))
    random.Random(0).shuffle(paths)
    editor, generator, start = Editor(a.model), torch.Generator().manual_seed(0), time.time()
    table, grid = {name: [] for name in ["", *prompts.WARM, *prompts.COLD]}, []
    with torch.no_grad():
        for path in paths[:a.count]:
            large = planes(path, LARGE)
            kept = one_picture(a, editor, planes(path, SMALL), large, generator, table)
            if len(grid) < a.rows:
                grid.append(torch.cat([large, *kept], -1))
    print(f"{len(table[''])} pictures, {a.steps} steps, guidance {a.guidance:g}/{a.image_guidance:g}, {time.time() - start:.0f} s")
    show(table)
    if a.grid:
        whole = torch.cat(grid, -2)
        Image.fromarray((255 * whole).round().byte().permute(1, 2, 0).numpy()).save(a.grid)


if __name__ == "__main__":
    main()
