"""The commands in this process: reports, interruption, and what they leave."""
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading

import dc3

from .support import FolderTest, write_dataset

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

    def test_interrupted_and_continued(self):
        def interrupt(stage, done, _):
            if stage == "compensation" and done:
                os.kill(os.getpid(), signal.SIGINT)

        settings = dict(SMALL, compensation="random")
        with self.assertRaises(KeyboardInterrupt):
            dc3.condense(self.data, self.out, 4, **settings, progress=interrupt)
        self.assertFalse(json.loads((self.out / "dc3.json").read_text()).get("complete", False))
        self.assertEqual(dc3.condense(self.data, self.out, 4, **settings)["stored"], 8)
        dc3.condense(self.data, self.folder / "whole", 4, **settings)
        self.assertEqual(contents(self.out), contents(self.folder / "whole"))

    def test_cancelled_by_a_thread(self):
        """The library works without the GIL: else this thread heard of it only after its end."""
        stop, main, threads = dc3.Cancel(), threading.get_ident(), []

        def progress(*_):
            threads.append(threading.get_ident() == main)
            other = threading.Thread(target=stop.set)
            other.start()
            other.join()

        with self.assertRaises(dc3.Cancelled):
            dc3.condense(self.data, self.out, 4, **dict(SMALL, compensation="random"), progress=progress, cancel=stop)
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
        dc3.condense(self.data, self.out, 1, **SMALL)
        with self.assertRaisesRegex(dc3.ArgumentError, "ipc was 1 and is 2.*use fresh"):
            dc3.condense(self.data, self.out, 2, **SMALL)
        with self.assertRaisesRegex(dc3.OptionError, "quality"):
            dc3.condense(self.data, self.folder / "other", format="webp:101")
        with self.assertRaisesRegex(TypeError, "no setting 'ipcs'"):
            dc3.condense(self.data, self.out, ipcs=1)

    def test_forked_child_is_told(self):
        dc3.condense(self.data, self.out, 1, **SMALL)
        child = os.fork()
        if not child:
            try:
                dc3.info(self.out)
            except RuntimeError as error:
                os._exit(7 if "forked" in str(error) else 1)
            os._exit(2)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), 7)


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
        with self.assertRaisesRegex(dc3.OptionError, "arch"):
            dc3.evaluate(out, val, arch="nonet", labels="stored")

    def test_measure(self):
        data, val = write_dataset(self.folder / "data"), write_dataset(self.folder / "val", seed=1)
        found = dc3.measure(data, val, threads=1)
        self.assertEqual(len(found["datasets"]), 2)
        self.assertIn("Colour", found.table)

    def test_program(self):
        run = subprocess.run([sys.executable, "-m", "dc3", "--version"], capture_output=True, text=True, check=True)
        self.assertEqual(run.stdout, f"dc3 {dc3.__version__}\n")
        run = subprocess.run([sys.executable, "-m", "dc3", "edit"], capture_output=True, text=True, check=False)
        self.assertEqual((run.returncode, "which image" in run.stderr), (2, True))
