"""dc3.from_huggingface, where the package datasets is there."""
import io
import unittest
from unittest import mock

import dc3
from dc3 import _huggingface

from .support import FolderTest

try:
    import PIL.Image
except ImportError:
    PIL = None
try:
    import fsspec
except ImportError:
    fsspec = None
try:
    import datasets
except ImportError:
    datasets = None


@unittest.skipUnless(datasets and PIL, "the package datasets, or Pillow, is not there")
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
        for data, ending in ((b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff\xe0", "jpg"), (b"RIFF0000WEBP", "webp"),
                             (b"MM\0+", "tif"), (b"\0\0\0\x1cftypavif", "avif"), (b"\0\0\0\x1cftypmif1", "heic"),
                             (b"P6 1 1", "ppm"), (b"P7\n", None), (b"BM", None), (b"\0\0\0\x1cftypisom", None)):
            self.assertEqual(_huggingface._ending(data), ending)


class Rows:
    """As from_huggingface takes a dataset: rows of dicts, and features."""

    def __init__(self, rows, names=()):
        self.rows, self.features = rows, {"image": None, "label": type("ClassLabel", (), {"names": list(names)})()}

    def __iter__(self):
        return iter(self.rows)


PPM = b"P6 1 1 255\n\0\0\0"


class Written(FolderTest):
    """Rows of our own, without datasets."""

    def test_users_folder_stays(self):
        (self.folder / "out.part").mkdir()
        (self.folder / "out.part" / "precious").write_text("mine")
        rows = Rows([{"image": {"bytes": PPM}, "label": 0}], ["a"])
        self.assertEqual(dc3.from_huggingface(rows, self.folder / "out"), 1)
        self.assertEqual((self.folder / "out" / "a" / "00000000.ppm").read_bytes(), PPM)
        usual = self.folder / "usual"
        usual.mkdir()
        self.assertEqual((self.folder / "out").stat().st_mode, usual.stat().st_mode)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["out", "out.part", "usual"])
        self.assertEqual((self.folder / "out.part" / "precious").read_text(), "mine")
        self.assertEqual(dc3.from_huggingface(rows, self.folder / "new" / "out", store="tar"), 1)

    def test_refused_rows_leave_nothing(self):
        fine = {"image": {"bytes": PPM}, "label": 0}
        for row, error, text in (({"image": {"bytes": PPM}, "label": -1}, ValueError, "'label': .* 0 to 1, found -1"),
                                 ({"image": {"bytes": PPM}, "label": None}, ValueError, "'label': .*, found None"),
                                 ({"image": None, "label": 0}, TypeError, "'image': expected an image, found NoneType"),
                                 ({"image": {"bytes": b"what"}, "label": 0}, TypeError, "'image': .* Pillow")):
            for store in ("files", "tar"):
                with self.assertRaisesRegex(error, "row 1, column " + text):
                    dc3.from_huggingface(Rows([fine, row], ["a", "b"]), self.folder / "out", store=store)
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_file_that_fails_to_close(self):
        with mock.patch.object(_huggingface._Tars, "close", side_effect=OSError("full")):
            with self.assertRaisesRegex(OSError, "full"):
                dc3.from_huggingface(Rows([], ["a"]), self.folder / "out", store="tar")
        self.assertEqual(list(self.folder.iterdir()), [])

    @unittest.skipUnless(PIL, "Pillow is not there")
    def test_other_formats_become_png(self):
        file = io.BytesIO()
        PIL.Image.new("RGB", (8, 8), (1, 2, 3)).save(file, "BMP")
        dc3.from_huggingface(Rows([{"image": {"bytes": file.getvalue(), "path": "x.bmp"}, "label": 0}], ["a"]),
                             self.folder / "out")
        images = dc3.load(self.folder / "out")
        self.assertEqual((images.keys, list(images[0][0][0, 0])), (["a/00000000.png"], [1, 2, 3]))

    @unittest.skipUnless(fsspec, "fsspec is not there")
    def test_paths_of_fsspec(self):
        (self.folder / "1.ppm").write_bytes(PPM)
        dc3.from_huggingface(Rows([{"image": {"path": f"file://{self.folder}/1.ppm"}, "label": 0}], ["a"]),
                             self.folder / "out")
        self.assertEqual((self.folder / "out" / "a" / "00000000.ppm").read_bytes(), PPM)
