"""Formulas of the documentation as MathML, which browsers show without scripts or fonts.

Arithmatex marks `$...$` and `$$...$$`; here what it marked is written as MathML when the site is
built. On a page that is read as Markdown the LaTeX stays as it is.
"""

import re
from html import unescape

from latex2mathml.converter import convert

MARKED = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(html: str, **_: object) -> str:
    """The page with every marked formula as MathML; called by mkdocs."""
    return MARKED.sub(_as_mathml, html)


def _as_mathml(found: re.Match[str]) -> str:
    display = "block" if found[1] == "div" else "inline"
    mathml: str = convert(unescape(found[2]).strip(), display=display)
    return mathml
