"""Arrays as the library takes them: of one type, in one piece, copied only where they are not so already."""
import numpy


def take(name, values, dtype, dimensions) -> numpy.ndarray:
    """`values` as an array of `dtype` in C order; the same memory where it is one already.

    Numbers of other types are converted where that loses nothing but digits: integers and floats to floats, integers
    to integers.
    """
    array = numpy.asarray(values)
    if array.ndim not in dimensions:
        expected = " or ".join(str(d) for d in dimensions)
        raise ValueError(f"{name}: expected {expected} dimensions, found {list(array.shape)}")
    kinds = "biuf" if numpy.dtype(dtype).kind == "f" else "iu"
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name}: expected {numpy.dtype(dtype).name}, found {array.dtype.name}")
    if numpy.dtype(dtype).kind == "i" and array.dtype.kind == "u" and array.size:
        found, greatest = int(array.max()), numpy.iinfo(dtype).max  # NumPy 1 would compare both as floats
        if found > greatest:
            raise ValueError(f"{name}: expected at most {greatest}, found {found}")
    return numpy.require(array, dtype, ["C", "A"])


def images(name, values):
    """Images as [n, height, width, 3] of uint8, and whether it was one of [height, width, 3]."""
    array = numpy.asarray(values)
    if array.dtype != numpy.uint8:
        raise TypeError(f"{name}: expected uint8 (0 to 255), found {array.dtype.name}")
    if array.ndim not in (3, 4) or array.shape[-1] != 3:
        raise ValueError(f"{name}: expected [height, width, 3] or [n, height, width, 3], found {list(array.shape)}")
    single = array.ndim == 3
    return numpy.require(array[None] if single else array, None, ["C", "A"]), single


def place(name, out, shape, dtype):
    """A new array of that shape, or `out` if it is one that the library can write into."""
    if out is None:
        return numpy.empty(shape, dtype)
    if not isinstance(out, numpy.ndarray) or out.shape != tuple(shape) or out.dtype != dtype:
        found = f"{out.dtype.name} {list(out.shape)}" if isinstance(out, numpy.ndarray) else type(out).__name__
        raise ValueError(f"{name}: expected an array of {numpy.dtype(dtype).name} {list(shape)}, found {found}")
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise ValueError(f"{name}: expected an aligned array in C order that may be written to")
    return out


def address(array):
    """Where its values begin; None of None."""
    return None if array is None else array.ctypes.data
