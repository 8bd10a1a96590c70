"""The systemd units in examples/, as systemd-analyze sees them: run by `make lint`."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent.parent / "examples/systemd"
# Of 100, as docs/reference/server.md says; without a proxy the network and port 443 are open.
THRESHOLDS = {"proxy": 10, "tls": 15, "backup": 10}
UNITS = {
    "proxy": ["invitro.service"],
    "tls": ["invitro.service", "invitro.service.d/tls.conf"],
    "backup": ["invitro-backup.service"],
}


@unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze here")
class SystemdUnits(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def install(self, kind):
        """Copies the units; a program that is there stands for ours."""
        for name in UNITS[kind]:
            text = (EXAMPLES / name).read_text().replace("/usr/local/bin/invitro", "/bin/true")
            (self.root / name).parent.mkdir(exist_ok=True)
            (self.root / name).write_text(text)
        return self.root / UNITS[kind][0]

    def analyze(self, *arguments):
        environment = dict(os.environ, SYSTEMD_UNIT_PATH=f"{self.root}:", LC_ALL="C")
        run = subprocess.run(
            ["systemd-analyze", *arguments], capture_output=True, text=True, env=environment)
        return run.returncode, run.stdout + run.stderr

    def test_the_units_verify(self):
        for kind in THRESHOLDS:
            status, text = self.analyze("verify", "--man=no", str(self.install(kind)))
            self.assertEqual((status, text), (0, ""), kind)

    def test_a_faulty_unit_does_not(self):
        unit = self.install("proxy")
        unit.write_text(unit.read_text().replace("ProtectHome=yes", "ProtectHomes=yes"))
        self.assertIn("ProtectHomes", self.analyze("verify", "--man=no", str(unit))[1])

    def test_little_is_exposed(self):
        for kind, threshold in THRESHOLDS.items():
            status, text = self.analyze(
                "security", "--offline=true", "--no-pager", f"--threshold={threshold}",
                str(self.install(kind)))
            self.assertEqual(status, 0, text)

    def test_the_drop_in_differs_in_options_alone(self):
        def options(name):
            text = (EXAMPLES / name).read_text().replace("\\\n", "")
            return set(re.findall(r"--\w[\w-]*(?: +[^-\s]\S*)?", re.findall(r"serve (.*)", text)[-1]))
        base, tls = options("invitro.service"), options("invitro.service.d/tls.conf")
        self.assertEqual(base - tls, {"--trust-proxy"})


if __name__ == "__main__":
    unittest.main()
