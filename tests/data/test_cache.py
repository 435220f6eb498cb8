"""Where the cache folder is."""

from __future__ import annotations

from robustft.data import cache


def test_the_folder_is_that_of_the_variable_or_the_platform(monkeypatch, tmp_path):
    monkeypatch.setenv("ROBUSTFT_CACHE", str(tmp_path / "mine"))
    assert cache.cache_folder() == tmp_path / "mine"
    monkeypatch.delenv("ROBUSTFT_CACHE")
    for platform, variable in (("linux", "XDG_CACHE_HOME"), ("win32", "LOCALAPPDATA")):
        monkeypatch.setattr(cache.sys, "platform", platform)
        monkeypatch.setenv(variable, str(tmp_path))
        assert cache.cache_folder() == tmp_path / "robustft"
    monkeypatch.setattr(cache.sys, "platform", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "Library/Caches/robustft"
