"""Makes tests/golden/measures: the measures of src/metrics as scikit-image, scipy, colour-science, pytorch-fid and
torch-fidelity have them.

    pip install numpy scipy scikit-image colour-science safetensors torch pytorch-fid torch-fidelity
    python tools/golden/measures.py tests/golden/measures
colour.safetensors, all but the images f64:
  image.N, changed.N [h, w, 3] u8: images and what became of them
  lab.N [h, w, 3]: scikit-image's rgb2lab; lab_colour_science.N: colour-science's sRGB_to_XYZ and XYZ_to_Lab
  hue.N [36], chroma.N [27]: histograms of pixels as metrics/colour_histogram.h has them; hue_entropy.N, chroma_mean.N
  [1] fidelity.N [5]: colourfulness of the image and of the changed one (numpy); SSIM of luminance, mean Delta E 2000
    and PSNR of both (scikit-image)
  delta_e.pairs [n, 2, 3], delta_e.skimage, delta_e.colour_science [n]
  density.N.count [2, 256] i64: levels of two sets; density.N.values [5]: bandwidth of the first by scipy's
    gaussian_kde (Scott), entropy of either curve and their Jensen-Shannon distance with that bandwidth, Wasserstein-1
    distance of the levels; density.N.x, density.N.curve [50]: gaussian_kde of the first
features.safetensors:
  a.N [n, d], b.N [m, d] f32: features; frechet.N [1] by pytorch-fid, where one set has fewer rows than features too;
    kernel.N [1]: torch-fidelity's KID of one subset, all the rows of both
  kernel_draws [2]: mean and deviation of torch-fidelity's KID of a.0 and b.0 over 2000 draws of 20 rows
  logits [n, c] f32; score [2]: torch-fidelity's Inception score over 10 parts, without shuffling
"""
import os, sys
from importlib.metadata import version
import numpy as np
import colour
from safetensors.numpy import save_file
from scipy.integrate import simpson
from scipy.stats import gaussian_kde, wasserstein_distance
from skimage.color import deltaE_ciede2000, lab2lch, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
import torch
from pytorch_fid.fid_score import calculate_frechet_distance
from torch_fidelity.metric_isc import KEY_METRIC_ISC_MEAN, KEY_METRIC_ISC_STD, isc_features_to_metric
from torch_fidelity.metric_kid import KEY_METRIC_KID_MEAN, KEY_METRIC_KID_STD, kid_features_to_metric

OUT = sys.argv[1]
random = np.random.default_rng(7)


def picture(height, width, noise):
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([128 + 110 * np.sin(x * a + y * b) for a, b in ((0.31, 0.12), (0.07, 0.4), (0.9, 0.5))], -1)
    return np.clip(waves + random.normal(0, noise, waves.shape), 0, 255).astype(np.uint8)


def changed(p, tint, noise):
    return np.clip(p * np.array(tint) + random.normal(0, noise, p.shape) + 4, 0, 255).astype(np.uint8)


def colourfulness(p):
    r, g, b = p.reshape(-1, 3).astype(np.float64).T
    rg, yb = r - g, (r + g) / 2 - b
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())


def luminance(p):
    return p.astype(np.float64) @ [0.299, 0.587, 0.114]


def add_picture(golden, n, p, q):
    lab, other = rgb2lab(p), rgb2lab(q)
    ssim = structural_similarity(luminance(p), luminance(q), gaussian_weights=True, sigma=1.5,
                                 use_sample_covariance=False, data_range=255)
    golden[f"picture.{n}"], golden[f"changed.{n}"], golden[f"lab.{n}"] = p, q, lab
    golden[f"lab_colour_science.{n}"] = colour.XYZ_to_Lab(colour.sRGB_to_XYZ(p / 255))
    golden[f"fidelity.{n}"] = np.array(
        [colourfulness(p),
         colourfulness(q), ssim,
         deltaE_ciede2000(lab, other).mean(),
         peak_signal_noise_ratio(p, q)])
    lch = lab2lch(lab).reshape(-1, 3)
    hues = np.degrees(lch[lch[:, 1] >= 5, 2])
    hue, chroma = np.histogram(hues, 36, (0, 360))[0], np.histogram(np.minimum(lch[:, 1], 134.9), 27, (0, 135))[0]
    share = hue[hue > 0] / hue.sum()
    golden[f"hue.{n}"], golden[f"chroma.{n}"] = hue.astype(np.float64), chroma.astype(np.float64)
    golden[f"hue_entropy.{n}"], golden[f"chroma_mean.{n}"] = np.array([-(share * np.log2(share)).sum()
                                                                       ]), lch[:, 1].mean().reshape(1)


def add_delta_e(golden):
    """Random pairs, near and far; pairs about grey, about blue (where the rotation acts) and with opposite hues."""
    a = random.uniform((0, -100, -100), (100, 100, 100), (400, 3))
    near, far = a[:200] + random.normal(0, 2, (200, 3)), random.uniform((0, -100, -100), (100, 100, 100), (200, 3))
    blue = np.array([50, 2.7, -79.8]) + random.normal(0, 3, (50, 3))
    turned = a[:50] * [1, -1, -1] + random.normal(0, 1e-3, (50, 3))
    grey = a[:50] * [1, 0, 0]
    first = np.concatenate([a, blue, a[:50], grey, a[:50]])
    second = np.concatenate([near, far, np.roll(blue, 1, 0), turned, a[50:100], grey[::-1]])
    golden["delta_e.pairs"] = np.stack([first, second], 1)
    golden["delta_e.skimage"] = deltaE_ciede2000(first, second)
    golden["delta_e.colour_science"] = colour.delta_E(first, second, method="CIE 2000")


def add_density(golden, n, a, b):
    """a, b: levels of all pixels."""
    kde = gaussian_kde(a / 255)
    h = np.sqrt(kde.covariance[0, 0])
    x = np.linspace(-8 * h, 1 + 8 * h, 8001)

    def curve(levels):
        return gaussian_kde(levels / 255, h / (levels / 255).std(ddof=1))(x)

    def relative(p, q):
        return simpson(np.where(p > 0, p * np.log2(np.where(p > 0, p, 1) / np.where(q > 0, q, 1)), 0), x=x)

    p, q = curve(a), curve(b)
    js = np.sqrt((relative(p, (p + q) / 2) + relative(q, (p + q) / 2)) / 2)
    entropies = [-simpson(np.where(c > 0, c * np.log2(np.where(c > 0, c, 1)), 0), x=x) for c in (p, q)]
    golden[f"density.{n}.count"] = np.stack([np.bincount(levels, minlength=256) for levels in (a, b)])
    golden[f"density.{n}.values"] = np.array([h, *entropies, js, wasserstein_distance(a / 255, b / 255)])
    golden[f"density.{n}.x"] = np.linspace(-0.1, 1.1, 50)
    golden[f"density.{n}.curve"] = kde(golden[f"density.{n}.x"])


def save(name, golden, packages):
    save_file({k: np.ascontiguousarray(v) for k, v in golden.items()}, os.path.join(OUT, name),
              {p: version(p) for p in packages})


def make_colour():
    golden = {}
    for n, (size, noise, tint) in enumerate([((37, 53), 25, (1.1, 0.9, 0.7)), ((11, 11), 60, (0.8, 1, 1.2)),
                                             ((64, 32), 0, (1, 1, 1))]):
        p = picture(*size, noise)
        add_picture(golden, n, p, changed(p, tint, 6))
    add_delta_e(golden)
    p, q = picture(60, 60, 40), picture(45, 50, 10)
    add_density(golden, 0, p[..., 0].ravel(), q[..., 0].ravel())
    add_density(golden, 1, q[..., 2].ravel() // 3, p[..., 1].ravel())
    add_density(golden, 2,
                np.clip(random.normal(240, 40, 3000), 0, 255).astype(np.uint8),
                np.clip(random.normal(200, 60, 900), 0, 255).astype(np.uint8))
    save("colour.safetensors", golden, ["numpy", "scipy", "scikit-image", "colour-science"])


def make_features():
    golden = {}
    for n, (rows, d) in enumerate([(200, 24), (60, 48), (12, 32)]):
        mix = random.normal(0, 1, (d, d)) / d**0.5
        a = np.maximum(random.normal(0.3, 1, (rows, d)) @ mix + 0.2, 0).astype(np.float32)
        b = np.maximum(random.normal(0.5, 0.8, (rows, d)) @ mix + 0.3, 0).astype(np.float32)
        golden[f"a.{n}"], golden[f"b.{n}"] = a, b
        wide = [x.astype(np.float64) for x in (a, b)]
        moments = [m for x in wide for m in (x.mean(0), np.cov(x, rowvar=False))]
        golden[f"frechet.{n}"] = np.array([calculate_frechet_distance(*moments)])
        kid = lambda subsets, size: kid_features_to_metric(*map(torch.from_numpy, wide), kid_subsets=subsets,
                                                           kid_subset_size=size, verbose=False)
        golden[f"kernel.{n}"] = np.array([kid(1, rows)[KEY_METRIC_KID_MEAN]])
        if n == 0:
            draws = kid(2000, 20)
            golden["kernel_draws"] = np.array([draws[KEY_METRIC_KID_MEAN], draws[KEY_METRIC_KID_STD]])
    logits = random.normal(0, 2, (73, 11)).astype(np.float32)
    score = isc_features_to_metric(torch.from_numpy(logits), 10, shuffle=False)
    golden["logits"], golden["score"] = logits, np.array([score[KEY_METRIC_ISC_MEAN], score[KEY_METRIC_ISC_STD]])
    save("features.safetensors", golden, ["numpy", "scipy", "torch", "pytorch-fid", "torch-fidelity"])


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    make_colour()
    make_features()
