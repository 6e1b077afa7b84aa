"""Photographic colour grading of images, in torch: the targets that the small editor learns from.

Images are float tensors [n, 3, h, w] in 0..1, sRGB. A grade is a set of strengths at full effect; each image gets a
random share of it.
"""
import torch

# gains of linear R, G, B; exposure in stops; contrast; saturation factor; hue turn in degrees;
# tints of shadows and highlights (added to sRGB).
GRADES = {
    "sunny": dict(gains=(1.18, 1.04, 0.72), exposure=0.25, contrast=0.15, saturation=1.25),
    "golden hour": dict(gains=(1.38, 1.0, 0.52), contrast=0.10, saturation=1.25, highlights=(0.05, 0.02, -0.03)),
    "sepia": dict(gains=(1.28, 1.0, 0.62), saturation=0.15, shadows=(0.06, 0.04, 0.02)),
    "vivid colors": dict(gains=(1.08, 1.0, 0.86), contrast=0.22, saturation=1.8),
    "daylight": dict(gains=(1.12, 1.02, 0.80), exposure=0.35),
    "rainy": dict(gains=(0.82, 0.98, 1.22), exposure=-0.3, saturation=0.5),
    "snowy": dict(gains=(0.88, 1.0, 1.2), exposure=0.55, saturation=0.5, highlights=(0.0, 0.01, 0.04)),
    "frozen lake": dict(gains=(0.66, 1.03, 1.45), saturation=0.75),
    "infrared": dict(gains=(0.90, 0.95, 1.25), saturation=0.9, hue=-55, highlights=(0.04, -0.02, 0.05)),
    "underwater": dict(gains=(0.42, 1.08, 1.3), exposure=-0.1, shadows=(-0.02, 0.02, 0.05)),
}
LUMA = torch.tensor([0.2126, 0.7152, 0.0722])


def to_linear(x):
    return torch.where(x <= 0.04045, x / 12.92, ((x.clamp(min=0.04045) + 0.055) / 1.055) ** 2.4)


def to_srgb(x):
    x = x.clamp(0, 4)
    return torch.where(x <= 0.0031308, 12.92 * x, 1.055 * x.clamp(min=0.0031308) ** (1 / 2.4) - 0.055)


def per_picture(values, n, width=1):
    return torch.as_tensor(values, dtype=torch.float32).reshape(n, width, 1, 1)


def turn_hue(x, degrees):
    """Rotation about the grey axis; degrees [n]."""
    a = torch.deg2rad(degrees)
    c, s, third = torch.cos(a), torch.sin(a), 1 / 3
    root = third**0.5
    m = torch.empty(len(a), 3, 3)
    for i in range(3):
        for j in range(3):
            m[:, i, j] = third * (1 - c) + (c if i == j else (s if (j - i) % 3 == 2 else -s) * root)
    return torch.einsum("nij,njhw->nihw", m, x)


def grade(x, names, strength):
    """Each image graded towards names[i] with strength [n] (1: in full)."""
    n = len(x)
    get = lambda key, default: torch.tensor([GRADES[name].get(key, default) for name in names], dtype=torch.float32)
    s = strength.float()
    gains = get("gains", (1.0, 1.0, 1.0)) ** s[:, None]
    gains = gains / (gains * LUMA).sum(1, keepdim=True)
    lin = to_linear(x) * gains.reshape(n, 3, 1, 1) * per_picture(2.0 ** (get("exposure", 0.0) * s), n)
    y = to_srgb(lin).clamp(0, 1.2)
    y = 0.5 + (y - 0.5) * per_picture(1 + get("contrast", 0.0) * s, n)
    hue = get("hue", 0.0) * s
    if bool((hue != 0).any()):
        y = turn_hue(y, hue)
    grey = (y * LUMA.reshape(1, 3, 1, 1)).sum(1, keepdim=True)
    y = grey + (y - grey) * per_picture(1 + (get("saturation", 1.0) - 1) * s.clamp(max=1.15), n)
    tint = get("shadows", (0.0, 0.0, 0.0)).reshape(n, 3, 1, 1) * (1 - grey)
    tint = tint + get("highlights", (0.0, 0.0, 0.0)).reshape(n, 3, 1, 1) * grey
    return (y + tint * per_picture(s, n)).clamp(0, 1)


def disturb(x):
    """Random white balance, exposure, saturation and hue: an image with wrong colours."""
    n = len(x)
    lin = to_linear(x) * torch.exp(0.28 * torch.randn(n, 3, 1, 1)) * 2 ** (0.3 * torch.randn(n, 1, 1, 1))
    y = turn_hue(to_srgb(lin).clamp(0, 1), 12 * torch.randn(n))
    grey = (y * LUMA.reshape(1, 3, 1, 1)).sum(1, keepdim=True)
    return (grey + (y - grey) * (0.5 + torch.rand(n, 1, 1, 1))).clamp(0, 1)
