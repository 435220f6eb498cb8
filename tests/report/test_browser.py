"""The page in a real browser: no complaint, filters, keys, themes, paper, and nasty text inert.

Needs Chromium; where there is none the tests are skipped, unless ROBUSTFT_BROWSER=required.
"""

from __future__ import annotations

import re

import pytest

from robustft.report.page import write_report

NASTY = "<script>alert(1)</script> </script><img src=x onerror=alert(2)><!--"


@pytest.fixture
def shown(browser, make_evaluation):
    """Return a function that opens the report of an evaluation, ready to use."""

    def show(*, dark: bool = False, width: int = 1280, **given):
        made = make_evaluation(**given)
        browser.complaints.clear()
        browser.requests.clear()
        browser.size(width, 900)
        browser.open(write_report([made.folder]), dark=dark)
        browser.until("document.querySelector('.hits').textContent !== ''")
        return made

    yield show
    assert browser.complaints == []
    assert all(url.startswith("file://") for url in browser.requests)


def hits(browser) -> int:
    found = re.match(r"([\d,]+) hits?;", browser.ask("document.querySelector('.hits').textContent"))
    return int(found.group(1).replace(",", "")) if found else 0


def choose(browser, **values) -> int:
    for name, value in values.items():
        browser.ask(
            f"{{ const field = document.querySelector('.browser [name={name}]');"
            f" field.value = {value!r};"
            " field.dispatchEvent(new Event('input', {bubbles: true})); }"
        )
    return hits(browser)


def test_filters_count_what_the_run_holds(browser, shown):
    made = shown(rows=120)
    before = {m: made.right[m, "original"] for m in made.models}

    def broke(model, name):
        return int((before[model] & ~made.right[model, name]).sum())

    assert hits(browser) == sum(broke(m, "mix") for m in made.models)
    assert choose(browser, model="1") == broke("augmented-1", "mix")
    assert choose(browser, transform="typos") == broke("augmented-1", "typos")
    assert choose(browser, transform="", model="", outcome="") == 4 * made.rows
    assert choose(browser, text="NUMBER 57 superb") == 4
    assert choose(browser, text="row-00009") == 4
    assert choose(browser, text="no such words") == 0
    assert "No hits" in browser.ask("document.querySelector('.hits').textContent")
    both = choose(browser, text="", label="0") + choose(browser, label="1")
    assert both == 4 * made.rows
    parts = [choose(browser, label="", sure=s) for s in ("high", "middle", "low")]
    assert sum(parts) == 4 * made.rows
    browser.ask("document.querySelector('.browser button[type=reset]').click()")
    browser.until(f"document.querySelector('.hits').textContent.startsWith('{hits(browser)} hit')")


def test_edits_are_marked_and_the_surest_failure_comes_first(browser, shown):
    shown()
    first = "document.querySelector('.case')"
    assert browser.ask(f"[...{first}.querySelectorAll('del')].map(n => n.textContent)")
    sure = browser.ask(
        "[...document.querySelectorAll('.case .said')]"
        ".map(n => Number(n.textContent.match(/([0-9.]+)%[^%]*$/)[1]))"
    )
    assert sure == sorted(sure, reverse=True)


def test_one_part_of_the_rows_can_be_looked_at(browser, shown):
    texts = [f"We did {'not ' if i % 3 == 0 else ''}like number {i}." for i in range(60)]
    made = shown(
        texts=texts,
        edits=[{"start": 0, "end": 2, "removed": "We", "replacement": "I", "transforms": ["x"]}],
        slices=[("negation", "no"), ("negation", "yes")],
    )
    assert "Where it hurts more" in browser.ask("document.body.textContent")
    every = choose(browser, outcome="", transform="mix", model="0")
    assert every == made.rows
    names = browser.ask("[...document.querySelectorAll('[name=part] option')].map(o => o.text)")
    assert names == ["all", "negation: no", "negation: yes"]
    assert [choose(browser, part=p) for p in ("0", "1")] == [40, 20]


def test_keys_lead_through_the_rows(browser, shown):
    shown(rows=120)
    choose(browser, outcome="")
    focus = "[...document.querySelectorAll('.case')].indexOf(document.activeElement)"
    browser.ask("document.body.focus()")
    browser.press("/")
    assert browser.ask("document.activeElement.name") == "text"
    browser.press("ArrowDown")
    assert browser.ask(focus) == 0
    browser.press("ArrowDown")
    assert browser.ask(focus) == 1
    browser.press("End")
    browser.press("ArrowDown")
    assert browser.ask(focus) == 0
    assert browser.ask("document.querySelector('.pages span').textContent").startswith("2 of")
    browser.press("ArrowUp")
    assert browser.ask(focus) == 9
    browser.press("ArrowRight")
    browser.press("ArrowLeft")
    assert browser.ask("document.querySelector('.pages span').textContent").startswith("1 of")
    assert browser.ask("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("ArrowUp")
    assert browser.ask("document.activeElement.name") == "text"
    assert browser.ask("document.querySelectorAll('.case[tabindex=\"0\"]').length") == 1


def test_the_tab_key_reaches_everything_in_order(browser, shown):
    shown()
    seen = []
    for _ in range(6):
        browser.press("Tab")
        seen.append(browser.ask("document.activeElement.id || document.activeElement.textContent"))
    assert seen[:4] == ["Skip to the result", "theme", "print", "The result"]


def test_scripts_in_the_data_do_nothing(browser, shown):
    shown(
        texts=[f"{NASTY} {i} {NASTY}" for i in range(60)],
        labels=(NASTY, "yes"),
        models=("<i onclick=alert(3)>model",),
        edits=[
            {"start": 0, "end": 8, "removed": "", "replacement": NASTY, "transforms": [NASTY]},
        ],
    )
    choose(browser, outcome="", transform="")
    assert browser.ask("document.querySelectorAll('main img, main i, .case script').length") == 0
    assert NASTY in browser.ask("document.querySelector('.case ins').textContent")
    assert NASTY in browser.ask("document.querySelector('.browser select[name=label]').textContent")


def test_a_compressed_page_is_read_too(browser, shown, monkeypatch):
    monkeypatch.setattr("robustft.report.fitting.PLAIN", 1_000)
    made = shown()
    assert browser.ask("document.querySelector('script.data').type") == "text/plain"
    broke = sum(int((made.right[m, "original"] & ~made.right[m, "mix"]).sum()) for m in made.models)
    assert hits(browser) == broke


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_dark_where_dark_is_wanted(browser, shown, dark):
    shown(dark=dark)
    paper = "getComputedStyle(document.body).backgroundColor"
    light = browser.ask(f"{paper}.match(/[0-9]+/g).every(v => Number(v) > 200)")
    assert light is not dark
    for _ in range(1 if dark else 2):  # auto, then light, then dark
        browser.ask("document.getElementById('theme').click()")
    assert browser.ask(f"{paper}.match(/[0-9]+/g).every(v => Number(v) > 200)") is dark
    browser.ask("try { localStorage.clear() } catch (_) {}")


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(browser, shown, width):
    shown(width=width)
    assert browser.ask("document.documentElement.scrollWidth") <= width


def test_it_prints(browser, shown):
    shown(width=720)
    browser.send("Emulation.setEmulatedMedia", media="print", features=[])
    assert browser.ask("document.documentElement.scrollWidth") <= 720
    made = browser.pdf()
    assert made.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) >= 2


def test_a_screen_reader_finds_its_way(browser, shown):
    shown()
    assert browser.ask("document.querySelectorAll('main, header, nav, footer').length") == 4
    assert browser.ask("document.querySelector('.hits').getAttribute('aria-live')") == "polite"
    assert browser.ask("document.querySelectorAll('h1').length") == 1
    assert browser.ask(
        "[...document.querySelectorAll('table')].every(t => t.caption && t.caption.textContent)"
    )
    assert browser.ask("[...document.querySelectorAll('th')].every(cell => cell.scope)")
    assert browser.ask(
        "[...document.querySelectorAll('svg')].every(s => s.getAttribute('aria-hidden') === 'true'"
        " || s.getAttribute('role') === 'img' && s.getAttribute('aria-labelledby'))"
    )
    assert browser.ask(
        "[...document.querySelectorAll('[aria-labelledby], [aria-describedby]')].every(n =>"
        " ['aria-labelledby', 'aria-describedby'].every(a => (n.getAttribute(a) || '').split(' ')"
        ".filter(Boolean).every(id => document.getElementById(id))))"
    )
    assert browser.ask(
        "[...document.querySelectorAll('input, select')].every(n => n.labels.length === 1)"
    )
