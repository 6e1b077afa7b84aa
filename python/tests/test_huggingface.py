"""dc3.from_huggingface, where the package datasets is there."""
import unittest

import dc3
from dc3 import _huggingface

from .support import FolderTest

try:
    import datasets
    import PIL.Image
except ImportError:
    datasets = None


@unittest.skipUnless(datasets, "the package datasets is not there")
class Parquet(FolderTest):
    """A local parquet file of six images of two classes."""

    def setUp(self):
        super().setUp()
        features = datasets.Features({"img": datasets.Image(), "kind": datasets.ClassLabel(names=["red", "blue"])})
        pictures = [PIL.Image.new("RGB", (8, 8), (200 - 30 * i, 10, 30 * i)) for i in range(6)]
        made = datasets.Dataset.from_dict({"img": pictures, "kind": [i // 3 for i in range(6)]}, features)
        made.to_parquet(str(self.folder / "data.parquet"))
        cache = str(self.folder / "cache")
        self.whole = datasets.Dataset.from_parquet(str(self.folder / "data.parquet"), cache_dir=cache)
        self.stream = datasets.load_dataset("parquet", data_files=str(self.folder / "data.parquet"), split="train",
                                            streaming=True, cache_dir=cache)

    def check(self, place):
        images = dc3.load(place)
        self.assertEqual((images.classes, list(images.labels)), (["blue", "red"], [0] * 3 + [1] * 3))
        self.assertEqual(list(images[3][0][0, 0]), [200, 10, 0])

    def test_folder_of_a_stream(self):
        self.assertEqual(dc3.from_huggingface(self.stream, self.folder / "out"), 6)
        self.check(self.folder / "out")

    def test_tars(self):
        told = []
        dc3.from_huggingface(self.whole, self.folder / "out", store="tar", shard_size=4000,
                             progress=lambda *t: told.append(t))
        self.assertEqual(told[-1], ("images", 6, 6))
        self.assertGreater(len(list((self.folder / "out").glob("train-*.tar"))), 1)
        self.check(self.folder / "out")

    def test_all_or_nothing(self):
        with self.assertRaisesRegex(ValueError, "class 'a/b'"):
            dc3.from_huggingface(self.whole, self.folder / "out", names=["c", "a/b"])
        self.assertEqual([p.name for p in self.folder.glob("out*")], [])
        with self.assertRaisesRegex(ValueError, "there is no column 'image'; expected one of img, kind"):
            dc3.from_huggingface(self.whole, self.folder / "out", image="image")
        with self.assertRaisesRegex(FileExistsError, "data.parquet: is there already"):
            dc3.from_huggingface(self.whole, self.folder / "data.parquet")


class Refusals(unittest.TestCase):
    """What needs no datasets."""

    def test_no_dataset(self):
        with self.assertRaisesRegex(TypeError, "expected a dataset of one split, found all splits"):
            dc3.from_huggingface({"train": 1}, "out")

    def test_endings(self):
        for data, ending in ((b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff\xe0", "jpg"), (b"RIFF0000WEBP", "webp")):
            self.assertEqual(_huggingface._ending(data, "x.bmp"), ending)
        self.assertEqual(_huggingface._ending(b"unknown", "a/b.TIFF"), "tiff")
