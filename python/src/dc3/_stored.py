"""Condensed datasets, and any others, in memory: images by number, and stored soft labels by view and number.

What stands here works in processes that were forked after other calls, as the workers of a DataLoader are: the library
needs no thread of its own for it.
"""
import ctypes
import json
import os
import pathlib
import threading
import typing

import numpy

from . import _arrays, _errors, _settings
from ._native import lib, taken_bytes
from ._types import Path, Report

if typing.TYPE_CHECKING:
    from ._torch import Views


def _texts(count, text_of):
    return [os.fsdecode(text_of(i)) for i in range(count)]


def _number(name, i, count):
    """`i` of `count` things, from the end where it is negative, as sequences have them."""
    try:
        return range(count)[i]
    except IndexError:
        raise IndexError(f"{name}: expected 0 to {count - 1}, found {i}" if count else
                         f"{name}: there are none, found {i}") from None


class Images:
    """The images of a folder of dc3.condense, or of any dataset that dc3 reads; `images[i]` is an image and its class.

    classes: their names, by number. labels: int64 [n]. keys: n paths below the dataset's folder. info: the dc3.json of
    a run, else None. A sequence of (uint8 [height, width, 3], int), as PyTorch's DataLoader takes it with a transform
    of yours around it.
    """

    classes: typing.List[str]
    labels: numpy.ndarray
    keys: typing.List[str]
    info: typing.Optional[Report]

    def __init__(self, path: Path) -> None:
        self._path, self._own = path, ctypes.c_void_p()
        _errors.check(lib.dc3_image_set_open(_settings.path("path", path), ctypes.byref(self._own)))
        self._take(self._own)
        document = pathlib.Path(os.fsdecode(path)) / "dc3.json"
        self.info = json.loads(document.read_text(encoding="utf-8")) if document.is_file() else None

    def _take(self, handle):
        self._handle = handle
        n = lib.dc3_image_set_count(handle)
        self.classes = _texts(lib.dc3_image_set_classes(handle), lambda i: lib.dc3_image_set_class_name(handle, i))
        self.keys = _texts(n, lambda i: lib.dc3_image_set_key(handle, i))
        self.labels = numpy.array([lib.dc3_image_set_label(handle, i) for i in range(n)], numpy.int64)

    def __reduce__(self):
        return Images, (self._path,)

    def __del__(self):
        if getattr(self, "_own", None):
            lib.dc3_image_set_close(ctypes.byref(self._own))

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> typing.Iterator[typing.Tuple[numpy.ndarray, int]]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, i: int) -> typing.Tuple[numpy.ndarray, int]:
        i = _number("image", i, len(self))
        height, width, pixels = ctypes.c_int(), ctypes.c_int(), ctypes.c_void_p()
        _errors.check(lib.dc3_image_set_read(self._handle, i, ctypes.byref(height), ctypes.byref(width),
                                             ctypes.byref(pixels)))
        shape = height.value, width.value, 3
        return taken_bytes(pixels.value, shape), int(self.labels[i])

    def array(self) -> numpy.ndarray:
        """All images, uint8 [n, height, width, 3]; they must be of one size, as those of dc3.condense are."""
        images = [image for image, _ in self]
        if len({image.shape for image in images}) != 1:
            raise ValueError(f"{os.fsdecode(self._path)}: expected images of one size, found several; read them one by "
                             "one")
        return numpy.stack(images)


def load(out: Path) -> Images:
    """The images that dc3.condense stored in the folder `out`, or those of any other dataset."""
    return Images(out)


class Batches:
    """Lists of numbers of views, batch by batch: SoftLabels.batches."""

    def __init__(self, labels: "SoftLabels", epochs: int, seed: int) -> None:
        if epochs < 1:
            raise ValueError(f"epochs: expected 1 or more, found {epochs}")
        self.images, self.views, self.batch = labels.images, labels.views, labels.batch
        self.epochs, self.seed = epochs, seed

    def __len__(self) -> int:
        return self.epochs * len(self._begins())

    def _begins(self) -> range:
        return range(0, self.images - (self.images > 1), self.batch)  # none begins at the last of several

    def __iter__(self) -> typing.Iterator[typing.List[int]]:
        random = numpy.random.default_rng(self.seed)
        for epoch in range(self.epochs):
            items = epoch % self.views * self.images + random.permutation(self.images)
            for begin in self._begins():
                yield items[begin:begin + self.batch].tolist()


class SoftLabels:
    """Soft labels that dc3.label stored: V views of each of n images, and the teacher's logits of each.

    run: the folder of dc3.condense, or a dataset. file: of the labels, by default RUN/soft_labels.safetensors.
    images, views: n and V. classes: names, by number. size: pixels of a view's side. temperature: at which few stored
    logits (top_k) preserve the probabilities. labels: int64 [n], the images' classes. keys: their n paths.
    """

    images: int
    views: int
    size: int
    top_k: int
    bits: int
    batch: int
    temperature: float
    classes: typing.List[str]
    labels: numpy.ndarray
    keys: typing.List[str]

    def __init__(self, run: Path, file: typing.Optional[Path] = None) -> None:
        self._arguments, self._own, self._lock = (run, file), ctypes.c_void_p(), threading.Lock()
        _errors.check(lib.dc3_label_set_open(_settings.path("run", run),
                                             None if file is None else _settings.path("file", file),
                                             ctypes.byref(self._own)))
        found = _settings.result(lib.dc3_label_set_describe(self._own))
        self.images, self.views, self.size = found["images"], found["views"], found["size"]
        self.top_k, self.bits, self.batch = found["top_k"], found["bits"], found["batch"]
        self.temperature = found["temperature"]
        inner = Images.__new__(Images)
        inner._take(lib.dc3_label_set_images(self._own))
        self.classes, self.labels, self.keys = inner.classes, inner.labels, inner.keys

    def __reduce__(self):
        return SoftLabels, self._arguments

    def __del__(self):
        if getattr(self, "_own", None):
            lib.dc3_label_set_close(ctypes.byref(self._own))

    def __len__(self) -> int:
        return self.views * self.images

    def _ask(self, v, i, pixels, logits, mix):
        v, i = _number("view", v, self.views), _number("image", i, self.images)
        with self._lock:
            _errors.check(lib.dc3_label_set_view(self._own, v, i, _arrays.address(pixels), _arrays.address(logits),
                                                 mix))

    def view(self, v: int, i: int,
             out: typing.Optional[numpy.ndarray] = None) -> typing.Tuple[numpy.ndarray, numpy.ndarray]:
        """View v of image i as students see it, float32 [size, size, 3] in [0, 1], and its logits, float32 [classes].

        out: an array for the view, to be written into. Train with the Kullback-Leibler divergence of the student's
        softmax from that of the logits, both at temperature 20, on views less ImageNet's mean and over its deviation
        (docs/soft-labels.md).
        """
        pixels = _arrays.place("out", out, (self.size, self.size, 3), numpy.float32)
        logits = numpy.empty(len(self.classes), numpy.float32)
        self._ask(v, i, pixels, logits, None)
        return pixels, logits

    def logits(self, v: int, i: int) -> numpy.ndarray:
        """The logits of view v of image i alone, float32 [classes]."""
        logits = numpy.empty(len(self.classes), numpy.float32)
        self._ask(v, i, None, logits, None)
        return logits

    def mix(self, v: int, i: int) -> typing.Tuple[int, float]:
        """The image that the box of view v of image i shows, and the share of the view that shows image i itself."""
        mix, place = _settings.new("label_mix")
        self._ask(v, i, None, None, place)
        return mix.partner, mix.share

    def batches(self, epochs: typing.Optional[int] = None, seed: int = 0) -> "Batches":
        """The numbers of torch_dataset()'s items in batches, for a DataLoader's `batch_sampler`.

        As `dc3 evaluate` shows them: epoch e has view e mod V of each image, in an order of its own that follows from
        `seed`, in batches of `batch` images, the last of an epoch of what is left unless that is one image of several.
        epochs: by default V.
        """
        return Batches(self, self.views if epochs is None else epochs, seed)

    def torch_dataset(self, normalise: bool = True) -> "Views":
        """All views as a PyTorch dataset of V n items: item v n + i is view v of image i.

        An item is (view, float32 [3, size, size], normalised by ImageNet's mean and deviation unless told otherwise;
        logits, float32 [classes]; class). A DataLoader with shuffle and workers takes it: an epoch of it shows every
        view once, and so V epochs of a training.
        """
        from ._torch import Views

        return Views(self, normalise)
