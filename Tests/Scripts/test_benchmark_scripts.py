"""The scripts that keep the benchmark history: run by `make lint`."""
import importlib.util
import pathlib
import unittest
from importlib.machinery import SourceFileLoader

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def script(name, folder="scripts"):
    loader = SourceFileLoader(name.replace("-", "_").removesuffix(".py"), str(ROOT / folder / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


class BenchmarkScripts(unittest.TestCase):
    def test_tables_and_text_of_an_output_are_told_apart(self):
        lines = ["## Site", "| n | s |", "|---|---:|", "| 1 | 2.5 |", "", "peak 3 MB", "| a |", "|---|", "| b |"]
        tables, text = script("bench-history").collect(lines)
        self.assertEqual(tables, [[["n", "s"], ["1", "2.5"]], [["a"], ["b"]]])
        self.assertEqual(text, ["## Site", "peak 3 MB"])

    def test_a_marked_place_gets_the_newest_table(self):
        run = {"date": "2026-01-02", "commit": "abc", "machine": {"cpu": "X", "cores": 2}, "tables": [[["n", "s"], ["1", "2"]]]}
        text = script("benchmark-tables").filled("a\n<!-- table: site 1 -->\nold\n<!-- end -->\nb\n", {"site": run})
        self.assertIn("| 1 | 2 |", text)
        self.assertIn("Measured 2026-01-02 at abc: X, 2 cores.", text)
        self.assertNotIn("old", text)
        self.assertTrue(text.endswith("<!-- end -->\nb\n"))

    def test_a_part_that_was_never_measured_is_an_error(self):
        with self.assertRaises(SystemExit):
            script("benchmark-tables").filled("<!-- table: site 2 -->\n<!-- end -->", {})

    def test_an_engine_stands_beside_ours_in_its_precision_and_int8_beside_our_fastest(self):
        ours, theirs = {"memory": 200, "kernel": "Zen"}, {"memory": 900, "agreement": 0.97}
        best = {("ours", "float32"): {**ours, "speed": 3000}, ("ours", "bfloat16"): {**ours, "speed": 6000},
                ("openvino", "float32"): {**theirs, "speed": 2000}, ("openvino", "int8"): {**theirs, "speed": 5000}}
        rows = list(script("engines_bench.py", "Benchmarks/peers").table("minilm", 1, best))
        self.assertEqual(rows, [
            "| MiniLM, 1 thread: OpenVINO, float32 | 3,000 (float32) | 2,000 | 1.50 | 200 / 900 MB | 0.9700 |",
            "| MiniLM, 1 thread: OpenVINO, int8 | 6,000 (bfloat16) | 5,000 | 1.20 | 200 / 900 MB | 0.9700 |"])


if __name__ == "__main__":
    unittest.main()
