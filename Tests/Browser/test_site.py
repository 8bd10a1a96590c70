"""Looks at built fixture sites with Chromium. Run by scripts/test-browser.

INVITRO_FIXTURE_SITES names a folder with the sites `invitro` (12 systems), `hundred` and
`thousand`; they are served over loopback, each below its own path. INVITRO_PROGRAM is the program,
whose server has pages of its own.
"""

import functools
import gzip
import http.server
import json
import os
import pathlib
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import unittest

from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

SITES = pathlib.Path(os.environ["INVITRO_FIXTURE_SITES"])
BOARD = "fixture24/test/index.html"
PAGES = {
    "index": "index.html",
    "leaderboard": BOARD,
    "empty-leaderboard": "fixture24/dev/index.html",
    "submission": "fixture24/test/systems/system-00000.html",
    "submission-undefined": "fixture24/test/systems/system-00010.html",
    "submission-withdrawn": "fixture24/test/systems/system-00005.html",
    "published": "fixture24/test/systems/harbour-2024.html",
    "compare": "fixture24/test/compare.html",
    "benchmark": "fixture24/index.html",
    "method": "method.html",
    "replication": "replication.html",
    "ledger": "ledger.html",
    "about": "about.html",
    "missing": "404.html",
}
WIDTHS = [320, 375, 600, 768, 1024, 1280, 1920]
# Templates and assets other than those in the program, for the pages of its server.
SOURCE = ["--source", os.environ["INVITRO_SITE_SOURCE"]] if "INVITRO_SITE_SOURCE" in os.environ else []


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve(folder=SITES):
    handler = functools.partial(Quiet, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def start_browser(scripts=True):
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which(os.environ.get("CHROMIUM", "chromium"))
    for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
        options.add_argument(flag)
    options.add_argument("--window-size=1280,1000")
    # A page of another host than this machine, over plain HTTP, is no secure context.
    options.add_argument("--host-resolver-rules=MAP board.test 127.0.0.1")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not scripts:
        # 2 is "block".
        options.add_experimental_option(
            "prefs", {"profile.managed_default_content_settings.javascript": 2})
    service = webdriver.ChromeService(
        shutil.which(os.environ.get("CHROMEDRIVER", "chromedriver")))
    return webdriver.Chrome(options=options, service=service)


class SiteTest(unittest.TestCase):
    scripts = True

    @classmethod
    def setUpClass(cls):
        cls.server = serve()
        cls.origin = f"http://127.0.0.1:{cls.server.server_port}"
        cls.browser = start_browser(cls.scripts)

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.server.shutdown()

    def setUp(self):
        self.width(1280)
        self.theme("light")

    def open(self, path, site="invitro"):
        self.browser.get(f"{self.origin}/{site}/{path}")

    def theme(self, scheme, media=""):
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def width(self, pixels, height=1000):
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": pixels, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def script(self, text, *values):
        return self.browser.execute_script(text, *values)

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def order(self):
        return self.script(
            "return [...document.querySelectorAll('#board tbody[data-rows=scored] tr')]"
            ".filter(row => !row.hidden).map(row => row.id)")

    def header(self, key):
        return self.find(f"#board th[data-key='{key}']")

    def press_header(self, key):
        self.header(key).find_element(By.TAG_NAME, "button").click()

    def query(self):
        return self.script("return location.search")

    def wait(self, condition):
        WebDriverWait(self.browser, 5).until(lambda _: condition())


class Board(SiteTest):
    def test_starts_with_the_best_first_and_says_so(self):
        self.open(BOARD)
        self.assertEqual(self.header("empathy-pcc").get_attribute("aria-sort"), "descending")
        values = self.values("empathy-pcc")
        numbers = [v for v in values if v is not None]
        self.assertEqual(numbers, sorted(numbers, reverse=True))

    def values(self, key):
        return self.script(
            "const at = [...document.querySelectorAll('#board thead th')]"
            ".findIndex(th => th.dataset.key === arguments[0]);"
            "return [...document.querySelectorAll('#board tbody[data-rows=scored] tr')]"
            ".map(row => row.cells[at].dataset.v).map(v => v === '' ? null : Number(v))", key)

    def test_sorts_by_a_column_and_back_with_undefined_last(self):
        self.open(BOARD)
        for direction in ["descending", "ascending"]:
            self.press_header("distress-pcc")
            self.assertEqual(self.header("distress-pcc").get_attribute("aria-sort"), direction)
            values = self.values("distress-pcc")
            known = [v for v in values if v is not None]
            self.assertLess(len(known), len(values))
            self.assertEqual(values[: len(known)], known, "undefined figures stand last")
            self.assertEqual(known, sorted(known, reverse=direction == "descending"))

    def test_sorts_an_error_upwards_first(self):
        self.open(BOARD)
        self.press_header("empathy-rmse")
        self.assertEqual(self.header("empathy-rmse").get_attribute("aria-sort"), "ascending")

    def test_marks_one_column_only_as_sorted(self):
        self.open(BOARD)
        self.press_header("system")
        marked = [h for h in self.all("#board th[aria-sort]")
                  if h.get_attribute("aria-sort") != "none"]
        self.assertEqual(len(marked), 1)

    def test_filters_by_kind_labels_and_text(self):
        self.open(BOARD)
        everything = self.order()
        Select(self.find("select[name=kind]")).select_by_value("prompted")
        kinds = {self.find(f"#{slug}").get_attribute("data-kind") for slug in self.order()}
        self.assertEqual(kinds, {"prompted"})
        Select(self.find("select[name=kind]")).select_by_value("")
        Select(self.find("select[name=labels]")).select_by_value("llm")
        self.assertTrue(0 < len(self.order()) < len(everything))
        Select(self.find("select[name=labels]")).select_by_value("")
        self.find("input[name=q]").send_keys("measured zero")
        self.assertEqual(
            {self.find(f"#{slug} .team").text for slug in self.order()},
            {"Laboratory of Measured Feelings"})
        self.assertIn(" of ", self.find("[data-count]").text)

    def test_filters_by_base_model_year_and_claims(self):
        self.open(BOARD)
        claims = len(self.all(".claimed tr"))
        Select(self.find("select[name=base]")).select_by_value("encoder-base")
        self.assertEqual(len(self.order()), 11)
        self.assertFalse(any(row.is_displayed() for row in self.all(".claimed tr, .between tr")))
        Select(self.find("select[name=base]")).select_by_value("")
        Select(self.find("select[name=kind]")).select_by_value("published")
        self.assertEqual(self.order(), [])
        self.assertEqual(sum(row.is_displayed() for row in self.all(".claimed tr")), claims)
        self.assertFalse(self.find("[data-empty]").is_displayed())
        self.assertEqual(
            [o.get_attribute("value") for o in Select(self.find("select[name=year]")).options],
            ["", "2025"])

    def test_hides_and_shows_columns_and_remembers_them(self):
        self.open(BOARD)
        def shown():
            return [h.get_attribute("data-key") for h in self.all("#board th[data-column]")
                    if h.is_displayed()]
        self.assertEqual(shown(), ["empathy-ccc", "empathy-rmse", "distress-pcc"])
        self.find(".columns summary").click()
        boxes = self.all(".columns input:checked")
        self.assertEqual([b.get_attribute("value") for b in boxes], shown())
        for key in ["empathy-ccc", "empathy-spearman"]:
            self.find(f".columns input[value={key}]").click()
        wanted = ["empathy-rmse", "empathy-spearman", "distress-pcc"]
        self.assertEqual(shown(), wanted)
        cells = self.script(
            "return [...document.querySelector('#system-00000').cells]"
            ".filter(c => c.dataset.l && c.offsetWidth).map(c => c.dataset.l)")
        self.assertEqual(cells, ["RMSE", "Spearman", "PCC distress"])
        address = self.browser.current_url
        self.open("index.html")
        self.browser.get(address)
        self.assertEqual(shown(), wanted)
        self.width(375)
        self.assertIn("Spearman", self.script(
            "return getComputedStyle(document.querySelector('#system-00000 .c4'), '::before')"
            ".content + document.querySelector('#system-00000 .c4').dataset.l"))

    def test_keeps_the_header_and_the_system_in_sight(self):
        self.open(BOARD, site="hundred")
        self.script("window.scrollTo(0, 2000)")
        self.wait(lambda: self.script(
            "return document.querySelector('#board thead th.val').getBoundingClientRect().top") == 0)
        # With all columns in a narrow window the table scrolls in its frame.
        keys = ",".join(h.get_attribute("data-key") for h in self.all("#board th[data-column]"))
        self.width(820)
        self.open(BOARD + "?columns=" + keys, site="hundred")
        places = self.script(
            "const frame = document.querySelector('.scroll'); frame.scrollTo(400, 900);"
            "const at = e => e.getBoundingClientRect();"
            "return [at(document.querySelector('#board thead .sys')).left - at(frame).left,"
            " at(document.querySelector('#system-00040 .sys')).left - at(frame).left,"
            " at(document.querySelector('#board thead .sys')).top - at(frame).top, frame.scrollLeft]")
        self.assertLessEqual(max(places[:3]), 2, places)
        self.assertGreater(places[3], 100)

    def test_folds_its_filters_away_on_a_phone_unless_the_address_has_some(self):
        self.width(375)
        self.open(BOARD)
        kind = lambda: self.find("select[name=kind]")
        self.assertFalse(kind().is_displayed())
        self.find(".filters .more").click()
        self.assertEqual(self.find(".filters .more").get_attribute("aria-expanded"), "true")
        Select(kind()).select_by_value("prompted")
        self.browser.refresh()
        self.wait(lambda: kind().is_displayed())
        self.width(1280)
        self.open(BOARD)
        self.assertTrue(kind().is_displayed())
        self.assertFalse(self.find(".filters .more").is_displayed())

    def test_is_cards_on_a_phone_with_the_value_under_the_name(self):
        self.width(375)
        self.open(BOARD)
        box = self.script(
            "return ['.sys', '.val', '.drawn'].map(part => {"
            "const b = document.querySelector('#system-00000 ' + part).getBoundingClientRect();"
            "return [b.top, b.bottom, b.width]; })")
        name, value, drawn = box
        self.assertGreaterEqual(value[0], name[1] - 1)
        self.assertGreaterEqual(drawn[0], value[1] - 1)
        self.assertGreater(drawn[2], 300)

    def test_draws_on_one_axis_with_its_labels_where_they_belong(self):
        for pixels in [375, 820, 1280, 1920]:
            self.width(pixels)
            for path in ["index.html", BOARD]:
                self.open(path)
                off = self.script(
                    "const head = document.querySelector('th.drawn');"
                    "const lines = [...document.querySelector('th.drawn pattern').children]"
                    ".map(l => parseFloat(l.getAttribute('x1')));"
                    "const labels = [...head.querySelectorAll('text')];"
                    "const cell = document.querySelector('tbody td.drawn').getBoundingClientRect();"
                    "return Math.max(...labels.map((t, i) => { const b = t.getBoundingClientRect();"
                    "return Math.abs((b.left + b.right) / 2 - cell.left - cell.width * lines[i] / 100);"
                    "}))")
                self.assertLess(off, 2, f"{path} at {pixels}")
                # The rows are filled with a pattern of the head's width.
                head, row = self.script(
                    "return ['th.drawn svg', 'tbody td.drawn svg'].map(s =>"
                    " document.querySelector(s).getBoundingClientRect().width)")
                self.assertAlmostEqual(head, row, delta=1, msg=f"{path} at {pixels}")

    def test_joins_ties_by_rules_and_names_them_in_another_order(self):
        self.open(BOARD)
        self.assertTrue(self.find("#system-00000 .tl").is_displayed())
        letters = self.find("#system-00000 .letters")
        self.assertEqual(letters.value_of_css_property("opacity"), "0")
        self.press_header("system")
        self.assertFalse(self.find("#system-00000 .tl").is_displayed())
        self.assertEqual(letters.value_of_css_property("opacity"), "1")

    def test_pages_a_thousand_rows_and_keeps_the_page_in_the_address(self):
        self.open(BOARD, site="thousand")
        first = self.order()
        self.assertEqual(len(first), 50)
        self.find("[data-pager] button:last-child").click()
        second = self.order()
        self.assertEqual(len(second), 50)
        self.assertEqual(set(first) & set(second), set())
        self.assertIn("page=2", self.query())
        self.assertRegex(self.find("[data-pager]").text, r"51–100 of \d+")
        self.browser.refresh()
        self.assertEqual(self.order(), second)
        self.press_header("empathy-rmse")
        self.assertNotIn("page=", self.query())

    def test_says_when_nothing_matches_and_clears(self):
        self.open(BOARD)
        self.find("input[name=q]").send_keys("no such system")
        self.assertTrue(self.find("[data-empty]").is_displayed())
        self.find("button[type=reset]").click()
        self.wait(lambda: len(self.order()) == 11)
        self.assertFalse(self.find("[data-empty]").is_displayed())

    def test_keeps_sort_and_filters_in_the_address(self):
        self.open(BOARD)
        self.press_header("empathy-rmse")
        Select(self.find("select[name=kind]")).select_by_value("baseline")
        address, order = self.browser.current_url, self.order()
        self.assertIn("sort=empathy-rmse&dir=asc&kind=baseline", address)
        self.browser.get(address)
        self.assertEqual(self.order(), order)
        self.assertEqual(self.find("select[name=kind]").get_attribute("value"), "baseline")

    def test_goes_back_and_forward(self):
        self.open(BOARD)
        first = self.order()
        self.press_header("system")
        second = self.order()
        self.assertNotEqual(first, second)
        self.browser.back()
        self.wait(lambda: self.order() == first)
        self.assertEqual(self.query(), "")
        self.browser.forward()
        self.wait(lambda: self.order() == second)

    def test_survives_a_hostile_address(self):
        self.open(BOARD + "?sort=%22%3E&dir=x&kind=__proto__&labels=zz&compare=%3Cb%3E,,&q=%3Cb%3E")
        self.assertEqual(self.find("select[name=kind]").get_attribute("value"), "")
        self.assertEqual(self.all("main b b, [data-versus] b"), [])
        self.assertTrue(self.find("[data-empty]").is_displayed())

    def compare(self, *slugs):
        for slug in slugs:
            box = self.find(f"#{slug} input[name=compare]")
            self.script("arguments[0].scrollIntoView({block: 'center'})", box)
            box.click()

    def test_compares_two_rows(self):
        self.open(BOARD)
        self.compare("system-00000", "system-00009")
        self.wait(lambda: "minus" in self.find("[data-versus-body]").text)
        text = self.find("[data-versus-body]").text
        self.assertIn("Significant difference", text)
        self.assertIn("interval [", text)
        self.assertIn("adjusted", text)
        self.assertIn("compare=system-00000", self.query())
        self.assertEqual(
            len(self.all("[data-versus-body] thead th")), 3, "a column a system, beside the names")
        self.assertIn("Rank", text)

    def test_compares_five_rows_and_says_why_there_is_no_sixth(self):
        self.open(BOARD)
        self.compare(*(f"system-0000{place}" for place in [0, 1, 2, 3, 6]))
        self.wait(lambda: len(self.all(".verdicts li")) == 10)
        sixth = self.find("#system-00007 input[name=compare]")
        self.assertFalse(sixth.is_enabled())
        self.assertIn("Five systems at most", sixth.get_attribute("title"))
        self.assertIn("Five systems at most", self.find("[data-versus-body]").text)
        self.find("[data-versus-body] button").click()
        self.assertTrue(sixth.is_enabled())
        self.assertFalse(self.find("[data-versus]").is_displayed())

    def test_restores_a_comparison_from_the_address(self):
        self.open(BOARD + "?compare=system-00000,system-00001")
        self.wait(lambda: "minus" in self.find("[data-versus-body]").text)
        self.assertIn("No significant difference", self.find("[data-versus-body]").text)

    def test_compares_from_a_folder_without_a_server(self):
        self.browser.get((SITES / "invitro" / BOARD).as_uri())
        self.compare("system-00000", "system-00009")
        self.wait(lambda: "minus" in self.find("[data-versus-body]").text)

    def test_works_by_keyboard_alone(self):
        self.open(BOARD)
        self.find("body").send_keys(Keys.TAB)
        self.assertEqual(self.browser.switch_to.active_element.text, "Skip to the content")
        seen = set()
        for _ in range(60):
            self.browser.switch_to.active_element.send_keys(Keys.TAB)
            element = self.browser.switch_to.active_element
            seen.add(element.get_attribute("name") or element.tag_name)
            style = self.script(
                "return getComputedStyle(arguments[0]).outlineStyle", element)
            self.assertNotEqual(style, "none", "the focus is visible")
        self.assertTrue({"q", "kind", "labels", "compare", "button", "a"} <= seen, seen)
        button = self.header("system").find_element(By.TAG_NAME, "button")
        self.script("arguments[0].focus()", button)
        button.send_keys(Keys.ENTER)
        self.assertEqual(self.header("system").get_attribute("aria-sort"), "ascending")
        self.assertEqual(self.browser.switch_to.active_element, button, "the focus stays")
        box = self.find("#system-00001 input[name=compare]")
        self.script("arguments[0].focus()", box)
        box.send_keys(Keys.SPACE)
        self.assertTrue(self.find("[data-versus]").is_displayed())
        self.assertIn("compare=system-00001", self.query())

    def test_sorts_a_thousand_rows(self):
        self.open(BOARD, site="thousand")
        times = sorted(self.script(
            "const b = document.querySelector(\"#board th[data-key='empathy-rmse'] button\");"
            "const out = []; for (let i = 0; i < 9; i += 1) {"
            "const t = performance.now(); b.click(); out.push(performance.now() - t); } return out;"))
        layout = self.script(
            "const b = document.querySelector(\"#board th[data-key='empathy-rmse'] button\");"
            "const t = performance.now(); b.click();"
            "void document.body.offsetHeight; return performance.now() - t;")
        print(f"\nsort of {len(self.order())} rows: median {times[4]:.1f} ms, "
              f"with layout {layout:.1f} ms")
        self.assertIn(self.order_of_errors(), ("ascending", "descending"))

    def order_of_errors(self):
        known = [v for v in self.values("empathy-rmse") if v is not None]
        if known == sorted(known):
            return "ascending"
        return "descending" if known == sorted(known, reverse=True) else "none"

    def test_keeps_columns_in_line_and_finds_far_rows_in_a_board_of_a_thousand(self):
        self.open(BOARD, site="thousand")
        edges = self.script(
            "return [...document.querySelectorAll('#board tr')].slice(0, 12).map(row =>"
            " [...row.cells].filter(cell => cell.offsetWidth)"
            ".map(cell => Math.round(cell.getBoundingClientRect().left)))")
        self.assertEqual(edges, [edges[0]] * len(edges))
        frame = self.find(".scroll")
        self.assertGreaterEqual(
            self.find("#board").size["width"], self.script(
                "return Math.max(...[...arguments[0].querySelectorAll('thead th')]"
                ".map(th => th.getBoundingClientRect().right)"
                ") - arguments[0].getBoundingClientRect().left", frame) - 2)
        self.open(BOARD + "#system-00900", site="thousand")
        self.wait(lambda: self.script(
            "const box = document.getElementById('system-00900').getBoundingClientRect();"
            "return box.top < innerHeight && box.bottom > 0"))
        self.open(BOARD, site="thousand")
        find = self.find("input[name=q]")
        find.send_keys("nothing of the kind")
        self.assertEqual(self.order(), [])
        find.clear()
        find.send_keys("9")
        shown = self.order()
        self.assertTrue(all("9" in self.script(
            "return document.getElementById(arguments[0]).dataset.search", slug)
            for slug in shown[:20]))
        self.assertEqual(len(shown), 50)
        # Of the numbers to 999 a system carries, 271 have a nine, and one or two are not on the board.
        self.assertRegex(self.find("[data-count]").text, r"^2(7[01]|69) of ")

    def test_each_figure_tells_its_interval_or_why_it_has_none(self):
        self.open(BOARD)
        bare = self.script(
            "const heads = [...document.querySelectorAll('#board thead th')];"
            "return [...document.querySelectorAll('#board tbody[data-rows=scored] tr')].flatMap(row =>"
            " [...row.cells].filter((cell, at) => /^(empathy|distress)-/.test("
            "heads[at].dataset.key || '') && !/interval \\[|Undefined: .|No interval/.test(cell.title))"
            ".map(cell => row.id + ': ' + cell.textContent))")
        self.assertEqual(bare, [])

    def test_flags_a_claim_that_is_not_what_was_computed(self):
        self.open(BOARD)
        flag = self.find("#system-00000 .badge.bad")
        self.assertEqual(flag.text, "claim differs")
        self.assertRegex(flag.get_attribute("title"), r"Claimed PCC .*computed here 0\.\d")
        self.assertEqual(self.all("#system-00001 .badge.bad"), [])


class Pages(SiteTest):
    def each_page(self):
        for kind, path in PAGES.items():
            self.open(path)
            yield kind

    def test_axe_finds_no_violation(self):
        axe = Axe()
        for scheme in ["light", "dark"]:
            self.theme(scheme)
            for kind in self.each_page():
                found = axe.run(self.browser)["violations"]
                lines = [f"{v['id']}: {n['html'][:160]} {n.get('failureSummary', '')[:200]}"
                         for v in found for n in v["nodes"][:3]]
                self.assertEqual(lines, [], f"{kind}, {scheme}")

    def test_never_scroll_sideways(self):
        for pixels in WIDTHS:
            self.width(pixels)
            for kind in self.each_page():
                wide = self.script("return document.documentElement.scrollWidth")
                self.assertLessEqual(wide, pixels, f"{kind} at {pixels}")

    def test_follow_the_system_theme_and_the_toggle(self):
        self.open("index.html")
        def colour():
            return self.script("return getComputedStyle(document.body).backgroundColor")
        light = colour()
        self.theme("dark")
        dark = colour()
        self.assertNotEqual(light, dark)
        toggle = self.find("[data-theme-toggle]")
        toggle.click()
        self.assertEqual(colour(), light, "light is chosen against the system")
        self.open("method.html")
        self.assertEqual(colour(), light, "the choice is kept on another page")
        self.find("[data-theme-toggle]").click()
        self.theme("light")
        self.assertEqual(colour(), dark, "dark is chosen against the system")
        self.find("[data-theme-toggle]").click()
        self.assertEqual(colour(), light, "and back to the system's")

    def test_print_black_on_white_without_controls(self):
        self.theme("dark", media="print")
        for kind in self.each_page():
            back = self.script("return getComputedStyle(document.body).backgroundColor")
            ink = self.script("return getComputedStyle(document.body).color")
            self.assertEqual((back, ink), ("rgb(255, 255, 255)", "rgb(0, 0, 0)"), kind)
            for selector in [".theme", ".filters", "nav[aria-label=Main]"]:
                self.assertFalse(any(e.is_displayed() for e in self.all(selector)), selector)
        self.open(BOARD)
        pdf = self.browser.execute_cdp_cmd("Page.printToPDF", {})
        self.assertGreater(len(pdf["data"]), 10_000)

    def test_ask_nobody_else_and_do_not_shift(self):
        for kind in self.each_page():
            names = self.script(
                "return performance.getEntriesByType('resource').map(entry => entry.name)")
            self.assertEqual([n for n in names if not n.startswith(self.origin)], [], kind)
            shift = self.browser.execute_async_script(
                "const done = arguments[0]; let sum = 0;"
                "new PerformanceObserver(list => { for (const e of list.getEntries())"
                " sum += e.value; }).observe({type: 'layout-shift', buffered: true});"
                "setTimeout(() => done(sum), 100);")
            self.assertLess(shift, 0.01, f"layout shift of {kind}")

    def test_name_a_picture_that_is_there(self):
        for kind in self.each_page():
            address = self.find("meta[property='og:image']").get_attribute("content")
            path = address.removeprefix("https://example.org/invitro/")
            picture = (SITES / "invitro" / path).read_bytes()
            self.assertEqual(picture[:8], b"\x89PNG\r\n\x1a\n", kind)
            self.assertEqual(struct.unpack(">II", picture[16:24]), (1200, 630), kind)
            size = self.browser.execute_async_script(
                "const done = arguments[1]; const image = new Image();"
                "image.onload = () => done([image.naturalWidth, image.naturalHeight]);"
                "image.onerror = () => done(null); image.src = arguments[0];",
                f"{self.origin}/invitro/{path}")
            self.assertEqual(size, [1200, 630], f"{kind}: the browser can read it")

    def test_shade_the_matrix_apart_in_grey(self):
        for scheme in ["light", "dark"]:
            self.theme(scheme)
            self.open(PAGES["compare"])
            grey = {}
            for shade in ["eq", "up1", "up2", "down1", "down2"]:
                cell = self.find(f".key .{shade}")
                back = self.luminance(cell.value_of_css_property("background-color"))
                ink = self.luminance(cell.value_of_css_property("color"))
                self.assertGreater(contrast(back, ink), 4.5, f"{shade}, {scheme}")
                grey[shade] = back
            for one, other in [("eq", "up1"), ("up1", "up2"), ("eq", "down1"), ("down1", "down2")]:
                self.assertGreater(contrast(grey[one], grey[other]), 1.5, f"{one} {other} {scheme}")

    def test_the_matrix_of_forty_fits_a_laptop(self):
        self.open("fixture24/test/compare.html", site="hundred")
        self.assertEqual(len(self.all(".heat tbody tr")), 40)
        inside = self.script(
            "const f = document.querySelector('.heat').parentNode; return [f.scrollWidth, f.clientWidth]")
        self.assertLessEqual(inside[0], inside[1])

    def luminance(self, colour):
        channels = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def test_a_withdrawn_entry_keeps_its_page_and_says_when_and_why(self):
        self.open(PAGES["submission-withdrawn"])
        self.assertIn("Withdrawn on 2025-10-02", self.find(".notice.bad").text)
        self.assertIn("withdrawn The team found", self.find(".history").text)
        self.open(BOARD)
        self.assertNotIn("system-00005", self.order())

    def test_log_no_error(self):
        self.browser.get_log("browser")
        for kind in self.each_page():
            bad = [e for e in self.browser.get_log("browser")
                   if e["level"] == "SEVERE" and "favicon" not in e["message"]]
            self.assertEqual(bad, [], kind)

    def test_have_one_heading_a_title_and_a_description(self):
        titles = set()
        for kind in self.each_page():
            self.assertEqual(len(self.all("h1")), 1, kind)
            titles.add(self.browser.title)
            self.assertTrue(self.find("meta[name=description]").get_attribute("content"), kind)
        self.assertEqual(len(titles), len(PAGES))

    def test_a_digest_leads_to_its_system(self):
        self.open("fixture24/test/systems/system-00000.html")
        self.browser.get(self.find("a[href*='by-digest']").get_attribute("href"))
        self.wait(lambda: self.browser.current_url.endswith("systems/system-00000.html"))


class SystemPage(SiteTest):
    def test_compares_with_another_system_by_keyboard(self):
        self.open(PAGES["submission"])
        fold = self.find("details.others > summary")
        self.script("arguments[0].focus()", fold)
        fold.send_keys(Keys.ENTER)
        link = self.find("details.others a[href$='compare=system-00000,system-00009']")
        self.wait(link.is_displayed)
        link.send_keys(Keys.ENTER)
        self.wait(lambda: "compare=system-00000,system-00009" in self.browser.current_url)
        chosen = [b.get_attribute("value") for b in self.all("input[name=compare]:checked")]
        self.assertEqual(chosen, ["system-00000", "system-00009"])

    def test_contents_lead_to_headings_that_are_there(self):
        for kind in ["submission", "published", "replication", "method"]:
            self.open(PAGES[kind])
            links = self.all(".contents a")
            self.assertGreater(len(links), 1, kind)
            for link in links:
                target = link.get_attribute("href").partition("#")[2]
                self.assertEqual(len(self.all(f"#{target}")), 1, f"{kind} {target}")

    def test_copies_a_command_and_says_so(self):
        self.browser.execute_cdp_cmd("Browser.grantPermissions", {
            "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"], "origin": self.origin})
        self.open(PAGES["benchmark"])
        source = self.find("pre.code")
        self.find("button.copy").click()
        self.wait(lambda: self.find(".copy-line [role=status]").text == "Copied")
        copied = self.browser.execute_async_script(
            "const done = arguments[0]; navigator.clipboard.readText().then(done, e => done('' + e));")
        self.assertEqual(copied, source.get_attribute("textContent").strip())

    def test_the_drawings_of_a_block_share_their_scale(self):
        for pixels in [375, 1280]:
            self.width(pixels)
            self.open(PAGES["submission"])
            edges = self.script(
                "return [...document.querySelectorAll('.figures-table tbody')].map(body =>"
                " [...body.querySelectorAll('.wk')].map(d => { const b = d.getBoundingClientRect();"
                " return [Math.round(b.left), Math.round(b.right)].join(); }))")
            for block in edges:
                self.assertEqual(len(set(block)), 1, f"{pixels}: {block}")


class Everywhere(SiteTest):
    def test_no_page_leaves_a_third_of_a_wide_screen_blank(self):
        self.width(1920)
        for kind in ["submission", "published", "benchmark", "method", "replication", "about"]:
            self.open(PAGES[kind])
            right = self.script(
                "const main = document.getElementById('main').getBoundingClientRect();"
                "return Math.max(...[...document.querySelectorAll('main p, main li, main table,"
                " main dl, main pre, main figure')].map(e => e.getBoundingClientRect().right))"
                " / main.right")
            self.assertGreater(right, 2 / 3, kind)

    def test_prints_every_column_within_the_sheet(self):
        # A4 less its margins, in CSS pixels, and as media "print" lays it out.
        self.theme("light", media="print")
        self.width(700)
        for kind, path in PAGES.items():
            self.open(path)
            cut = self.script(
                "return [...document.querySelectorAll('main th, main td')].filter(cell => {"
                " const box = cell.getBoundingClientRect();"
                " return box.width > 0 && box.right > innerWidth + 1; })"
                ".map(cell => cell.textContent.slice(0, 30))")
            self.assertEqual(cut, [], kind)

    def test_what_is_pressed_is_24_pixels_high(self):
        # Links in a sentence or a cell are as high as their line (WCAG 2.2, 2.5.8, inline).
        for pixels in [375, 1280]:
            self.width(pixels)
            for kind, path in PAGES.items():
                self.open(path)
                small = self.script(
                    "return [...document.querySelectorAll('a, button, summary, select, input')]"
                    ".filter(e => getComputedStyle(e).display !== 'inline' && e.type !== 'checkbox')"
                    ".filter(e => { const b = e.getBoundingClientRect();"
                    " return b.height > 0 && b.right > 0 && b.height < 24; })"
                    ".map(e => e.outerHTML.slice(0, 120))")
                self.assertEqual(small, [], f"{kind} at {pixels}")

    def test_no_page_shows_a_backtick(self):
        for kind, path in PAGES.items():
            self.open(path)
            text = self.script(
                "const main = document.body.cloneNode(true);"
                "for (const code of main.querySelectorAll('pre, script')) code.remove();"
                "return main.textContent")
            self.assertNotIn("`", text, kind)

    def test_the_icon_is_an_icon(self):
        for path in ["favicon.ico", "assets/favicon.ico"]:
            self.assertEqual((SITES / "invitro" / path).read_bytes()[:4], b"\0\0\1\0", path)


class WithoutScripts(SiteTest):
    scripts = False

    def test_show_everything_and_no_dead_control(self):
        self.open(BOARD)
        self.assertEqual(len(self.all("#board tbody[data-rows=scored] tr")), 11)
        # All columns, and in a frame that scrolls both ways.
        self.assertTrue(all(h.is_displayed() for h in self.all("#board th[data-column]")))
        for selector in [".filters", "[data-theme-toggle]", "#board .pick"]:
            self.assertFalse(any(e.is_displayed() for e in self.all(selector)), selector)
        self.open(PAGES["submission"])
        self.assertEqual(self.all("button.copy"), [])
        self.assertFalse(self.find("details.others").is_displayed())
        self.open(BOARD)
        self.assertIn("[", self.find("#board tbody .val .iv").text)
        self.assertTrue(self.find("a[href='compare.html']").is_displayed())

    def test_never_scroll_sideways(self):
        for pixels in [320, 1920]:
            self.width(pixels)
            for kind, path in PAGES.items():
                self.open(path)
                wide = self.script("return document.documentElement.scrollWidth")
                self.assertLessEqual(wide, pixels, f"{kind} at {pixels}")


def contrast(one, other):
    """The contrast ratio of WCAG 2 of two relative luminances."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


class Size(unittest.TestCase):
    def compressed(self, site, page=BOARD):
        root = SITES / site
        parts = [page, "assets/site.css", "assets/site.js", "assets/theme.js", "assets/mark.svg"]
        if page == BOARD:
            parts.append("assets/board.js")
        sizes = [len(gzip.compress((root / part).read_bytes(), 9)) for part in parts]
        print(f"\n{site}, {page}: page {sizes[0]} B, in total {sum(sizes)} B compressed")
        return sizes[0], sum(sizes)

    def test_the_first_page_stays_below_60_kB_in_total(self):
        self.assertLess(self.compressed("hundred", "index.html")[1], 60_000)

    def test_a_board_of_a_hundred_stays_below_60_kB_in_total(self):
        self.assertLess(self.compressed("hundred")[1], 60_000)

    def test_a_board_of_a_thousand_stays_below_300_kB(self):
        self.assertLess(self.compressed("thousand")[0], 300_000)


class ServedPagesTest(unittest.TestCase):
    """The pages that a real server makes, with a board whose labels are hidden."""

    systems = ["First <b>", "Second"]

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.environment = {**os.environ, "INVITRO_DATA": cls.folder.name + "/data"}
        os.mkdir(cls.environment["INVITRO_DATA"], 0o700)
        cls.invitro("data", "sample")
        cls.token = cls.invitro("team", "add", "Team").split()[-1]
        cls.invitro(
            "phase", "set", "-b", "sample24", "-s", "test", "--visibility", "public",
            "--labels", "hidden", "--floor", "0.1", "--closes", "2099-01-01")
        cls.server = subprocess.Popen(
            [os.environ["INVITRO_PROGRAM"], "serve", "--port", "0", "--site",
             cls.folder.name + "/site", *SOURCE],
            env=cls.environment, stderr=subprocess.PIPE, text=True)
        cls.origin = None
        while cls.origin is None:
            found = re.search(r"http://127\.0\.0\.1:\d+", cls.server.stderr.readline())
            cls.origin = found and found.group()
        threading.Thread(target=cls.server.stderr.read, daemon=True).start()
        cls.organisers = cls.invitro("team", "add", "Organising", "--organiser").split()[-1]
        cls.files = sorted(pathlib.Path(cls.folder.name).rglob("predictions_EMP.tsv"))
        for name, file in zip(cls.systems, cls.files):
            cls.invitro(
                "submit", "push", str(file), "--server", cls.origin, "-b", "sample24",
                "-s", "test", "--system", name)
        cls.browser = start_browser()

    @classmethod
    def invitro(cls, *arguments):
        environment = {**cls.environment, "INVITRO_TOKEN": getattr(cls, "token", "")}
        return subprocess.run(
            [os.environ["INVITRO_PROGRAM"], *arguments], env=environment, check=True,
            stdout=subprocess.PIPE, text=True).stdout

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.server.terminate()
        cls.server.wait()
        cls.folder.cleanup()

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def wait(self, holds):
        WebDriverWait(self.browser, 10).until(lambda _: holds())

    def tearDown(self):
        self.browser.delete_all_cookies()

    def tab_to(self, browser, selector):
        """Moves the focus by the keyboard alone."""
        wanted = browser.find_element(By.CSS_SELECTOR, selector)
        for _ in range(60):
            if browser.switch_to.active_element == wanted:
                return wanted
            ActionChains(browser).send_keys(Keys.TAB).perform()
        self.fail(f"{selector} is not reached with the keyboard")

    def sign_in(self, browser, token=None):
        browser.get(self.origin + "/submit")
        self.tab_to(browser, "#token").send_keys(token or self.token, Keys.ENTER)

    def assert_clean(self, browser):
        found = Axe().run(browser)["violations"]
        self.assertEqual([], [(one["id"], [n["html"] for n in one["nodes"]]) for one in found])

    def test_a_wrong_token_is_told_so(self):
        self.sign_in(self.browser, "invitro_1_" + "0" * 64)
        self.wait(lambda: "not known" in self.find("[role=alert]").text)
        self.assert_clean(self.browser)
        self.browser.get(self.origin + "/submissions")
        self.assertTrue(self.browser.current_url.endswith("/submit"))

    def submit_by_keyboard(self, browser, system, file):
        self.sign_in(browser)
        self.tab_to(browser, "#system").send_keys(system)
        # What the file chooser of the system would give.
        self.tab_to(browser, "#file").send_keys(str(file))
        self.tab_to(browser, "button[value=check]").send_keys(Keys.ENTER)

    def check_then_submit(self, browser, scripted):
        bad = pathlib.Path(self.folder.name) / "bad.tsv"
        lines = self.files[2].read_text().splitlines()
        lines[6] = "seven\t1"
        bad.write_text("\n".join(lines) + "\n")
        name = "By keyboard" + (", scripted" if scripted else "")
        self.submit_by_keyboard(browser, name, bad)
        # While a page is left, its elements are stale.
        wait = WebDriverWait(
            browser, 60, ignored_exceptions=[NoSuchElementException, StaleElementReferenceException])
        text = lambda: browser.find_element(By.ID, "outcome").text
        wait.until(lambda _: "Line 7" in text())
        self.assertIn("seven", text())
        self.assertIn("Nothing was counted", text())
        self.assertEqual(name, browser.find_element(By.ID, "system").get_attribute("value"))
        if scripted:
            self.assert_clean(browser)
            self.assertEqual("outcome", browser.switch_to.active_element.get_attribute("id"))
        good = self.files[3 if scripted else 2]
        self.tab_to(browser, "#file").send_keys(str(good))
        self.tab_to(browser, "button[value=check]").send_keys(Keys.ENTER)
        wait.until(lambda _: "can be submitted" in text())
        if not scripted:
            # The page is new, and no page may fill in a file.
            self.tab_to(browser, "#file").send_keys(str(good))
        self.tab_to(browser, "button[value=submit]").send_keys(Keys.ENTER)
        wait.until(lambda _: "/submissions/" in browser.current_url)
        self.assertIn(name, browser.find_element(By.TAG_NAME, "h1").text)
        self.assertIn("in this phase", browser.find_element(By.TAG_NAME, "main").text)

    def test_a_file_is_checked_and_sent_with_the_keyboard_alone(self):
        self.check_then_submit(self.browser, scripted=True)
        self.assert_clean(self.browser)

    def test_a_file_is_checked_and_sent_without_scripts(self):
        browser = start_browser(scripts=False)
        try:
            self.check_then_submit(browser, scripted=False)
        finally:
            browser.quit()

    def each_page(self):
        """Opens each page, with who may see it signed in."""
        link = self.invitro("team", "link", "Team", "--server", self.origin).strip()
        for path in ["submit", "submit/sample24/test", "api", "submit/no/board", link]:
            self.browser.get(path if path == link else f"{self.origin}/{path}")
            yield path
        self.sign_in(self.browser)
        self.wait(lambda: self.browser.find_elements(By.CSS_SELECTOR, ".account"))
        for path in ["submit", "submissions", "organiser"]:
            self.browser.get(f"{self.origin}/{path}")
            yield path
        self.browser.get(self.origin + "/submissions")
        self.find("tbody th a").click()
        yield "a submission"
        self.browser.delete_all_cookies()
        self.sign_in(self.browser, self.organisers)
        self.wait(lambda: self.browser.find_elements(By.CSS_SELECTOR, ".account"))
        for path in ["submit", "submissions", "organiser"]:
            self.browser.get(f"{self.origin}/{path}")
            yield f"{path}, for organisers"

    def emulate(self, width, scheme):
        self.browser.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False})
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def test_every_page_of_the_server_is_clean(self):
        try:
            for page in self.each_page():
                for width, scheme in [(1280, "light"), (1280, "dark"), (375, "light")]:
                    with self.subTest(page=page, width=width, scheme=scheme):
                        self.emulate(width, scheme)
                        self.assert_clean(self.browser)
        finally:
            self.emulate(1280, "light")

    def test_every_page_of_the_server_fits_a_phone(self):
        self.emulate(375, "light")
        try:
            for page in self.each_page():
                found = self.browser.execute_script(
                    "const low = e => { const b = e.getBoundingClientRect();"
                    " return b.height > 0 && b.right > 0 && b.height < 24; };"
                    "return [document.documentElement.scrollWidth > innerWidth,"
                    " [...document.querySelectorAll('.scroll')].filter(e =>"
                    "  e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight).length,"
                    " [...document.querySelectorAll('a, button, summary, select, input')].filter(e =>"
                    "  getComputedStyle(e).display !== 'inline' && low(e)).map(e => e.outerHTML)]")
                self.assertEqual(found, [False, 0, []], page)
        finally:
            self.emulate(1280, "light")

    def test_an_address_without_a_page_is_told_in_the_sites_looks(self):
        self.wait_for_site()
        self.browser.get(self.origin + "/sample24/no/such/page")
        self.assertEqual(self.find("h1").text, "Page not found")
        self.assertEqual(self.find("header.top").value_of_css_property("border-bottom-width"), "1px")
        self.find("main a").click()
        self.wait(lambda: "leaderboards" in self.find("nav[aria-label=Main]").text.lower())
        self.assertEqual(self.browser.current_url, self.origin + "/index.html")

    def wait_for_site(self):
        def boards():
            self.browser.get(self.origin + "/leaderboards.json")
            return self.find("body").text

        WebDriverWait(self.browser, 90).until(lambda _: "sample24/test" in boards())

    def test_the_deadline_is_told_in_the_readers_time(self):
        self.browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
        self.browser.get(self.origin + "/submit/sample24/test")
        shown = self.find("time[datetime^='2099']")
        self.assertIn("9:00", shown.text)
        self.assertIn("UTC", shown.get_attribute("title"))
        self.browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})

    def test_a_link_signs_in_once(self):
        link = self.invitro("team", "link", "Team", "--server", self.origin).strip()
        self.browser.get(link)
        self.tab_to(self.browser, "main button").send_keys(Keys.ENTER)
        self.wait(lambda: self.browser.current_url.endswith("/submit"))
        self.assertIn("Team", self.find(".account").text)
        self.browser.delete_all_cookies()
        self.browser.get(link)
        self.assertIn("was used", self.find("[role=alert]").text)

    def test_the_log_of_the_server_verifies_in_the_browser(self):
        self.wait_for_site()
        self.browser.get(self.origin + "/ledger.html")
        self.wait(lambda: self.find("#ledger-start").is_displayed())
        self.find("#ledger-start").click()
        self.wait(lambda: "verything" in self.find("#ledger-status").text)
        results = self.find("#ledger-results").text
        self.assertTrue(self.find("#ledger-status").text.startswith("Everything"), results)
        self.assertIn("Board sample24/test: holds. Each of its", results)

    def test_a_team_chooses_what_stands_for_it(self):
        self.sign_in(self.browser)
        self.browser.get(self.origin + "/submissions")
        row = self.browser.find_element(By.XPATH, "//tr[contains(., 'First <b>')]")
        row.find_element(By.TAG_NAME, "button").click()
        self.wait(lambda: "chosen to stand" in self.find("main").text)
        self.browser.get(self.origin + "/submissions")
        rows = self.browser.find_elements(By.CSS_SELECTOR, "tbody tr")
        self.assertEqual(
            ["First <b>"], [row.find_element(By.TAG_NAME, "th").text for row in rows
                            if row.find_elements(By.TAG_NAME, "strong")
                            and "chosen" in row.text])
        self.assert_clean(self.browser)


class LedgerPageTest(unittest.TestCase):
    """The page of the log on a static site that the program built twice, an entry later."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.place = pathlib.Path(cls.folder.name)
        cls.environment = {**os.environ, "INVITRO_DATA": cls.folder.name + "/data"}
        os.mkdir(cls.environment["INVITRO_DATA"], 0o700)
        cls.invitro("data", "sample")
        systems = sorted(cls.place.rglob("predictions_EMP.tsv"))
        for name, file in zip(["first", "second"], systems):
            cls.invitro(
                "submit", "add", str(file), "-b", "sample24", "-s", "test", "--team", name,
                "--system", name, "--submissions", cls.folder.name + "/submissions")
            cls.invitro(
                "site", "build", "--submissions", cls.folder.name + "/submissions",
                "--out", str(cls.place / name))
        cls.served = cls.place / "www"
        cls.served.mkdir()
        cls.server = serve(cls.served)
        cls.origin = f"http://127.0.0.1:{cls.server.server_port}"
        cls.browser = start_browser()

    @classmethod
    def invitro(cls, *arguments):
        subprocess.run(
            [os.environ["INVITRO_PROGRAM"], *arguments], env=cls.environment, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()
        cls.server.shutdown()
        cls.folder.cleanup()

    def setUp(self):
        self.put("second")
        self.browser.get(self.origin + "/site/index.html")
        self.browser.execute_script("localStorage.clear()")

    def put(self, name):
        shutil.rmtree(self.served / "site", ignore_errors=True)
        shutil.copytree(self.place / name, self.served / "site")

    def find(self, selector):
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def verify(self):
        """What the page says at the end, and the results by check."""
        self.browser.get(self.origin + "/site/ledger.html")
        WebDriverWait(self.browser, 10).until(lambda _: self.find("#ledger-start").is_displayed())
        self.find("#ledger-start").click()
        WebDriverWait(self.browser, 20).until(
            lambda _: re.match("Everything|Not everything", self.find("#ledger-status").text))
        items = self.browser.find_elements(By.CSS_SELECTOR, "#ledger-results li")
        return self.find("#ledger-status").text, dict(one.text.split(": ", 1) for one in items)

    def test_a_good_log_holds_and_is_remembered(self):
        said, results = self.verify()
        self.assertEqual(said, "Everything that was checked holds.", results)
        self.assertEqual(
            set(results),
            {"Key", "Signature", "Tiles", "Entries", "Last visit", "Board sample24/test"})
        self.assertTrue(all(words.startswith("holds.") for words in results.values()), results)
        self.assertIn("first visit", results["Last visit"])
        self.assertIn("2 scored systems", results["Board sample24/test"])
        said, results = self.verify()
        self.assertIn("the one of your last visit", results["Key"])
        self.assertIn("0 were appended since", results["Last visit"])
        violations = Axe().run(self.browser)["violations"]
        self.assertEqual([], [one["id"] for one in violations])

    def test_a_log_that_grew_goes_on_from_the_last_visit(self):
        self.put("first")
        self.verify()
        self.put("second")
        said, results = self.verify()
        self.assertTrue(said.startswith("Everything"), results)
        self.assertIn("1 entries of your last visit", results["Last visit"])

    def test_a_log_that_shrank_is_named(self):
        self.verify()
        self.put("first")
        said, results = self.verify()
        self.assertTrue(said.startswith("Not everything"))
        self.assertIn("fails: the log had 2 entries at your last visit", results["Last visit"])

    def test_a_changed_tile_is_named(self):
        tile = next((self.served / "site/ledger/tile/entries").rglob("2"))
        data = bytearray(tile.read_bytes())
        data[100] ^= 1
        tile.write_bytes(data)
        said, results = self.verify()
        self.assertTrue(said.startswith("Not everything"))
        self.assertIn("tile/entries/000.p/2", results["Entries"])
        self.assertTrue(results["Board sample24/test"].startswith("not checked"))

    def test_a_changed_figure_is_named(self):
        file = self.served / "site/sample24/test/leaderboard.json"
        board = json.loads(file.read_text())
        row = board["rows"][1]
        row["targets"]["empathy"]["pcc"]["value"] = 0.999
        file.write_text(json.dumps(board))
        said, results = self.verify()
        self.assertTrue(said.startswith("Not everything"))
        self.assertIn("fails: " + row["slug"], results["Board sample24/test"])
        self.assertIn("0.999 on the board", results["Board sample24/test"])

    def test_where_the_context_is_not_secure_it_shows_the_command(self):
        self.browser.get(f"http://board.test:{self.server.server_port}/site/ledger.html")
        WebDriverWait(self.browser, 10).until(lambda _: self.find("#ledger-status").text)
        self.assertIn("over HTTPS", self.find("#ledger-status").text)
        self.assertFalse(self.find("#ledger-start").is_displayed())
        self.assertIn("invitro ledger verify", self.find("main").text)


if __name__ == "__main__":
    unittest.main(verbosity=1)
