"""Fonts of this machine for what a report has to show: Latin and Cyrillic, Arabic and Hebrew, Chinese, emoji.

A package cannot carry fonts for every script, so those of the system are used, in the places where systems keep
them. What no font has is written out by its name, so that nothing is lost.
"""

from __future__ import annotations

import functools
import os
import sys
import unicodedata
from typing import Any, Dict, FrozenSet, Iterable, List, Optional, Tuple

__all__ = ["choose", "find_regular", "needs_shaping", "spell"]

_PLACES = {
    "win32": (r"%WINDIR%\Fonts", r"%LOCALAPPDATA%\Microsoft\Windows\Fonts"),
    "darwin": (
        "/System/Library/Fonts",
        "/System/Library/Fonts/Supplemental",
        "/Library/Fonts",
        "~/Library/Fonts",
    ),
}
_ELSEWHERE = ("~/.local/share/fonts", "~/.fonts", "/usr/local/share/fonts", "/usr/share/fonts")

# Regular and bold of the fonts for the text, the best first.
_TEXT = (
    ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"),
    ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"),
    ("segoeui.ttf", "segoeuib.ttf"),
    ("Arial.ttf", "Arial Bold.ttf"),
    ("arial.ttf", "arialbd.ttf"),
    ("LiberationSans-Regular.ttf", "LiberationSans-Bold.ttf"),
)

# What has the scripts that those lack, the best first.
_FURTHER = (
    "DejaVuSans.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "NotoSansCJK-Regular.otf",
    "simhei.ttf",
    "malgun.ttf",
    "Arial Unicode.ttf",
    "ARIALUNI.TTF",
    "NotoEmoji-Regular.ttf",
    "Symbola.ttf",
    "Symbola_hint.ttf",
    "seguisym.ttf",
    "seguiemj.ttf",
)

# Hebrew to Arabic, the scripts of India and South-East Asia, Khmer, and the forms that letters take in words.
_SHAPED = (
    ("\u0590", "\u08ff"),
    ("\u0900", "\u109f"),
    ("\u1780", "\u17ff"),
    ("\ufb1d", "\ufdff"),
    ("\ufe70", "\ufefc"),
)


def find_regular() -> Optional[str]:
    """Return the path of the font for text, None where this machine has none of those known."""
    found = _fonts()
    return next((found[regular] for regular, _ in _TEXT if regular in found), None)


def choose(text: str) -> Tuple[Optional[Tuple[str, str]], List[str], FrozenSet[str]]:
    """Return the fonts that *text* needs: regular and bold, further ones, and the characters that none has."""
    found = _fonts()
    pair = next(
        ((found[regular], found.get(bold, found[regular])) for regular, bold in _TEXT if regular in found),
        None,
    )
    missing = {character for character in text if not character.isspace() and not _is_joiner(character)}
    if pair is None:
        return None, [], frozenset(character for character in missing if ord(character) > 0xFF)
    missing -= _covered(pair[0], missing)
    further = []
    for name in _FURTHER:
        if not missing:
            break
        path = found.get(name)
        covered = _covered(path, missing) if path and path != pair[0] else set()
        if path and covered:
            further.append(path)
            missing -= covered
    return pair, further, frozenset(missing)


def spell(text: str, missing: Iterable[str]) -> str:
    """Return *text* with the characters in *missing* written out by their names: ``[grinning face]``."""
    names = {}
    for character in missing:
        name = unicodedata.name(character, "").lower()
        # A colour of skin says nothing without the sign that it is for.
        is_modifier = "\U0001f3fb" <= character <= "\U0001f3ff"
        names[ord(character)] = "" if is_modifier else f"[{name}]" if name else "\u25a1"
    return text.translate(names) if names else text


def needs_shaping(text: str) -> bool:
    """Return whether letters of *text* are joined or reordered, as those of Arabic, Hebrew and Devanagari are."""
    return any(first <= character <= last for character in set(text) for first, last in _SHAPED)


def _is_joiner(character: str) -> bool:
    # Joins, directions and variations, which have no picture of their own.
    return unicodedata.category(character) in ("Cf", "Mn", "Cc")


def _covered(path: str, characters: Iterable[str]) -> set[str]:
    known = _characters(path)
    return {character for character in characters if ord(character) in known}


@functools.lru_cache(maxsize=64)
def _characters(path: str) -> FrozenSet[int]:
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, lazy=True) as font:
            return frozenset(font.getBestCmap() or ())
    except (TTLibError, OSError):
        return frozenset()


@functools.lru_cache(maxsize=1)
def _fonts() -> Dict[str, Any]:
    """Return the paths of the known fonts that this machine has, by file name."""
    wanted = {name for pair in _TEXT for name in pair} | set(_FURTHER)
    found: Dict[str, str] = {}
    for place in (*_PLACES.get(sys.platform, ()), *_ELSEWHERE):
        for folder, _, names in os.walk(os.path.expandvars(os.path.expanduser(place))):
            for name in wanted.intersection(names):
                found.setdefault(name, os.path.join(folder, name))
    return found
