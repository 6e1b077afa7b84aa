"""The commands in this process: reports, interruption, and what they leave."""
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading

import numpy

import dc3

from .support import FolderTest, in_child, write_dataset

SMALL = {"teacher": "none", "compensation": "none", "no_report": True, "threads": 1}


def contents(folder):
    """{name: digest} of the images and what is said of them."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted((folder / "train").rglob("*")) if path.is_file()}


class Condense(FolderTest):
    """dc3.condense."""

    def setUp(self):
        super().setUp()
        self.data, self.out = write_dataset(self.folder / "data"), self.folder / "out"

    def test_report_and_folder(self):
        told, said = [], []
        report = dc3.condense(self.data, self.out, 2, **SMALL, progress=lambda *t: told.append(t), message=said.append)
        self.assertEqual((report["images"], report["classes"], report["stored"]), (8, 2, 4))
        self.assertEqual([name for name in report["stage"] if name][0], "features")
        self.assertIn(("storing", 4, 4), told)
        self.assertTrue(any("8 images in 2 classes" in text for text in said), said)
        self.assertEqual(dc3.info(self.out)["kind"], "run")

    def unfinished(self, **settings):
        """Ends of calls that were stopped before their end: this thread may hear of the work when it is done."""
        for attempt in range(20):
            self.out = self.folder / f"out{attempt}"
            try:
                dc3.condense(self.data, self.out, 4, **dict(SMALL, compensation="random"), **settings)
            except (KeyboardInterrupt, dc3.Cancelled) as error:
                document = self.out / "dc3.json"
                if not document.exists() or not json.loads(document.read_text()).get("complete", False):
                    return type(error)
        return self.fail("20 calls were done before they could be stopped")

    def test_interrupted_and_continued(self):
        self.assertIs(self.unfinished(progress=lambda *_: os.kill(os.getpid(), signal.SIGINT)), KeyboardInterrupt)
        settings = dict(SMALL, compensation="random")
        self.assertEqual(dc3.condense(self.data, self.out, 4, **settings)["stored"], 8)
        dc3.condense(self.data, self.folder / "whole", 4, **settings)
        self.assertEqual(contents(self.out), contents(self.folder / "whole"))

    def test_cancelled_by_a_thread(self):
        """The library works without the GIL: else this thread heard of it only after its end."""
        main, threads = threading.get_ident(), []

        def progress(*_):
            threads.append(threading.get_ident() == main)
            other = threading.Thread(target=stop.set)
            other.start()
            other.join()

        stop = dc3.Cancel()
        self.assertIs(self.unfinished(progress=progress, cancel=stop), dc3.Cancelled)
        self.assertTrue(all(threads) and threads)

    def test_search_comes_first(self):
        with self.assertRaisesRegex(dc3.ArgumentError, "a budget that holds nearly all of the dataset needs no search"):
            dc3.condense(self.data, self.out, budget=4000, size=8, search=True, **SMALL)

    def test_smaller_one(self):
        dc3.condense(self.data, self.out, 2, **SMALL)
        self.assertEqual(dc3.take(self.out, self.folder / "one", 1)["images"], 2)

    def test_names_of_the_hub(self):
        with self.assertRaisesRegex(dc3.Error, "hf:nobody/nothing"):
            dc3.condense(self.data, self.out, 1, editor="hf:nobody/nothing")

    def test_refusals(self):
        with self.assertRaisesRegex(dc3.FileError, "nothing: expected a dataset"):
            dc3.condense(self.folder / "nothing", self.out)
        with self.assertRaisesRegex(ValueError, "ipc and budget: expected one of them"):
            dc3.condense(self.data, self.out, 1, budget=1000)
        with self.assertRaisesRegex(dc3.OptionError, "budget: expected bytes, such as 500kB or 5MB, found '3 kilo'"):
            dc3.condense(self.data, self.out, budget="3 kilo")
        with self.assertRaisesRegex(ValueError, "classes: 'a,b' has a comma"):
            dc3.condense(self.data, self.out, 1, classes=["a,b"])
        dc3.condense(self.data, self.out, 1, **SMALL)
        with self.assertRaisesRegex(dc3.ArgumentError, "ipc was 1 and is 2.*use fresh"):
            dc3.condense(self.data, self.out, 2, **SMALL)
        with self.assertRaisesRegex(dc3.OptionError, "quality"):
            dc3.condense(self.data, self.folder / "other", format="webp:101")
        with self.assertRaisesRegex(TypeError, "no setting 'ipcs'"):
            dc3.condense(self.data, self.out, ipcs=1)

    def test_forked_child_is_told(self):
        dc3.condense(self.data, self.out, 1, **SMALL)

        def told():
            with self.assertRaisesRegex(RuntimeError, "forked"):
                dc3.info(self.out)
            return True

        self.assertEqual(in_child(told), 7)

    def test_no_editor_is_the_default(self):
        for editor in ({}, {"editor": None}):
            dc3.condense(self.data, self.out, 1, **dict(SMALL, compensation="random"), fresh=True, **editor)
            self.assertEqual(json.loads((self.out / "dc3.json").read_text())["complete"], True)


class Others(FolderTest):
    """train, label, evaluate, measure; the program."""

    def test_from_a_teacher_to_scores(self):
        data, val = write_dataset(self.folder / "data"), write_dataset(self.folder / "val", seed=1)
        out, teacher = self.folder / "out", self.folder / "teacher.safetensors"
        dc3.condense(data, out, 2, **SMALL)
        report = dc3.train(data, teacher, val=val, arch="convnet3", size=16, epochs=2, batch=4, threads=1)
        self.assertEqual((report["arch"], report["epochs"]), ("convnet3", 2))
        self.assertTrue(0 <= report["top1"] <= 1)
        labels = dc3.label(out, teacher, views=2, any_teacher=True, threads=1)
        self.assertEqual((labels["images"], labels["views"], labels["size"]), (4, 2, 16))
        rows = dc3.evaluate(out, val, arch=["convnet3"], labels="stored", epochs=2, seeds=2, threads=1)
        self.assertEqual((rows[0]["seeds"], rows[0]["labels"], len(rows[0]["top1_each"])), (2, "stored", 2))
        self.assertEqual(len(json.loads((out / "scores.json").read_text())), 1)
        estimate = dc3.evaluate(out, val, arch="convnet3", labels="stored", epochs=2, seeds=2, threads=1, dry_run=True)
        self.assertEqual((estimate["arch"], estimate["seeds"], estimate["epochs"]), ("convnet3", 2, 2))
        self.assertGreater(estimate["estimate_seconds"], 0)
        dry = {"labels": "hard", "epochs": 1, "threads": 1, "dry_run": True}
        estimates = dc3.evaluate(out, val, arch=["convnet3", "convnet4"], **dry)
        self.assertEqual([row["arch"] for row in estimates], ["convnet3", "convnet4"])
        self.assertEqual(len(json.loads((out / "scores.json").read_text())), 1)
        with self.assertRaisesRegex(dc3.OptionError, "arch"):
            dc3.evaluate(out, val, arch="nonet", labels="stored")

    def test_measure(self):
        data, val = write_dataset(self.folder / "data"), write_dataset(self.folder / "val", seed=1)
        found = dc3.measure(data, val, threads=1)
        self.assertEqual(len(found["datasets"]), 2)
        self.assertIn("Colour", found.table)
        rows = self.folder / "rows.npy"
        numpy.save(rows, numpy.eye(8, 3, dtype=numpy.float32))
        for features in (rows, str(rows), os.fsencode(rows), [rows]):
            found = dc3.measure(data, features=features, threads=1)
            self.assertEqual(found["datasets"][0]["given_features"]["dimensions"], 3)
        self.assertIsNone(dc3.measure(data, features=None, threads=1)["datasets"][0]["given_features"])

    def test_program(self):
        run = subprocess.run([sys.executable, "-m", "dc3", "--version"], capture_output=True, text=True, check=True)
        self.assertEqual(run.stdout, f"dc3 {dc3.__version__}\n")
        run = subprocess.run([sys.executable, "-m", "dc3", "edit"], capture_output=True, text=True, check=False)
        self.assertEqual((run.returncode, "which image" in run.stderr), (2, True))
