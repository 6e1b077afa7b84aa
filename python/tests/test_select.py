"""dc3.select on arrays."""
import unittest

import numpy

import dc3


def three_groups():
    """Embeddings [9, 2] of one class in three directions, and labels [9]."""
    rows = [(1, 0), (1, .1), (1, .05), (0, 1), (.1, 1), (.05, 1), (-1, 0), (-1, .1), (-1, .05)]
    return numpy.array(rows, numpy.float32), numpy.full(9, 7)


class Select(unittest.TestCase):
    """What is chosen, what is refused, and what is copied."""

    def test_one_of_each_group(self):
        embeddings, labels = three_groups()
        found = dc3.select(embeddings, labels, ipc=3, objective="facility-location", threads=1)
        self.assertEqual(sorted(row // 3 for row in found.rows), [0, 1, 2])
        self.assertEqual(found.rows.dtype, numpy.int64)
        self.assertEqual((found.gains.shape, found.repeated), ((3,), 0))

    def test_bins_decide(self):
        embeddings, labels = three_groups()
        bins = [0] * 8 + [1]
        self.assertIn(8, dc3.select(embeddings, labels, 2, bins=bins, threads=1).rows)

    def test_nested(self):
        embeddings = numpy.random.default_rng(1).normal(size=(60, 8))
        labels = numpy.arange(60) % 2
        larger, one = (dc3.select(embeddings, labels, ipc, nested=True, bins_per_class=4, threads=1).rows
                       for ipc in (6, 1))
        self.assertEqual(list(larger[::6]), list(one))

    def test_logits_count(self):
        random = numpy.random.default_rng(0)
        embeddings, logits = random.normal(size=(40, 8)), 4 * random.normal(size=(40, 3))
        labels = numpy.arange(40) % 2
        plain, by_logits = (dc3.select(embeddings, labels, 4, logits=z, bins=labels * 0, threads=1).rows
                            for z in (None, logits))
        self.assertEqual(len(by_logits), 8)
        self.assertNotEqual(list(plain), list(by_logits))

    def test_repeated_rows(self):
        embeddings, labels = three_groups()
        found = dc3.select(embeddings, labels, 12, threads=1)
        self.assertEqual((len(found.rows), found.repeated), (12, 3))
        with self.assertRaisesRegex(dc3.Error, "12"):
            dc3.select(embeddings, labels, 12, strict=True, threads=1)

    def test_refusals_name_the_setting(self):
        embeddings, labels = three_groups()
        with self.assertRaisesRegex(dc3.OptionError, "ipc: expected 1 or more, found 0") as caught:
            dc3.select(embeddings, labels, 0)
        self.assertEqual(caught.exception.setting, "ipc")
        with self.assertRaisesRegex(dc3.OptionError, "graph-cut, .*found 'cut'"):
            dc3.select(embeddings, labels, objective="cut")
        with self.assertRaisesRegex(TypeError, "no setting 'objectiv'; did you mean 'objective'"):
            dc3.select(embeddings, labels, objectiv="graph-cut")
        with self.assertRaisesRegex(TypeError, "ipc: expected a whole number, found 'ten'"):
            dc3.select(embeddings, labels, "ten")
        with self.assertRaisesRegex(dc3.OptionError, "ipc: .*found 4294967297"):
            dc3.select(embeddings, labels, 2 ** 32 + 1)

    def test_refusals_of_arrays(self):
        embeddings, labels = three_groups()
        with self.assertRaisesRegex(TypeError, "labels: expected int64, found float64"):
            dc3.select(embeddings, labels * 1.0)
        with self.assertRaisesRegex(ValueError, "labels: expected 9 rows as embeddings have, found 8"):
            dc3.select(embeddings, labels[:8])
        with self.assertRaisesRegex(ValueError, r"embeddings: expected 2 dimensions, found \[9\]"):
            dc3.select(embeddings[:, 0], labels)
        embeddings[4, 1] = numpy.nan
        with self.assertRaises(dc3.FormatError):
            dc3.select(embeddings, labels, 1, threads=1)

    def test_nothing_is_copied_that_fits(self):
        from dc3 import _arrays
        fits = numpy.zeros((4, 3), numpy.float32)
        self.assertIs(_arrays.take("x", fits, numpy.float32, (2,)), fits)
        self.assertTrue(_arrays.take("x", fits.T, numpy.float32, (2,)).flags.c_contiguous)
        shifted = numpy.zeros(17, numpy.uint8)[1:].view(numpy.float32)
        self.assertTrue(_arrays.take("x", shifted, numpy.float32, (1,)).flags.aligned)
        with self.assertRaisesRegex(ValueError, "out: expected an aligned array"):
            _arrays.place("out", shifted, (4,), numpy.float32)

    def test_numbers_that_do_not_fit(self):
        embeddings, labels = three_groups()
        with self.assertRaisesRegex(ValueError, "labels: expected at most 9223372036854775807, found 92233720"):
            dc3.select(embeddings, labels.astype(numpy.uint64) + numpy.uint64(2 ** 63 - 7))
        found = dc3.select(embeddings, labels.astype(numpy.uint64), 2, threads=1)
        self.assertEqual(len(found.rows), 2)

    def test_cancelled_before(self):
        stop = dc3.Cancel()
        stop.set()
        with self.assertRaises(dc3.Cancelled):
            dc3.select(*three_groups(), ipc=2, threads=1, cancel=stop)
        stop.clear()
        self.assertEqual(len(dc3.select(*three_groups(), ipc=2, threads=1, cancel=stop).rows), 2)
