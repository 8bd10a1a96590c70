"""Pictures of every page kind, with Chromium. Run by scripts/test-browser --screenshots DIR.

Each is taken at the widths below in both themes, as DIR/KIND-WIDTH-THEME.png. The sites and the
server are those of the tests; the teams and figures in the pictures are made up.
"""

import pathlib
import sys

from selenium.webdriver.common.by import By

import test_site

WIDTHS = [375, 820, 1280, 1920]
THEMES = ["light", "dark"]
# No picture is higher: of a board of a thousand the first rows show enough.
MAX_HEIGHT = 6000
BOARD = test_site.BOARD
# Pages of the fixture sites, by kind.
STATIC = {
    **{kind: ("invitro", path) for kind, path in test_site.PAGES.items()},
    "leaderboard-two": ("invitro", BOARD + "?compare=system-00000,system-00009"),
    "leaderboard-100": ("hundred", BOARD),
    "leaderboard-1000": ("thousand", BOARD),
    "compare-100": ("hundred", "fixture24/test/compare.html"),
}


def emulate(browser, width, theme, height=1000):
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": theme}]})
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})


class Pictures:
    def __init__(self, folder, wanted):
        self.folder, self.wanted = folder, wanted

    def take(self, browser, kind):
        """Takes the page that the browser shows, as it is, at every width."""
        if self.wanted and not any(kind.startswith(name) for name in self.wanted):
            return
        for theme in THEMES:
            for width in WIDTHS:
                emulate(browser, width, theme)
                height = browser.execute_script("return document.documentElement.scrollHeight")
                emulate(browser, width, theme, min(height, MAX_HEIGHT))
                browser.save_screenshot(str(self.folder / f"{kind}-{width}-{theme}.png"))
        emulate(browser, 1280, "light")


def take_static(pictures):
    server = test_site.serve()
    browser = test_site.start_browser()
    try:
        for kind, (site, path) in STATIC.items():
            browser.get(f"http://127.0.0.1:{server.server_port}/{site}/{path}")
            if "compare=" in path:
                test_site.WebDriverWait(browser, 10).until(
                    lambda b: "minus" in b.find_element(
                        By.CSS_SELECTOR, "[data-versus-body]").text)
            pictures.take(browser, kind)
    finally:
        browser.quit()
        server.shutdown()


class Served(test_site.ServedPagesTest):
    """The pages of a server: of a board with hidden labels, and of those who submit to it."""

    systems = ["Encoder on corrected labels", "The same, one seed"]

    def runTest(self):
        take, browser = self.pictures.take, self.browser
        mine = type(self).token
        systems = {"Harbour Laboratory": "Prompted, eight examples", "Université du Lac": "Words",
                   "Northern Group": "Length of the essay"}
        for (team, system), file in zip(systems.items(), self.files[2:] + self.files[1:2]):
            type(self).token = self.invitro("team", "add", team).split()[-1]
            self.invitro(
                "submit", "push", str(file), "--server", self.origin, "-b", "sample24",
                "-s", "test", "--system", system)
        link = self.invitro("team", "link", "Northern Group", "--server", self.origin).strip()
        self.wait(lambda: self.shows("/sample24/test/", "Harbour"))

        for kind, path in {
            "served-index": "/", "served-leaderboard": "/sample24/test/",
            "served-benchmark": "/sample24/",
            "served-ledger": "/ledger.html", "sign-in": "/submit",
            "submit-signed-out": "/submit/sample24/test", "api": "/api",
            "problem-404": "/submit/no/board", "missing-served": "/no-page",
        }.items():
            browser.get(self.origin + path)
            take(browser, kind)
        browser.get(self.origin + "/sample24/test/")
        system = self.find("#board a[href^='systems/']").get_attribute("href")
        browser.get(system)
        take(browser, "served-submission")
        browser.get(link)
        take(browser, "one-time-link")
        self.sign_in(browser, "invitro_1_" + "0" * 64)
        self.wait(lambda: "not known" in self.find("[role=alert]").text)
        take(browser, "sign-in-refused")

        self.sign_in(browser)
        self.wait(lambda: browser.find_elements(By.CSS_SELECTOR, ".account"))
        take(browser, "boards-to-submit-to")
        browser.get(self.origin + "/submit/sample24/test")
        take(browser, "submit")
        bad = pathlib.Path(self.folder.name) / "bad.tsv"
        lines = self.files[0].read_text().splitlines()
        lines[6], lines[11], lines[40] = "seven\t1", "4.5\tnone", "99\t3.1"
        bad.write_text("\n".join(lines) + "\n")
        self.find("#system").send_keys("Mean of two")
        self.find("#file").send_keys(str(bad))
        self.find("button[value=check]").click()
        self.wait(lambda: "Line 7" in self.find("#outcome").text)
        take(browser, "submit-with-faults")
        self.find("#file").send_keys(str(self.mean()))
        self.find("button[value=check]").click()
        self.wait(lambda: "can be submitted" in self.find("#outcome").text)
        take(browser, "submit-checked")
        self.find("button[value=submit]").click()
        self.wait(lambda: "/submissions/" in browser.current_url)
        take(browser, "sent")
        browser.get(self.origin + "/submissions")
        take(browser, "submissions")
        browser.delete_all_cookies()
        self.sign_in(browser, self.organisers)
        browser.get(self.origin + "/organiser")
        take(browser, "organiser")
        browser.delete_all_cookies()
        browser.get(self.origin + "/submit")
        browser.execute_async_script(
            "const done = arguments[0]; const body = () => new URLSearchParams({token: 'none'});"
            "Promise.all(Array.from({length: 60}, () => fetch('submit/session',"
            " {method: 'POST', body: body()}))).then(done, done);")
        self.sign_in(browser, "none")
        self.wait(lambda: "too many" in self.find("main").text.lower())
        take(browser, "problem-429")

    def wait(self, holds):
        test_site.WebDriverWait(
            self.browser, 90, ignored_exceptions=[
                test_site.NoSuchElementException, test_site.StaleElementReferenceException]
        ).until(lambda _: holds())

    def mean(self):
        """A file of the means of two systems' predictions."""
        one, other = ([line.split("\t") for line in file.read_text().splitlines()]
                      for file in [self.files[0], self.files[2]])
        file = pathlib.Path(self.folder.name) / "predictions_EMP.tsv"
        file.write_text("".join(
            "\t".join(f"{(float(a) + float(b)) / 2:.4f}" for a, b in zip(*rows)) + "\n"
            for rows in zip(one, other)))
        return file

    def shows(self, path, words):
        if path:
            self.browser.get(self.origin + path)
        return words.lower() in self.find("body").text.lower()


def main():
    folder, wanted = pathlib.Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    pictures = Pictures(folder, wanted)
    if "--served" not in wanted:
        take_static(pictures)
    pictures.wanted = [one for one in wanted if one != "--served"]
    Served.pictures = pictures
    Served.setUpClass()
    try:
        Served().runTest()
    finally:
        Served.tearDownClass()


if __name__ == "__main__":
    main()
