"""Makes tests/golden/recipes: what recipes of students are made of, by PyTorch, torchvision and Pillow.

    python tools/golden/recipes.py tests/golden/recipes
golden.safetensors:
  loss.logits, loss.target [n, c] f32; loss.labels [n, 2] i64, loss.weights [n, 2] f32: hard labels, mixed
  loss.NAME [1], loss.NAME.slope [n, c] f32: loss and gradient; cosine (no hard labels), gift (a tenth of the hard ones,
  smoothed by a tenth), edc (MSE and 0.025 of the cross-entropy)
  rand.picture [size, size, 3] u8; rand.OP.M, and of operations with a direction rand.-OP.M, [size, size, 3] u8:
  operation OP of torchvision's RandAugment at strength M, OP as in its list
"""
import os, sys
import numpy as np
import torch
import torch.nn.functional as F
import PIL, torchvision
from PIL import Image
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode, RandAugment
from torchvision.transforms.autoaugment import _apply_op

OUT = sys.argv[1]
golden, random = {}, np.random.default_rng(8)


def losses(n=6, classes=10):
    logits, target = (torch.tensor(random.normal(0, 3, (n, classes)), dtype=torch.float32) for _ in range(2))
    labels = torch.tensor(random.integers(0, classes, (n, 2)))
    weights = torch.tensor(random.uniform(0.2, 0.8, (n, 1)), dtype=torch.float32)
    weights = torch.cat([weights, 1 - weights], 1)
    one_hot = F.one_hot(labels, classes).float()
    hard = (one_hot * weights[:, :, None]).sum(1)
    smooth = ((one_hot * 0.9 + (1 - one_hot) * 0.1 / (classes - 1)) * weights[:, :, None]).sum(1)
    mixed = F.normalize(target, dim=1) + 0.1 * F.normalize(smooth, dim=1)
    found = {
        "cosine": lambda z: (1 - F.cosine_similarity(z, target, dim=1)).mean(),
        "gift": lambda z: (1 - F.cosine_similarity(z, mixed, dim=1)).mean(),
        "edc": lambda z: F.mse_loss(z, target) + 0.025 * F.cross_entropy(z, hard),
    }
    for name, loss in found.items():
        z = logits.clone().requires_grad_()
        value = loss(z)
        value.backward()
        golden[f"loss.{name}"], golden[f"loss.{name}.slope"] = value.detach().reshape(1).numpy(), z.grad.numpy()
    for name, value in (("logits", logits), ("target", target), ("labels", labels), ("weights", weights)):
        golden[f"loss.{name}"] = value.numpy()


def operations(size=24):
    y, x = np.mgrid[0:size, 0:size]
    waves = np.stack([120 + 90 * np.sin(x * a + y * b) for a, b in ((0.41, 0.17), (0.09, 0.5), (0.8, 0.6))], -1)
    pixels = np.clip(waves + random.normal(0, 15, waves.shape), 8, 240).astype(np.uint8)
    golden["rand.picture"] = pixels
    space = RandAugment()._augmentation_space(31, (size, size))
    for number, (name, (magnitudes, signed)) in enumerate(space.items()):
        for strength in (9, 17, 30):
            magnitude = float(magnitudes[strength]) if magnitudes.ndim else 0.0
            for sign in (1, -1) if signed else (1,):
                made = _apply_op(Image.fromarray(pixels), name, sign * magnitude, InterpolationMode.NEAREST, None)
                golden[f"rand.{'-' if sign < 0 else ''}{number}.{strength}"] = np.asarray(made)


losses()
operations()
os.makedirs(OUT, exist_ok=True)
save_file({name: np.ascontiguousarray(value) for name, value in golden.items()},
          os.path.join(OUT, "golden.safetensors"),
          {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": PIL.__version__})
