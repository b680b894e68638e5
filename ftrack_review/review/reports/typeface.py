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


# Line ends are no characters of a font, and every font has a blank.
_SET_BY_ITSELF = {"\n", " "}


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
    wanted = set(text) - _SET_BY_ITSELF
    if pair is None:
        return None, [], frozenset(character for character in wanted if ord(character) > 0xFF)
    regular, bold = (_covered(path, wanted) for path in pair)
    missing = wanted - regular
    # Bold fonts have fewer letters: what they lack is taken from the regular one.
    further = [pair[0]] if regular - bold else []
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
    """Return *text* with the characters in *missing* written out by their names: ``[grinning face]``.

    What only joins or turns others, or colours the skin of one, says nothing by itself and is left out.
    """
    names = {ord(character): _name_of(character) for character in missing}
    return text.translate(names) if names else text


def _name_of(character: str) -> str:
    category = unicodedata.category(character)
    is_modifier = "\U0001f3fb" <= character <= "\U0001f3ff" or "\ufe00" <= character <= "\ufe0f"
    if is_modifier or category == "Cf":
        return ""
    if category == "Zs":
        return " "
    name = unicodedata.name(character, "").lower()
    return f"[{name}]" if name else f"[U+{ord(character):04X}]"


def needs_shaping(text: str) -> bool:
    """Return whether letters of *text* are joined or reordered, as those of Arabic, Hebrew and Devanagari are."""
    return any(first <= character <= last for character in set(text) for first, last in _SHAPED)


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
