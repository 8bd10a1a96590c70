"""The checker of links in Markdown files: run by `make lint`."""
import importlib.util
import pathlib
import tempfile
import unittest
from importlib.machinery import SourceFileLoader

SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "scripts/check-links"
loader = SourceFileLoader("check_links", str(SCRIPT))
check_links = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(check_links)


class CheckLinks(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()
        self.page = self.root / "a.md"
        self.page.write_text(
            "# One `two`\n## Same\n## Same\n[x](b.md) `[code](none.md)`\n```\n[fence](none.md)\n```\n"
            "[y](#one-two) ![z](pictures/p.png)\n[r]: c.md\n")
        (self.root / "b.md").write_text("# B\n")

    def test_links_in_code_are_left_alone(self):
        links = list(check_links.links(self.page))
        self.assertEqual(links, [(4, "b.md"), (8, "#one-two"), (8, "pictures/p.png"), (9, "c.md")])

    def test_a_repeated_heading_has_a_numbered_anchor(self):
        self.assertEqual(check_links.anchors(self.page), {"one-two", "same", "same-1"})

    def test_a_symbol_that_the_module_lacks_is_found(self):
        page = self.root / "Module/Module.docc/Module.md"
        page.parent.mkdir(parents=True)
        page.write_text("# ``Module``\n- ``Here/value``\n- ``Gone``\n")
        (self.root / "Module/Here.swift").write_text("public struct Here {}\nstruct Gone {}\n")
        self.assertEqual(list(check_links.symbols(page)), [(3, "Gone")])

    def test_what_is_wrong_is_said(self):
        def fault(link):
            return check_links.fault(self.page, link, self.root)
        self.assertIsNone(fault("b.md#b"))
        self.assertIsNone(fault("https://example.org/none"))
        self.assertEqual(fault("none.md"), "no such file")
        self.assertEqual(fault("b.md#c"), "no heading has this anchor")
        self.assertEqual(fault(".."), "leads out of the repository")


if __name__ == "__main__":
    unittest.main()
