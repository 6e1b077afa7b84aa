"""What the tests share: small datasets of two classes, in a folder of each test's own; children."""
import os
import pathlib
import signal
import tempfile
import traceback
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


def in_child(function):
    """7 if function() is true in a process that was forked, else how that ended."""
    child = os.fork()
    if not child:
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(60)  # one that waits for ever ends
            status = 7 if function() else 2
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


class FolderTest(unittest.TestCase):
    """A test with a folder of its own, `self.folder`."""

    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
