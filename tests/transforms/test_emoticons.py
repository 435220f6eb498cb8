"""Emoticons: one emoji each and back, and what only looks like a face stays."""

from __future__ import annotations

import pytest
from robustft_transforms.emoticons import Emoticons, _pairs

from robustft.errors import SpecError
from robustft.text import SpanKind
from robustft.transform import perturb


def run(text: str, mode: str = "both") -> str:
    return perturb([text], f"emoticons:mode={mode},rate=1.0")[0].text


TYPED, PICTURED = _pairs()


def test_the_pairs_go_both_ways():
    assert len(set(TYPED.values())) > 20
    assert all(PICTURED[face].rstrip("\ufe0f") in TYPED for face in PICTURED)
    assert all(TYPED[PICTURED[face].rstrip("\ufe0f")] == face for face in set(TYPED.values()))


@pytest.mark.parametrize("face", PICTURED)
def test_each_emoticon_becomes_its_emoji(face):
    assert run(f"So there! {face}", "emoji") == f"So there! {PICTURED[face]}"
    assert run(f"So there! {face}<br />No.", "emoji") == f"So there! {PICTURED[face]}<br />No."


@pytest.mark.parametrize("emoji", TYPED)
def test_each_emoji_becomes_its_emoticon(emoji):
    assert run(f"So {emoji} there.", "emoticon") == f"So {TYPED[emoji]} there."
    assert run(f"So there {emoji}\ufe0f", "emoticon") == f"So there {TYPED[emoji]}"


@pytest.mark.parametrize("face", sorted(set(TYPED.values())))
def test_there_and_back(face):
    assert run(run(f"So there! {face}", "emoji"), "emoticon") == f"So there! {face}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("We (see the note :) left.", "may close a bracket"),
        ("We left :( as they say).", "may open a bracket"),
        ("We left :))) then.", "drawn out"),
        ("We left :(( then.", "drawn out"),
        ("We saw <3 men.", "may mean less than three"),
        ("The rest was <3.", "may mean less than three"),
        ("An XD card.", "may be a name"),
        ("We left 🙂🙂 then.", "one of several in a row"),
        ("We left🙂 then.", "touches a word"),
        ("We left (🙂) then.", "touches a bracket or a sign"),
    ],
)
def test_what_stays_is_said(text, reason):
    result = perturb([text], "emoticons:rate=1.0")
    assert result[0].text == text
    assert f"emoticons: {reason}" in result.skips


@pytest.mark.parametrize(
    "text",
    [
        "1) one, 8) eight, b) bee",
        "at 12:30, 3:D, C:P, a:/b, http://x.y/:P?:)",
        "x:(1+2), note:(see there)",
        "👍🏽 ❤️‍🔥 👨‍👩‍👧 🏳️‍🌈 1️⃣ 🇩🇪",
        "&amp;) &lt;3 <b>:</b>",
        "",
    ],
)
def test_what_is_no_face_stays(text):
    assert run(text) == text


def test_brackets_around_faces_are_told_from_mouths():
    assert run("(I liked it :) a lot)") == "(I liked it 🙂 a lot)"
    assert run("(I liked it :))") == "(I liked it 🙂)"
    assert run("(one) and (two) :)") == "(one) and (two) 🙂"
    assert run("(open\n:) here") == "(open\n🙂 here"


def test_the_mode_decides_on_the_direction():
    assert run(":) 🙂", "emoji") == "🙂 🙂"
    assert run(":) 🙂", "emoticon") == ":) :)"


def test_many_brackets_are_no_trouble():
    text = ":( ( :) " * 5_000
    assert len(run(text)) <= len(text)


def test_facts():
    assert SpanKind.EMOJI in Emoticons.opens


def test_an_unknown_mode_is_named_with_the_nearest():
    with pytest.raises(SpecError, match=r"expected mode to be one of emoji, .*mean 'emoji'"):
        Emoticons(mode="emojis")
