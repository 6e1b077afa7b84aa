"""Makes tests/golden/pickles: batches of CIFAR as each protocol of Python's pickles has them, modules in torch.save's
old form, and NumPy arrays in what torch.save writes.

    python tools/golden/pickles.py tests/golden/pickles
The values are those of formulas, which test_dataset.c and test_pth.c repeat.
"""
import os, pickle, sys, warnings
import numpy as np, torch
from torch import nn

OUT = sys.argv[1]


def path(name):
    return os.path.join(OUT, name)


def planes(n):
    image, plane, pixel = np.meshgrid(np.arange(n), np.arange(3), np.arange(1024), indexing="ij")
    return (7 * image + 50 * plane + pixel).astype(np.uint8).reshape(n, 3072)


# As Python 2 wrote it at protocol 0: a string in quotes; Python 3 shows bytes by the same rules.
def python2(data):
    text = repr(data.tobytes())[1:].encode()
    return (b"(dp1\nS'labels'\np2\n(lp3\nI3\naI1\nasS'data'\np4\ncnumpy.core.multiarray\n_reconstruct\np5\n"
            b"(cnumpy\nndarray\np6\n(I0\ntp7\nS'b'\np8\ntp9\nRp10\n(I1\n(I2\nI3072\ntp11\ncnumpy\ndtype\np12\n"
            b"(S'u1'\np13\nI0\nI1\ntp14\nRp15\n(I3\nS'|'\np16\nNNNI-1\nI-1\nI0\ntp17\nbI00\nS" + text +
            b"\np18\ntp19\nbs.")


def cifar():
    data = planes(2)
    for protocol in range(6):
        with open(path("cifar%d" % protocol), "wb") as f:
            pickle.dump({b"data": data, b"labels": [3, 1]}, f, protocol=protocol)
    for protocol in (0, 2, 5):
        with open(path("cifar_fortran%d" % protocol), "wb") as f:
            pickle.dump({"data": np.asfortranarray(data), "labels": [3, 1]}, f, protocol=protocol)
    older = pickle.dumps({"data": data, "labels": [3, 1]}, protocol=2)
    with open(path("cifar_numpy1"), "wb") as f: # NumPy 1's name of the module
        f.write(older.replace(b"numpy._core", b"numpy.core"))
    with open(path("cifar_python2"), "wb") as f:
        f.write(python2(data))


def modules():
    # What stands for the classes' sources, and the files that they are in.
    torch.serialization.get_source_lines_and_file = lambda *_: (["class: its source\n"], 1, "module.py")
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm2d(2))
    with torch.no_grad():
        net[0].weight.copy_(torch.arange(6.0).reshape(2, 3) - 2)
    for name, saved in (("module", net), ("module_parallel", nn.DataParallel(net)), ("module_in_dict", {"model": net})):
        torch.save(saved, path(name + ".pth"), _use_new_zipfile_serialization=False)


def rows():
    embeddings = (np.arange(6.0) / 4).astype(np.float32).reshape(3, 2)
    labels = np.array([1, 0, 200])
    torch.save({"embeddings": embeddings, "labels": labels}, path("rows.pth"))
    torch.save({"embeddings": np.asfortranarray(embeddings), "labels": labels.tolist()}, path("rows_fortran.pth"),
               pickle_protocol=5, _use_new_zipfile_serialization=False)
    torch.save({"embeddings": torch.tensor(embeddings), "labels": labels}, path("rows_tensor.pth"), pickle_protocol=4)
    torch.save({"embeddings": embeddings.astype(">f4"), "labels": labels}, path("rows_big_endian.pth"))


warnings.simplefilter("ignore")
os.makedirs(OUT, exist_ok=True)
cifar()
modules()
rows()
