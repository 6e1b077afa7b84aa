"""Makes tests/golden/npy: NumPy's files of embeddings and labels in the forms that occur, and ones that are refused.

    python tools/golden/npy.py tests/golden/npy
values.safetensors has the embeddings [6, 3] as f32 and the labels [6] as i64 that all good files hold, whatever their
types; test_rows.c has the sentences about the others.
"""
import os, sys
import numpy as np
from safetensors.numpy import save_file

OUT = sys.argv[1]
x = np.arange(-9, 9, dtype=np.float32).reshape(6, 3) / 4
y = np.array([0, 1, 2, 0, 1, 2])


def path(name):
    name = os.path.join(OUT, name)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    return name


def versions():
    """Headers of version 2 and 3, and one that leaves the values unaligned."""
    for version in ((2, 0), (3, 0)):
        with open(path(f"version{version[0]}/x.npy"), "wb") as f:
            np.lib.format.write_array(f, x, version)
        np.save(path(f"version{version[0]}/labels.npy"), y)
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (6L, 3L)}\n"
    with open(path("unaligned/x.npy"), "wb") as f:
        f.write(b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header + x.tobytes())
    np.save(path("unaligned/labels.npy"), y.astype(np.uint32))


def good():
    save_file({"embeddings": x, "labels": y}, path("values.safetensors"))
    names = np.array(list("abcdef"))
    np.savez(path("stored.npz"), embeddings=x.astype(np.float64), labels=y.astype(np.int32), names=names)
    half = np.asfortranarray(x.astype(np.float16))
    np.savez_compressed(path("deflated.npz"), embeddings=half, labels=y.astype(np.uint8))
    zeros, logits = np.zeros(6, np.uint16), np.asfortranarray(x)
    np.savez(path("small.npz"), embeddings=x, labels=y.astype(np.int8), bins=zeros, logits=logits)
    np.savez(path("unsigned.npz"), embeddings=x, labels=y.astype(np.uint64), bins=y == 9)
    versions()


def refused():
    np.savez(path("big_endian.npz"), embeddings=x.astype(">f4"), labels=y)
    np.savez(path("texts.npz"), embeddings=x, labels=np.array(list("abcdef")))
    np.savez(path("objects.npz"), embeddings=x, labels=np.array([{}, 1, 2, 3, 4, 5], dtype=object))
    np.savez(path("records.npz"), embeddings=np.zeros(6, dtype=[("a", "f4"), ("b", "f4")]), labels=y)
    np.savez(path("complex.npz"), embeddings=x.astype(np.complex64), labels=y)
    np.savez(path("fractions.npz"), embeddings=x, labels=y.astype(np.float64))
    np.savez(path("column.npz"), embeddings=x, labels=y[:, None])
    np.savez(path("three.npz"), embeddings=x.reshape(6, 3, 1), labels=y)
    np.savez(path("fewer.npz"), embeddings=x, labels=y[:5])
    np.savez(path("other_names.npz"), X=x, y=y)
    np.savez(path("integers.npz"), embeddings=y[:, None], labels=y)
    np.save(path("alone/x.npy"), x)
    whole = open(path("deflated.npz"), "rb").read()
    open(path("cut.npz"), "wb").write(whole[:150])
    array = open(path("alone/x.npy"), "rb").read()
    open(path("cut/x.npy"), "wb").write(array[:-1])
    huge = b"{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4611686018427387904)}\n"
    open(path("huge/x.npy"), "wb").write(b"\x93NUMPY\1\0" + len(huge).to_bytes(2, "little") + huge + bytes(64))


good()
refused()
