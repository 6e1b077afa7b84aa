"""What the tests share: small datasets of two classes, in a folder of each test's own."""
import pathlib
import tempfile
import unittest

import numpy


def write_ppm(path, pixels):
    """pixels: uint8 [height, width, 3]."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes())


def write_dataset(folder, count=4, seed=0):
    """`count` images of 16 x 16 of each of the classes blue and red."""
    random = numpy.random.default_rng(seed)
    for name, middle in (("blue", (20, 30, 180)), ("red", (180, 40, 20))):
        for i in range(count):
            pixels = random.normal(middle, 30, (16, 16, 3))
            write_ppm(folder / name / f"{i}.ppm", numpy.clip(pixels, 0, 255).astype(numpy.uint8))
    return folder


class FolderTest(unittest.TestCase):
    """A test with a folder of its own, `self.folder`."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
