"""Makes tests/golden/measures/manifolds.safetensors: precision and recall, density and coverage, memorisation and the
standard error of the kernel distance, from plain formulas over scikit-learn's neighbours and scipy's distances.

    pip install numpy scipy scikit-learn safetensors
    python tools/golden/manifolds.py tests/golden/measures
  real.N [n, d], made.N [m, d], train.N [t, d] f32: features; of made.N and train.N some rows are rows of the others
  manifolds.N [4] f64: precision, recall (3 neighbours), density, coverage (5 neighbours)
  memorised.N [2]: of the made and of the real rows
  kernel_error.N [1]: of real.N and made.N over 10 blocks
"""
import os, sys
from importlib.metadata import version
import numpy as np
from safetensors.numpy import save_file
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

random = np.random.default_rng(11)


def radii(x, k):
    """The distance of each row to its k-th nearest other row."""
    return NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)[0][:, k]


def manifolds(real, made):
    between = cdist(real, made)
    precision = (between <= radii(real, 3)[:, None]).any(0).mean()
    recall = (between <= radii(made, 3)[None]).any(1).mean()
    inside = between <= radii(real, 5)[:, None]
    return np.array([precision, recall, inside.sum(0).mean() / 5, inside.any(1).mean()])


def memorised(train, made):
    """The share of made rows no farther from the nearest training row than that one is from another."""
    distance, nearest = (a[:, 0] for a in NearestNeighbors(n_neighbors=1).fit(train).kneighbors(made))
    return (distance <= radii(train, 1)[nearest]).mean()


def kernel(x, y):
    return (x @ y.T / x.shape[1] + 1)**3


def kernel_distance(x, y):
    """Of as many rows: unbiased."""
    n = len(x)
    inside = sum(kernel(a, a).sum() - np.trace(kernel(a, a)) for a in (x, y))
    return inside / (n * (n - 1)) - 2 * kernel(x, y).mean()


def kernel_error(x, y, blocks=10):
    size = min(len(x), len(y)) // blocks

    def block(a, i):
        return a[(np.arange(size) * blocks + i) * len(a) // (size * blocks)]

    values = [kernel_distance(block(x, i), block(y, i)) for i in range(blocks)]
    return np.std(values, ddof=1) / blocks**0.5


golden = {}
for n, (r, m, t, d) in enumerate([(700, 530, 600, 12), (60, 80, 50, 48), (21, 20, 6, 3)]):
    mix = random.normal(0, 1, (d, d)) / d**0.5
    draw = lambda rows, spread, shift: (random.normal(shift, spread, (rows, d)) @ mix).astype(np.float32)
    real, made, train = draw(r, 1, 0), draw(m, 0.8, 0.2), draw(t, 1, 0)
    made[:m // 5] = train[random.integers(0, t, m // 5)]  # copies
    train[-1] = train[0]  # a training image that is there twice
    made[m // 5] = train[0]
    wide = [x.astype(np.float64) for x in (real, made, train)]
    golden |= {f"real.{n}": real, f"made.{n}": made, f"train.{n}": train}
    golden[f"manifolds.{n}"] = manifolds(*wide[:2])
    golden[f"memorised.{n}"] = np.array([memorised(wide[2], wide[1]), memorised(wide[2], wide[0])])
    golden[f"kernel_error.{n}"] = np.array([kernel_error(*wide[:2])])
    print({k: v for k, v in golden.items() if k.endswith(str(n)) and v.ndim == 1})
save_file({k: np.ascontiguousarray(v) for k, v in golden.items()}, os.path.join(sys.argv[1], "manifolds.safetensors"),
          {p: version(p) for p in ["numpy", "scipy", "scikit-learn"]})
