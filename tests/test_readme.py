"""The README's answer is computed: it is what the data give today."""

import runpy

from conftest import ROOT


def test_the_answer_in_the_readme_is_today_s():
    page = runpy.run_path(str(ROOT / "tools" / "readme.py"))["page"]
    assert (ROOT / "README.md").read_text(encoding="utf-8") == page(), "run: python tools/readme.py"


def test_every_file_the_readme_links_to_exists():
    import re

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (ROOT / target).exists(), target
