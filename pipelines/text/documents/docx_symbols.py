"""Reads the symbols of a DOCX file, which name a font and a place in it: letters and signs of the font Symbol.

Adobe's Symbol encoding; other fonts of pictures, such as Wingdings, have nothing to say.
"""

from __future__ import annotations

#: Office moves the characters of such fonts here, into the private use area of Unicode.
_PRIVATE, _PRIVATE_END = 0xF000, 0xF0FF
_FIRST_CAPITAL, _FIRST_SMALL = 0x41, 0x61
_GREEK = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ"
_GREEK_CAPITALS = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ"
_SIGNS = {0xA3: "≤", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×", 0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xA5: "∞", 0xD7: "⋅"}


def read_symbol(font: str, code: str) -> str:
    """The character at the hexadecimal `code` of a font; "" for a picture."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    is_private = _PRIVATE <= number <= _PRIVATE_END
    if font.lower() != "symbol":
        return "" if is_private or not chr(min(number, 0x10FFFF)).isprintable() or number > 0x10FFFF else chr(number)
    number -= _PRIVATE if is_private else 0
    if 0 <= number - _FIRST_SMALL < len(_GREEK):
        return _GREEK[number - _FIRST_SMALL]
    if 0 <= number - _FIRST_CAPITAL < len(_GREEK_CAPITALS):
        return _GREEK_CAPITALS[number - _FIRST_CAPITAL]
    return _SIGNS.get(number, chr(number) if 0x20 <= number < 0x7F else "")
