"""The template of the slides, drawn in code: 16:9, our colours, a font every machine has. Knows no figure."""

from __future__ import annotations

import re
from typing import Any

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml import parse_xml
from pptx.util import Emu, Inches, Pt

WIDE, HIGH = 13.333, 7.5
LEFT, TOP, INNER = 0.5, 0.32, 12.333
"""Margins and the width between them, in inches."""
TITLE_HIGH = 0.62
FONT = "Arial"
INK, MUTED, HAIR, BLUE, WARM, PALE, PEACH, PAPER = (
    RGBColor.from_string(value)
    for value in ("0F172A", "4B5563", "D5DBE3", "005A8F", "A34700", "F5F7FA", "FDF1E7", "FFFFFF")
)
_TITLE_ONLY = 5
_COLOURS = {
    "dk1": "0F172A", "lt1": "FFFFFF", "dk2": "4B5563", "lt2": "F5F7FA", "accent1": "0E7FC2", "accent2": "D55E00",
    "accent3": "7A8290", "accent4": "5B6675", "accent5": "56B4E9", "accent6": "94A0B0", "hlink": "005A8F",
    "folHlink": "4B5563",
}  # fmt: skip


def blank(title: str, subject: str) -> Any:
    """An empty presentation with one layout: a title above free space."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(WIDE), Inches(HIGH)
    _keep_one_layout(deck)
    _theme(deck)
    for holder in (deck.slide_master, deck.slide_layouts[0]):
        _place_title(holder)
    about = deck.core_properties
    about.title, about.subject, about.author, about.language = title, subject, "Customer impact of IT changes", "en-GB"
    return deck


def _keep_one_layout(deck: Any) -> None:
    layouts = list(deck.slide_layouts)
    for layout in layouts:
        if layout is not layouts[_TITLE_ONLY]:
            deck.slide_layouts.remove(layout)


def _theme(deck: Any) -> None:
    """Our colours and font in the theme, so that what people add looks like the rest."""
    part = next(rel.target_part for rel in deck.slide_master.part.rels.values() if rel.reltype.endswith("/theme"))
    xml = part.blob.decode("utf-8")
    for name, colour in _COLOURS.items():
        xml = re.sub(rf"(<a:{name}>).*?(</a:{name}>)", rf'\g<1><a:srgbClr val="{colour}"/>\g<2>', xml, flags=re.DOTALL)
    xml = re.sub(r'<a:latin typeface="[^"+][^"]*"', f'<a:latin typeface="{FONT}"', xml)
    part._blob = xml.encode("utf-8")


def _place_title(holder: Any) -> None:
    for shape in list(holder.placeholders):
        if shape.placeholder_format.idx == 0:
            shape.left, shape.top, shape.width, shape.height = (
                Inches(x) for x in (LEFT, TOP, INNER, TITLE_HIGH)
            )  # fmt: skip
            frame = shape.text_frame
            frame.vertical_anchor = MSO_ANCHOR.TOP
            frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Emu(0)
        elif shape.placeholder_format.idx in (10, 11, 12):
            shape._element.getparent().remove(shape._element)
        else:
            shape.left, shape.top, shape.width, shape.height = (Inches(x) for x in (LEFT, 1.2, INNER, 5.6))


def titled(deck: Any, title: str, size: float) -> Any:
    """A new slide with its title in the title's own place."""
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    frame = slide.shapes.title.text_frame
    frame.text = title
    paragraph = frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.LEFT
    font = paragraph.runs[0].font
    font.size, font.bold, font.name, font.color.rgb = Pt(size), True, FONT, INK
    return slide


def number_field(paragraph: Any) -> None:
    """The slide's own number, which stays right when slides are moved."""
    paragraph._p.append(
        parse_xml(
            '<a:fld xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" '
            'id="{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}" type="slidenum">'
            '<a:rPr lang="en-GB" sz="900"><a:solidFill><a:srgbClr val="4B5563"/></a:solidFill></a:rPr>'
            "<a:t>‹#›</a:t></a:fld>"
        )
    )
