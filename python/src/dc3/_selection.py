"""Selection of a few rows of each class of an array."""
import ctypes
import typing

import numpy
import numpy.typing

from . import _arrays, _settings
from ._calls import Call, Cancel
from ._native import lib


class Selection(typing.NamedTuple):
    """What dc3.select chose.

    rows: int64 [count], by class, then by turns (not nested: by bin), in the order chosen; a repeated row stands at
        its class's end.
    gains: float64 [count], what each added to its bin's objective; NaN of a repeated row.
    repeated: how many rows repeat one, because a class has too few.
    """

    rows: numpy.ndarray
    gains: numpy.ndarray
    repeated: int


def select(embeddings: numpy.typing.ArrayLike, labels: numpy.typing.ArrayLike, ipc: int = 10,
           logits: typing.Optional[numpy.typing.ArrayLike] = None, bins: typing.Optional[numpy.typing.ArrayLike] = None,
           *, cancel: typing.Optional[Cancel] = None, **settings: typing.Any) -> Selection:
    """Chooses `ipc` rows of each class that represent it best: bins by clustering, in each bin submodular maximisation.

    embeddings: [n, d] numbers; float32 in C order is not copied. labels: [n] class numbers. logits: [n, c] of a
    classifier whose last layer takes the embeddings; labels are 0 to c - 1 then, and rows are as similar as the
    gradients of that layer are. Without logits they are as similar as the cosine of their embeddings. bins: [n] bin
    numbers within each class, in place of a clustering.

    Settings: bins_per_class (default 10), nested (the first rows of each class are those of a smaller ipc, since there
    are as many bins for any; True but for the maximizer "stochastic"; False: as the paper chooses), components (of the
    PCA, 50), objective ("graph-cut", "facility-location", "log-determinant"), maximizer ("naive", "lazy", "stochastic",
    "approximate-lazy"), gradient ("plain", "double-softmax"), lambda_, epsilon, beta, seed, strict (refuses a class of
    fewer than ipc rows), threads.
    """
    embeddings = _arrays.take("embeddings", embeddings, numpy.float32, (2,))
    n, d = embeddings.shape
    labels = _rows("labels", labels, numpy.int64, n, (1,))
    logits = None if logits is None else _rows("logits", logits, numpy.float32, n, (2,))
    bins = None if bins is None else _rows("bins", bins, numpy.int64, n, (1,))
    if "bins_per_class" in settings:
        settings["bins"] = settings.pop("bins_per_class")
    options = _settings.fill("select", _settings.defaults("select"), {"ipc": ipc, **settings})
    call = Call(cancel=cancel)
    options.cancel = call.flag
    found, place = _settings.new("selection")
    classes = 0 if logits is None else logits.shape[1]
    # The closure keeps the arrays until the library is done with them.
    call.run(lambda: lib.dc3_select_rows(ctypes.byref(options), n, d, classes, _arrays.address(embeddings),
                                         _arrays.address(logits), _arrays.address(labels), _arrays.address(bins),
                                         place))
    try:
        rows, gains = (_copy(getattr(found, name), kind, found.count)
                       for name, kind in (("rows", ctypes.c_int64), ("gains", ctypes.c_double)))
        return Selection(rows, gains, found.repeated)
    finally:
        lib.dc3_selection_free(place)


def _rows(name, values, dtype, n, dimensions):
    array = _arrays.take(name, values, dtype, dimensions)
    if len(array) != n:
        raise ValueError(f"{name}: expected {n} rows as embeddings have, found {len(array)}")
    return array


def _copy(address, kind, count):
    return numpy.ctypeslib.as_array(ctypes.cast(address, ctypes.POINTER(kind)), (count,)).copy()
