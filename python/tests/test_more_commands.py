"""Lists, generators, comparisons and pages: the commands that condense nothing themselves."""
import json
import os
import shutil
import signal
import subprocess
import unittest

import dc3
from dc3._program import MINI, PROGRAM

from .support import FolderTest, write_dataset

SOURCE = os.environ.get("DC3_SOURCE", "")
SMALL = {"teacher": "none", "compensation": "none", "no_report": True, "threads": 1}


def lines(file):
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in file.read_text().splitlines()]


class Lists(FolderTest):
    """bins, select_images, compensate, duplicates."""

    def setUp(self):
        super().setUp()
        self.data = write_dataset(self.folder / "data")

    def test_bins_as_the_program_makes_them(self):
        out = self.folder / "bins.jsonl"
        report = dc3.bins(self.data, out, 2, threads=1)
        self.assertEqual((report["images"], report["classes"]), (8, 2))
        subprocess.run([PROGRAM, "bins", self.data, "--bins", "2", "--threads", "1", "-o", "other.jsonl"], check=True,
                       cwd=self.folder, capture_output=True)
        self.assertEqual(out.read_bytes(), (self.folder / "other.jsonl").read_bytes())
        self.assertEqual({line["bin"] for line in lines(out)}, {0, 1})

    def test_chosen_and_compensated(self):
        out = self.folder / "chosen.jsonl"
        self.assertEqual(dc3.select_images(self.data, out, 2, threads=1)["stored"], 4)
        self.assertEqual([line["class"] for line in lines(out)], ["blue"] * 2 + ["red"] * 2)
        self.assertEqual(dc3.select_images(self.data, self.folder / "three.jsonl", total=3, threads=1)["stored"], 3)
        report = dc3.compensate(self.data, self.folder / "run", list=out, threads=1)
        self.assertEqual((report["stored"], len(dc3.load(self.folder / "run"))), (4, 4))
        with self.assertRaisesRegex(TypeError, "no setting 'objectives'; did you mean 'objective'"):
            dc3.select_images(self.data, out, objectives="naive")

    def test_duplicates(self):
        shutil.copy(self.data / "blue" / "0.ppm", self.data / "blue" / "again.ppm")
        shutil.copy(self.data / "blue" / "1.ppm", self.data / "red" / "wrong.ppm")
        found = dc3.duplicates(self.data, self.folder / "alike", threads=1, exact=True)
        self.assertEqual((found["copies"], found["conflicts"], len(found["groups"])), (1, 1, 2))
        self.assertTrue(found["groups"][0]["conflict"])
        self.assertTrue((self.folder / "alike" / "report.html").is_file())
        with self.assertRaisesRegex(dc3.OptionError, "near_duplicates"):
            dc3.duplicates(self.data, near_duplicates=0.1)


class Scores(FolderTest):
    """compare, report."""

    def test_comparison(self):
        data, val = write_dataset(self.folder / "data"), write_dataset(self.folder / "val", seed=1)
        settings = {"methods": ["random", "dc3-select"], "labels": "hard", "seeds": 2, "teacher": "none", "epochs": 1,
                    "batch": 2, "threads": 1, "size": 16}
        rows = dc3.compare(data, val, self.folder / "table", ipc=[1, 2], dry_run=True, **settings)
        self.assertGreater(rows[0]["estimate_seconds"], 0)
        said = []
        rows = dc3.compare(data, val, self.folder / "table", ipc=range(1, 3), **settings, message=said.append)
        found = sorted((row["method"], row["ipc"], row["labels"], row["seeds"]) for row in rows)
        self.assertEqual(found, [(method, ipc, "hard", 2) for method in ("dc3-select", "random") for ipc in (1, 2)])
        self.assertEqual(len(json.loads((self.folder / "table" / "table.json").read_text())), 4)
        again = dc3.compare(data, val, self.folder / "table", ipc=[1, 2], **settings)
        self.assertEqual(again, rows)
        settings["methods"] = "random,dc3-select"
        typed = dc3.compare(data, val, self.folder / "table", ipc=[1, 2], **settings)
        self.assertEqual(typed, rows)  # as the command line has them
        page = dc3.report(os.fsencode(self.folder / "table"), threads=1)
        self.assertEqual(page["out"], str(self.folder / "table" / "report.html"))
        self.assertGreater(page["bytes"], 1000)

    def test_refusals_of_a_comparison(self):
        data, out = write_dataset(self.folder / "data"), self.folder / "table"
        with self.assertRaisesRegex(ValueError, "ipc and budgets: expected one of them"):
            dc3.compare(data, data, out, ipc=1, budgets="3kB")
        for amounts in ({"ipc": [1, 0, 10]}, {"ipc": -1}, {"budgets": ["3kB", 0]}):
            with self.assertRaisesRegex(dc3.OptionError, "expected 1 or more, found"):
                dc3.compare(data, data, out, teacher="none", labels="hard", **amounts)
        for methods in ("nomethod", "random,nomethod"):
            with self.assertRaisesRegex(dc3.OptionError, "'nomethod'"):
                dc3.compare(data, data, out, methods=methods, teacher="none", labels="hard")
        for name in ("lr", "crop", "smoothing", "guidance", "teacher_top1"):
            with self.assertRaisesRegex(dc3.OptionError, f"{name}: expected a number, found nan"):
                dc3.compare(data, data, out, teacher="none", labels="hard", **{name: float("nan")})
        with self.assertRaisesRegex(dc3.OptionError, "labels"):
            dc3.compare(data, data, out, labels="loud")
        with self.assertRaisesRegex(TypeError, "compare.. has no setting 'store'"):
            dc3.compare(data, data, out, store="tar")
        with self.assertRaisesRegex(dc3.Error, "hf:nobody/nothing"):
            dc3.compare(data, data, out, editor="hf:nobody/nothing")

    def test_page_of_a_run(self):
        data, out, other = write_dataset(self.folder / "data"), self.folder / "out", self.folder / "other"
        for run, seed in ((out, 0), (other, 1)):
            dc3.condense(data, run, 2, **SMALL, seed=seed)
        page = dc3.report(out, out=self.folder / "page.html", against=[other], threads=1)
        self.assertEqual((page["images"], page["shown"], page["out"]), (4, 4, str(self.folder / "page.html")))
        self.assertIn("other", (self.folder / "page.html").read_text())
        with self.assertRaisesRegex(dc3.Error, "nothing"):
            dc3.report(self.folder / "nothing")


class Generators(FolderTest):
    """finetune, generate: a tiny transformer of classes in the latents of dc3-mini's VAE."""

    def train(self, out, steps=2, **settings):
        config = self.folder / "dit.json"
        config.write_text(json.dumps({
            "_class_name": "DiTTransformer2DModel", "num_attention_heads": 2, "attention_head_dim": 12,
            "in_channels": 4, "out_channels": 8, "num_layers": 2, "sample_size": 2, "patch_size": 2,
            "num_embeds_ada_norm": 2}))
        return dc3.finetune(self.folder / "data", MINI, self.folder / out, config=config, steps=steps, batch=2,
                            sample_every=-1, threads=1, dtype="f32", **settings)

    def test_from_training_to_images(self):
        write_dataset(self.folder / "data")
        report = self.train("dit")
        self.assertEqual((report["images"], report["classes"], report["steps"]), (8, 2, 2))
        model, out = self.folder / "dit", self.folder / "images"
        settings = {"steps": 2, "threads": 1, "dtype": "f32"}
        report = dc3.generate(model, out, classes=["red"], images=2, **settings)
        self.assertEqual((report["images"], report["made"], report["dtype"]), (2, 2, "f32"))
        images = dc3.load(out / "train")
        self.assertEqual((images.classes, len(images), images[0][0].shape), (["red"], 2, (8, 8, 3)))
        self.assertEqual(dc3.generate(model, out, classes="red", images=2, **settings)["made"], 0)
        report = dc3.generate(model, classes=[0, "red"], images=1, dry_run=True, **settings)
        self.assertEqual(report["images"], 2)
        report = dc3.generate(model, classes="all", images=5, dry_run=True, **settings)
        self.assertEqual((report["images"], report["made"]), (10, 0))
        page = dc3.report(self.folder / "dit", threads=1)
        self.assertGreater(page["bytes"], 1000)

    def test_interrupted_and_continued(self):
        write_dataset(self.folder / "data")
        whole = self.train("whole", 60)
        for attempt in range(20):
            out = f"cut{attempt}"
            stages = []

            def progress(stage, done, _, stages=stages):
                stages.append(stage)
                if stage not in ("listing", "encoding") and done > 3:
                    os.kill(os.getpid(), signal.SIGINT)
            try:
                self.train(out, 60, progress=progress)
            except KeyboardInterrupt:
                break
        else:
            self.fail(f"20 trainings were done before they could be stopped; stages: {set(stages)}")
        again = self.train(out, 60)
        self.assertEqual((again["steps"], again["loss"]), (whole["steps"], whole["loss"]))
        file = "transformer/diffusion_pytorch_model.safetensors"
        self.assertEqual((self.folder / out / file).read_bytes(), (self.folder / "whole" / file).read_bytes())

    def test_refusals(self):
        with self.assertRaisesRegex(TypeError, "expects one of prompt, prompts and classes"):
            dc3.generate(MINI, self.folder / "out")
        with self.assertRaisesRegex(dc3.Error, "hf:nobody/nothing"):
            dc3.generate("hf:nobody/nothing", self.folder / "out", prompt="a fish")
        with self.assertRaisesRegex(dc3.Error, "hf:nobody/nothing"):
            dc3.finetune(self.folder, "hf:nobody/nothing", self.folder / "out")
        with self.assertRaisesRegex(dc3.Error, "nothing"):
            dc3.generate(self.folder / "nothing", self.folder / "out", prompt="a fish")

    @unittest.skipUnless(SOURCE, "needs dc3's sources in DC3_SOURCE")
    def test_images_of_a_text(self):
        model, out = os.path.join(SOURCE, "tests", "golden", "generate", "text"), self.folder / "out"
        dc3.generate(model, out, prompt="a red fish", images=1, steps=2, threads=1, format="webp:80")
        self.assertEqual(dc3.load(out / "train").keys, ["a red fish/00000.webp"])
