"""The direct selection (every gradient written out, f32, numpy) beside `dc3 select --from`, and whether the rows agree
with f64.

    python bench/select_numpy.py build/dc3 build/bench/bench_select
1,300 samples of one class, 1,000 classes, 512 dimensions, 10 bins, graph cut, naive greedy, IPC 10 and 50.
"""
import json, os, subprocess, sys, tempfile, time
import numpy as np
from safetensors.numpy import save_file

N, C, D, BINS = 1300, 1000, 512, 10


def features(h, z, y, dtype):
    z = z.astype(np.float64)
    p = np.exp(z - z.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    rows = np.arange(len(z))
    p[rows, y] = 0
    p[rows, y] = -p.sum(1)
    d, one = p.astype(dtype), np.concatenate([np.ones((len(h), 1)), h], 1).astype(dtype)
    return (d[:, :, None] * one[:, None, :]).reshape(len(h), -1)


def greedy(s, k):
    total, inside, out = s.sum(0), np.zeros(len(s)), []
    for _ in range(k):
        gain = total - 2 * inside
        gain[out] = -np.inf
        j = int(gain.argmax())
        out.append(j)
        inside += s[j]
    return out


def direct(h, z, y, bins, ipc, dtype):
    picked = []
    for b in range(BINS):
        rows = np.flatnonzero(bins == b)
        f = features(h[rows], z[rows], y[rows], dtype)
        f /= np.linalg.norm(f, axis=1, keepdims=True)
        picked += [int(rows[j]) for j in greedy((0.5 + 0.5 * (f @ f.T)).astype(np.float64), ipc // BINS)]
    return picked


def main():
    rng = np.random.default_rng(0)
    h, y = rng.standard_normal((N, D), dtype=np.float32), np.full(N, 7)
    z = rng.standard_normal((N, C), dtype=np.float32)
    z[:, 7] += 8
    bins = np.arange(N) % BINS
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.safetensors")
        save_file(dict(embeddings=h, logits=z, labels=y.astype(np.int64), bins=bins.astype(np.int64)), path)
        for ipc in (10, 50):
            command = [sys.argv[1], "select", "--from", path, "--ipc", str(ipc), "--bins", str(BINS), "--json"]
            ours = []
            for _ in range(5):
                start = time.perf_counter()
                rows = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["selected"]
                ours.append(time.perf_counter() - start)
            call = subprocess.run([sys.argv[2], path, "22", str(ipc)], capture_output=True, check=True,
                                  text=True).stdout.strip()
            times = []
            for _ in range(3):
                start = time.perf_counter()
                direct(h, z, y, bins, ipc, np.float32)
                times.append(time.perf_counter() - start)
            numpy32 = sorted(times)[1]
            same = rows == direct(h, z, y, bins, ipc, np.float64)
            inside = float(call.split("median ")[1].split()[0])
            print(
                f"IPC {ipc}: numpy f32 {numpy32:.2f} s (median of 3); rows equal the direct method's in f64: {same}\n"
                f"  the call with the file's reading: {call}; ratio {numpy32 / inside:.0f}\n"
                f"  the whole process `dc3 select`: median {sorted(ours)[2]:.3f} s of 5, ratio "
                f"{numpy32 / sorted(ours)[2]:.0f}"
            )


if __name__ == "__main__":
    main()
