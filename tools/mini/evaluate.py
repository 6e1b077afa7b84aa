"""Measures an exported editor on images it has not seen, each with all ten prompts, and draws a grid.

    python evaluate.py MODEL FOLDER GRID.png [--count 200] [--steps 1]
SSIM of luminance against the original (raw, with detail kept, and of the VAE alone), the share of images whose mean
b* goes the right way, Delta E (CIE 1976) between the means of two prompts' results, colourfulness (Hasler and
Suesstrunk 2003) before and after.
"""
import argparse, glob, itertools, json, os
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from skimage.color import rgb2lab
from skimage.metrics import structural_similarity
from transformers import CLIPTextModel
import data, prompts, train


def box(x, r):
    k = torch.ones(1, 1, 1, 2 * r + 1)
    n = F.conv2d(F.conv2d(torch.ones_like(x[:1, :1]), k, padding=(0, r)), k.transpose(2, 3), padding=(r, 0))
    c = x.shape[1]
    k = k.expand(c, 1, 1, 2 * r + 1)
    return F.conv2d(F.conv2d(x, k, padding=(0, r), groups=c), k.transpose(2, 3), padding=(r, 0), groups=c) / n


def keep_detail(x, reconstruction, edit, radius=4, eps=0.004):
    """The change of colour, smoothed along the image's own edges. (Linear in the channels, so RGB serves as well as
    YCbCr.)"""
    g = (x * torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)).sum(1, keepdim=True)
    change = edit - reconstruction
    mg, mc = box(g, radius), box(change, radius)
    a = (box(g * change, radius) - mg * mc) / (box(g * g, radius) - mg * mg + eps)
    return (x + box(a, radius) * g + box(mc - a * mg, radius)).clamp(0, 1)


def colourfulness(x):
    r, g, b = (255 * x).transpose(2, 0, 1)
    rg, yb = r - g, (r + g) / 2 - b
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


def luminance(x):
    return x @ np.array([0.299, 0.587, 0.114], np.float32)


def ssim(a, b):
    return structural_similarity(luminance(a), luminance(b), data_range=1.0)


class Editor:
    def __init__(self, folder, steps):
        part = lambda cls, name: cls.from_pretrained(os.path.join(folder, name), torch_dtype=torch.float32).eval()
        self.vae, self.unet, self.text = part(AutoencoderKL, "vae"), part(UNet2DConditionModel,
                                                                          "unet"), part(CLIPTextModel, "text_encoder")
        self.tokenizer = train.open_tokenizer(os.path.join(folder, "tokenizer"))
        self.scheduler = DDIMScheduler.from_pretrained(os.path.join(folder, "scheduler"))
        self.steps, self.scale = steps, self.vae.config.scaling_factor

    @torch.no_grad()
    def __call__(self, x, instruction):
        image = self.vae.encode(x * 2 - 1).latent_dist.mode()
        states = self.text(train.tokens(self.tokenizer, [instruction])).last_hidden_state.expand(len(x), -1, -1)
        z = torch.randn_like(image)
        self.scheduler.set_timesteps(self.steps)
        for t in self.scheduler.timesteps:
            v = self.unet(torch.cat([z, image], 1), t, states).sample - self.scale * image
            z = self.scheduler.step(v, t, z).prev_sample
        show = lambda q: (self.vae.decode(q).sample / 2 + 0.5).clamp(0, 1)
        return show(z / self.scale), show(image)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("model")
    p.add_argument("pictures")
    p.add_argument("grid")
    p.add_argument("--count", type=int, default=200)
    p.add_argument("--steps", type=int, default=1)
    a = p.parse_args()
    torch.manual_seed(0)
    paths = sorted(glob.glob(os.path.join(a.pictures, "**", "*.*"), recursive=True))
    paths = paths[:: max(1, len(paths) // a.count)][: a.count]
    x = torch.stack([torch.from_numpy(np.asarray(data.square(q, 64)).transpose(2, 0, 1).copy())
                     for q in paths]).float() / 255
    editor, names = Editor(a.model, a.steps), prompts.WARM + prompts.COLD
    numpy = lambda t: t.permute(0, 2, 3, 1).numpy()
    original, kept, raw_ssim, kept_ssim, right, colour = numpy(x), {}, [], [], {}, []
    lab = np.stack([rgb2lab(q).mean((0, 1)) for q in original])
    for name in names:
        edit, reconstruction = editor(x, prompts.INSTRUCTION.format(name))
        kept[name] = numpy(keep_detail(x, reconstruction, edit))
        raw_ssim += [ssim(q, w) for q, w in zip(original, numpy(edit))]
        kept_ssim += [ssim(q, w) for q, w in zip(original, kept[name])]
        change = np.stack([rgb2lab(q).mean((0, 1)) for q in kept[name]]) - lab
        right[name] = float(np.mean(change[:, 2] > 0 if name in prompts.WARM else change[:, 2] < 0))
        colour += [colourfulness(q) for q in kept[name]]
    means = {n: np.stack([rgb2lab(q).mean((0, 1)) for q in kept[n]]) for n in names}
    delta = np.mean([np.linalg.norm(means[m] - means[n], axis=1).mean() for m, n in itertools.combinations(names, 2)])
    print(
        json.dumps(
            dict(pictures=len(paths), steps=a.steps, ssim_raw=round(float(np.mean(raw_ssim)),
                                                                    3), ssim_kept=round(float(np.mean(kept_ssim)), 3),
                 ssim_vae=round(float(np.mean([ssim(q, w) for q, w in zip(original, numpy(reconstruction))])),
                                3), b_right_way=round(float(np.mean(list(right.values()))), 3),
                 b_right_way_by_prompt=right, delta_e_between_prompts=round(float(delta), 1),
                 colourfulness_before=round(float(np.mean([colourfulness(q) for q in original])),
                                            1), colourfulness_after=round(float(np.mean(colour)), 1)), indent=1))
    shown = range(0, len(paths), max(1, len(paths) // 10))
    rows = [np.concatenate([original[i]] + [kept[n][i] for n in names], 1) for i in list(shown)[:10]]
    Image.fromarray((np.concatenate(rows, 0) * 255 + 0.5).astype(np.uint8)).resize(
        (11 * 96, len(rows) * 96)).save(a.grid)


if __name__ == "__main__":
    main()
