"""Checks the packages with lintian, rpmlint, systemd-analyze and the shells, and the dependencies of the rpm."""
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from roots import PACKAGES, SOURCE, package, run

MAX_EXPOSURE = 12  # tenths
# glibc, libstdc++ and the compiler's runtime, OpenSSL 3, libsystemd; besides libraries, the interpreters of scripts and rpm's own features.
WANTED = re.compile(
    r"(ld-linux-x86-64|libc|libm|libdl|libpthread|libresolv|libstdc\+\+|libgcc_s|libssl|libcrypto|libsystemd)\.so\..*|rtld\(GNU_HASH\)"
    r"|/bin/sh|rpmlib\(.*|config\(belfry\).*|shadow-utils|tzdata|/usr/bin/(env|bash|pkg-config)"
)


def rpm(name):
    return next(file for file in PACKAGES.glob(f"{name}-[0-9]*.rpm") if not file.name.endswith(".src.rpm"))


class LintTest(unittest.TestCase):
    def test_lintian(self):
        (changes,) = PACKAGES.glob("belfry_*.changes")
        # Spelling is not checked in binaries: they contain fragments of words ("userA", "ment"), and the texts of libraries.
        output = run("lintian", "-EvIL", "+pedantic", "--allow-root", "--suppress-tags", "spelling-error-in-binary", changes)
        found = [line for line in output.splitlines() if not line.startswith("N:") and "root privileges" not in line]
        self.assertEqual(found, [])

    def test_rpmlint(self):
        output = run("rpmlint", "--config", SOURCE / "packaging/rpm/rpmlint.toml", *sorted(PACKAGES.glob("*.rpm")))
        self.assertRegex(output, r"0 errors, 0 warnings")

    def test_the_rpm_wants_no_other_libraries(self):
        wants = run("rpm", "--query", "--package", "--requires", rpm("belfry")).split("\n")
        self.assertIn("libssl.so.3()(64bit)", wants)
        self.assertEqual([line for line in wants if line and not WANTED.fullmatch(line)], [])
        self.assertNotIn(".so", run("rpm", "--query", "--package", "--provides", rpm("belfry")))

    def test_unit(self):
        with tempfile.TemporaryDirectory() as directory:
            run("dpkg-deb", "--extract", package("belfry"), directory)
            unit = Path(directory) / "lib/systemd/system/belfry.service"
            output = run("systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={MAX_EXPOSURE}", unit)
            print("\n" + output.strip().splitlines()[-1])

    def test_monitoring(self):
        """The files are in both packages, and each runbook_url names a section of an installed page."""
        listed = run("rpm", "--query", "--package", "--list", rpm("belfry")).splitlines()
        with tempfile.TemporaryDirectory() as directory:
            run("dpkg-deb", "--extract", package("belfry"), directory)
            installed = Path(directory) / "usr/share/belfry/monitoring"
            files = sorted(file.name for file in (SOURCE / "packaging/monitoring").iterdir())
            self.assertEqual(sorted(file.name for file in installed.iterdir()), files)
            self.assertEqual([name for name in files if f"/usr/share/belfry/monitoring/{name}" not in listed], [])
            runbooks = re.findall(r"runbook_url: file://(\S+)#(\S+)", (installed / "belfry.rules.yml").read_text())
            self.assertGreater(len(runbooks), 10)
            for page, section in runbooks:
                self.assertIn(f"\n## {section}\n", (Path(directory) / page.lstrip("/")).read_text().lower())
                self.assertIn(page, listed)

    def test_completions_and_manual(self):
        with tempfile.TemporaryDirectory() as directory:
            run("dpkg-deb", "--extract", package("belfry"), directory)
            share = Path(directory) / "usr/share"
            completion = share / "bash-completion/completions/belfry"
            complete = 'source "$1"; COMP_WORDS=(belfry plugins sh); COMP_CWORD=2; _belfry; echo "${COMPREPLY[*]}"'
            self.assertEqual(run("bash", "-c", complete, "bash", completion).strip(), "show")
            run("zsh", "--no-exec", share / "zsh/vendor-completions/_belfry")
            fish = 'source $argv[1]; complete --do-complete "belfry plugins sh"'
            self.assertIn("show", run("fish", "--no-config", "--command", fish, share / "fish/vendor_completions.d/belfry.fish"))
            show = ["man", "--warnings", "--local-file", share / "man/man1/belfry.1.gz"]
            page = subprocess.run(show, capture_output=True, text=True, env={"MANWIDTH": "100", "PATH": "/usr/bin:/bin"})
            self.assertEqual((page.returncode, page.stderr), (0, ""))
            self.assertIn("plugins show", page.stdout)
            self.assertRegex(page.stdout, r"Not\s+with\s+--socket-mode")
            self.assertRegex(page.stdout, r"Only\s+with\s+--url")


if __name__ == "__main__":
    unittest.main()
