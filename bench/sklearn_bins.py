"""PCA and k-means beside scikit-learn on the same matrices: agreement, inertia and seconds.

    python bench/sklearn_bins.py build/bench/bench_bins
"""
import os, re, subprocess, sys, tempfile, time
import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits


def matrix(n, d, seed):
    """Twelve uneven clusters in 40 dimensions of falling variance, turned into d, and noise."""
    rng = np.random.default_rng(seed)
    low = rng.standard_normal((n, 40)) * 0.9**np.arange(40) + 1.5 * rng.standard_normal(
        (12, 40))[rng.integers(0, 12, n)**2 // 12]
    return (low @ rng.standard_normal((40, d)) / 6 + 0.3 * rng.standard_normal((n, d))).astype(np.float32)


def timed(run, times=3):
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        result = run()
        spent.append(time.perf_counter() - start)
    return sorted(spent)[times // 2], result


def main():
    for n, d, k in ((1300, 1024, 10), (5000, 768, 10), (1289, 3072, 50), (500, 1024, 10)):
        x = matrix(n, d, n)
        with tempfile.TemporaryDirectory() as folder:
            given, made = os.path.join(folder, "x.safetensors"), os.path.join(folder, "y.safetensors")
            save_file({"x": x}, given)
            line = {}
            for threads in (1, 2):
                line[threads] = subprocess.run(
                    [sys.argv[1], given, made, "50", str(k), "4"], check=True, capture_output=True, text=True,
                    env=dict(os.environ, OMP_NUM_THREADS=str(threads))).stdout.strip()
            print(line[2])
            ours = load_file(made)
        number = lambda what: float(re.search(what + r" ([0-9.e+]+)", line[1]).group(1))
        with threadpool_limits(1):
            pca_time, pca = timed(lambda: PCA(50, svd_solver="full").fit(x))
            auto_time, _ = timed(lambda: PCA(50).fit_transform(x))
            seconds, best = timed(lambda: KMeans(k, n_init=4, random_state=0).fit(ours["scores"]))
        _, ten = timed(lambda: KMeans(k, n_init=10, random_state=1).fit(ours["scores"]), 1)
        singles = [KMeans(k, n_init=4, random_state=s).fit(ours["scores"]).inertia_ for s in range(5)]
        with threadpool_limits(2):
            pipeline, _ = timed(
                lambda: [KMeans(k, n_init=4, random_state=0).fit(PCA(50).fit_transform(x)) for _ in range(8)], 1)
        cosines = np.linalg.svd(
            pca.components_.astype(np.float64) @ ours["basis"].astype(np.float64).T, compute_uv=False)
        lost = 1 - (ours["scores"].astype(np.float64) ** 2).sum() / (pca.transform(x).astype(np.float64) ** 2).sum()
        centres = np.stack([ours["scores"][ours["clusters"] == c].astype(np.float64).mean(0) for c in range(k)])
        inertia = ((ours["scores"] - centres[ours["clusters"]]) ** 2).sum()
        first = lambda text, key: float(re.search(key, text).group(1))
        mine_pca, mine_kmeans = first(line[1], r"PCA to \d+ ([\d.]+)"), first(line[1], r"starts\) ([\d.]+)")
        mine_all = first(line[2], r"threads ([\d.]+)")
        print(
            f"  subspace: smallest cosine {cosines.min():.6f}, variance lost {lost:.1e}; inertia over scikit-learn's: "
            f"{inertia / np.median(singles):.4f} (4 starts, median of 5 seeds), {inertia / ten.inertia_:.4f} (10 "
            f"starts)\n"
            f"  one thread: PCA {mine_pca:.3f} s, scikit-learn {auto_time:.3f} s (full SVD {pca_time:.3f} s); k-means "
            f"{mine_kmeans:.3f} s, "
            f"scikit-learn {seconds:.3f} s\n  8 classes, two threads: {mine_all:.3f} s, scikit-learn {pipeline:.3f} s",
            flush=True)


if __name__ == "__main__":
    main()
