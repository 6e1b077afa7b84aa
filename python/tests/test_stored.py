"""Stored images and soft labels, with and without PyTorch."""
import os
import pathlib
import pickle
import re
import subprocess
import sys
import unittest

import numpy

import dc3
from dc3._program import PROGRAM

from .support import FolderTest, in_child, write_dataset, write_ppm

try:
    import torch
except ImportError:
    torch = None

SOURCE = os.environ.get("DC3_SOURCE", "")


def labelled_run(folder, **settings):
    """A run of four images of 16 x 16 with two views of each, and the teacher's file."""
    data, out, teacher = write_dataset(folder / "data"), folder / "out", folder / "teacher.safetensors"
    dc3.condense(data, out, 2, teacher="none", compensation="none", no_report=True, threads=1)
    dc3.train(data, teacher, arch="convnet3", size=16, epochs=1, batch=4, threads=1)
    dc3.label(out, teacher, views=2, any_teacher=True, threads=1, **settings)
    return out, teacher


class Load(FolderTest):
    """dc3.load."""

    def test_any_dataset(self):
        data = write_dataset(self.folder / "data")
        images = dc3.load(data)
        self.assertEqual((images.classes, len(images), images.info), (["blue", "red"], 8, None))
        self.assertEqual(list(images.labels), [0] * 4 + [1] * 4)
        pixels, label = images[-1]
        self.assertEqual((label, images.keys[-1], pixels.dtype), (1, "red/3.ppm", numpy.uint8))
        stored = (data / "red" / "3.ppm").read_bytes()[-16 * 16 * 3:]
        self.assertEqual(pixels.tobytes(), stored)
        self.assertEqual(images.array().shape, (8, 16, 16, 3))
        self.assertEqual(len([1 for _ in images]), 8)
        self.assertTrue((pickle.loads(pickle.dumps(images))[7][0] == pixels).all())

    def test_what_cannot_be_read(self):
        data = write_dataset(self.folder / "data")
        (data / "red" / "3.ppm").write_bytes(b"P6\n16 16\n255\nshort")
        with self.assertRaisesRegex(dc3.FormatError, "red/3.ppm"):
            _ = dc3.load(data)[7]
        with self.assertRaises(IndexError):
            _ = dc3.load(data)[8]
        with self.assertRaisesRegex(dc3.FileError, "nothing"):
            dc3.load(self.folder / "nothing")

    def test_editor_as_the_program_edits(self):
        image = numpy.random.default_rng(0).integers(0, 256, (18, 24, 3), numpy.uint8)
        write_ppm(self.folder / "in.ppm", image)
        (self.folder / "data" / "a").mkdir(parents=True)
        subprocess.run([PROGRAM, "edit", "in.ppm", "-p", "rainy", "--seed", "5", "--threads", "1", "-o",
                        "data/a/1.png"], check=True, cwd=self.folder, capture_output=True)
        ours = dc3.Editor(threads=1).edit(image, "rainy", seed=5)
        self.assertTrue((dc3.load(self.folder / "data")[0][0] == ours).all())


class Labels(FolderTest):
    """dc3.SoftLabels."""

    def test_views_have_their_logits(self):
        """The teacher says of a view what is stored with it."""
        out, teacher = labelled_run(self.folder, factor=2)
        labels = dc3.SoftLabels(out)
        self.assertEqual((labels.images, labels.views, labels.size, len(labels)), (4, 2, 16, 8))
        self.assertEqual((labels.classes, list(labels.labels)), (["blue", "red"], [0, 0, 1, 1]))
        with dc3.Classifier(teacher, threads=1) as net:
            for v in range(2):
                for i in range(4):
                    view, stored = labels.view(v, i)
                    _, logits = net.run(numpy.rint(view * 255).astype(numpy.uint8))
                    self.assertTrue(numpy.allclose(logits, stored, atol=0.05), (v, i, logits, stored))
                    partner, share = labels.mix(v, i)
                    self.assertTrue(0 <= partner < 4 and 0 <= share <= 1)
        self.assertFalse((labels.view(0, 0)[0] == labels.view(1, 0)[0]).all())

    def test_memory_and_refusals(self):
        out, _ = labelled_run(self.folder)
        labels = dc3.SoftLabels(out)
        place = numpy.empty((16, 16, 3), numpy.float32)
        view, logits = labels.view(1, 2, out=place)
        self.assertIs(view, place)
        self.assertTrue((labels.logits(1, 2) == logits).all())
        with self.assertRaisesRegex(IndexError, "view: expected 0 to 1, found 2"):
            labels.view(2, 0)
        with self.assertRaisesRegex(IndexError, f"image: expected 0 to {labels.images - 1}, found {labels.images}"):
            labels.logits(0, labels.images)
        copy = pickle.loads(pickle.dumps(labels))
        self.assertTrue((copy.view(1, 2)[0] == view).all())
        with self.assertRaisesRegex(dc3.FormatError, "expected labels of 8 images in 2 classes, found 4 in 2"):
            dc3.SoftLabels(self.folder / "data", out / "soft_labels.safetensors")

    def test_taken_along(self):
        """Views of a part of a run are those of the run, also where they follow from the images' numbers."""
        out, _ = labelled_run(self.folder, cutmix=0, rand_ops=2, factor=2)
        report = dc3.take(out, self.folder / "some", 1)
        self.assertEqual((report["images"], report["label_views"]), (2, 2))
        dc3.take(self.folder / "some", self.folder / "same", 1)
        all_of_them = dc3.SoftLabels(out)
        for some in (dc3.SoftLabels(self.folder / "some"), dc3.SoftLabels(self.folder / "same")):
            self.assertEqual((some.images, some.views, list(some.labels)), (2, 2, [0, 1]))
            for v in range(2):
                for i, key in enumerate(some.keys):
                    k = all_of_them.keys.index(key)
                    view, logits = some.view(v, i)
                    self.assertTrue((view == all_of_them.view(v, k)[0]).all(), (v, i))
                    self.assertTrue((logits == all_of_them.logits(v, k)).all(), (v, i))

    def test_batches(self):
        """Each epoch has its view of every image once; orders follow from the seed."""
        out, _ = labelled_run(self.folder)
        labels = dc3.SoftLabels(out)
        labels.batch = 2
        batches = labels.batches(5, seed=1)
        found = list(batches)
        self.assertEqual(([len(batch) for batch in found], len(batches)), ([2, 2] * 5, 10))
        epochs = [found[2 * e] + found[2 * e + 1] for e in range(5)]
        for e, epoch in enumerate(epochs):
            self.assertEqual(sorted(epoch), [e % 2 * 4 + i for i in range(4)])
        self.assertGreater(len({tuple(item % 4 for item in epoch) for epoch in epochs}), 1)
        self.assertEqual(found, list(batches))
        self.assertNotEqual(found, list(labels.batches(5, seed=2)))
        self.assertEqual(len(labels.batches()), 4)
        with self.assertRaisesRegex(ValueError, "epochs: expected 1 or more, found 0"):
            labels.batches(0)
        labels.batch = 3  # what is left is one image, of which dc3 evaluate makes no batch
        self.assertEqual([len(batch) for batch in labels.batches(5)], [3] * 5)
        labels.images = 1
        self.assertEqual(list(labels.batches(2)), [[0], [1]])

    def test_in_a_forked_child(self):
        out, _ = labelled_run(self.folder)
        labels = dc3.SoftLabels(out)
        expected = labels.view(0, 1)[0].sum()
        self.assertEqual(in_child(lambda: labels.view(0, 1)[0].sum() == expected and dc3.SoftLabels(out).views == 2),
                         7)


@unittest.skipUnless(SOURCE, "needs dc3's sources in DC3_SOURCE")
class Example(FolderTest):
    """python/examples/train_on_stored_labels.py."""

    PROGRAM = pathlib.Path(SOURCE, "python", "examples", "train_on_stored_labels.py")

    def test_readme_has_it_in_25_lines(self):
        text = self.PROGRAM.read_text()
        self.assertLessEqual(len(text.splitlines()), 25)
        self.assertIn(f"```python\n{text}```\n", pathlib.Path(SOURCE, "python", "README.md").read_text())

    @unittest.skipUnless(torch, "PyTorch is not there")
    def test_runs(self):
        out, _ = labelled_run(self.folder)
        val = write_dataset(self.folder / "val", seed=1)
        said = subprocess.run([sys.executable, self.PROGRAM, out, val, "4"], check=True, capture_output=True,
                              text=True).stdout
        self.assertLessEqual(float(re.fullmatch(r"top-1 ([0-9.]+) %\n", said)[1]), 100)


@unittest.skipUnless(torch, "PyTorch is not there")
class Torch(FolderTest):
    """SoftLabels.torch_dataset."""

    def test_loader_with_workers(self):
        out, _ = labelled_run(self.folder)
        labels = dc3.SoftLabels(out)
        views = labels.torch_dataset()
        loader = torch.utils.data.DataLoader(views, batch_size=4, num_workers=2)
        images, logits, classes = (torch.cat(parts) for parts in zip(*loader))
        self.assertEqual((tuple(images.shape), tuple(logits.shape)), ((8, 3, 16, 16), (8, 2)))
        self.assertEqual(classes.tolist(), [0, 0, 1, 1] * 2)
        view, stored = labels.view(1, 2)
        mean, deviation = (torch.tensor(x).view(3, 1, 1) for x in ((.485, .456, .406), (.229, .224, .225)))
        back = images[6] * deviation + mean
        self.assertTrue(torch.allclose(back, torch.from_numpy(view).permute(2, 0, 1), atol=1e-5))
        self.assertTrue((logits[6].numpy() == stored).all())
