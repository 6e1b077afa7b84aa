"""dc3.Editor and dc3.Classifier on images in memory."""
import os
import signal
import unittest

import numpy

import dc3
from .support import FolderTest, write_dataset


class Edit(FolderTest):
    """The editor of the package."""

    @classmethod
    def setUpClass(cls):
        cls.editor = dc3.Editor(threads=1)
        cls.images = numpy.random.default_rng(0).integers(0, 256, (2, 18, 24, 3), numpy.uint8)

    @classmethod
    def tearDownClass(cls):
        cls.editor.close()

    def test_describes_itself(self):
        self.assertEqual((self.editor.info["name"], self.editor.info["detail"]), ("dc3-mini", "keep"))
        self.assertIn("golden hour", self.editor.concepts)

    def test_one_and_several(self):
        heard = []
        several = self.editor.edit(self.images, ["golden hour", "rainy"], seed=[3, 4],
                                   progress=lambda *told: heard.append(told))
        one = self.editor.edit(self.images[1], "rainy", seed=4)
        self.assertEqual(heard[-1], ("edits", 2, 2))
        self.assertEqual((several.shape, one.shape), (self.images.shape, self.images.shape[1:]))
        self.assertTrue((several[1] == one).all())
        self.assertTrue((several[0] != self.images[0]).any())

    def test_refusals(self):
        with self.assertRaisesRegex(TypeError, "images: expected uint8"):
            self.editor.edit(self.images / 255, "rainy")
        with self.assertRaisesRegex(ValueError, "prompt: expected one, or 2 as there are images, found 3"):
            self.editor.edit(self.images, ["a", "b", "c"])
        with self.assertRaisesRegex(dc3.OptionError, "steps"):
            self.editor.edit(self.images, "rainy", steps=-1)
        with self.assertRaisesRegex(ValueError, r"out: expected an array of uint8 \[2, 18, 24, 3\], found uint8 \[2\]"):
            self.editor.edit(self.images, "rainy", out=numpy.zeros(2, numpy.uint8))
        with self.assertRaisesRegex(dc3.Error, "nowhere"):
            dc3.Editor("nowhere")
        closed = dc3.Editor(threads=1)
        closed.close()
        with self.assertRaisesRegex(ValueError, "this Editor is closed"):
            closed.edit(self.images, "rainy")

    def test_into_memory_of_the_caller(self):
        place = numpy.empty_like(self.images)
        self.assertIs(self.editor.edit(self.images, "rainy", out=place), place)
        self.assertTrue((place == self.editor.edit(self.images, "rainy")).all())

    def test_stops_and_goes_on(self):
        def interrupt(*_):
            os.kill(os.getpid(), signal.SIGINT)

        with self.assertRaises(KeyboardInterrupt):
            self.editor.edit(self.images, "rainy", progress=interrupt)
        with self.assertRaises(ZeroDivisionError):
            self.editor.edit(self.images, "rainy", progress=lambda *_: 1 / 0)
        self.assertEqual(self.editor.edit(self.images[0], "rainy").shape, (18, 24, 3))


class Classify(FolderTest):
    """A classifier that was just trained."""

    def test_rows_of_images(self):
        data = write_dataset(self.folder / "data")
        dc3.train(data, self.folder / "net.safetensors", arch="convnet3", size=16, epochs=1, batch=4, threads=1)
        images = numpy.random.default_rng(0).integers(0, 256, (3, 20, 16, 3), numpy.uint8)
        with dc3.Classifier(self.folder / "net.safetensors", threads=1) as net:
            self.assertEqual((net.info["arch"], net.info["classes"], net.info["size"]), ("convnet3", 2, 16))
            embeddings, logits = net.run(images)
            self.assertEqual((embeddings.shape, logits.shape), ((3, net.info["embedding"]), (3, 2)))
            _, one = net.run(images[2])
            self.assertTrue((logits[2] == one).all())
