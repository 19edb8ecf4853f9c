"""Widgets that repaint what differs from what stands on the terminal, and nothing else.

Textual repaints a changed widget as a whole. Over ssh, bytes are what people feel.
"""

from collections.abc import Iterator, Sequence
from typing import Self

from rich.cells import cell_len
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.visual import Visual, visualize
from textual.widget import Widget

Glyph = tuple[str, object]
"""What stands in one column, and its style; an empty text is the right half of a wide one."""


def changed_regions(before: Sequence[Strip], now: Sequence[Strip]) -> Iterator[Region]:
    """In each line the columns from the first that differs to the last."""
    for y, (old, new) in enumerate(zip(before, now, strict=True)):
        if old == new:
            continue
        pairs = zip(_glyphs(old), _glyphs(new), strict=True)
        differing = [x for x, (was, is_now) in enumerate(pairs) if was != is_now]
        if differing:
            yield Region(differing[0], y, differing[-1] + 1 - differing[0], 1)


def _glyphs(strip: Strip) -> list[Glyph]:
    glyphs: list[Glyph] = []
    for text, style, _ in strip:
        for character in text:
            width = cell_len(character)
            if width:
                glyphs += [(character, style), *[("", style)] * (width - 1)]
            elif glyphs:
                glyphs[-1] = glyphs[-1][0] + character, style
    return glyphs


class SparingWidget(Widget):
    """Draws its lines anew when it is redrawn, and repaints where they differ from the last ones.

    `refresh` paints all of it, as with every widget: when a style or the size is another.
    """

    _painted: tuple[Size, list[Strip]] | None = None

    def draw(self, size: Size) -> list[Strip]:
        """As many lines as the size is tall, each as wide; by default those of `render`."""
        strips = Visual.to_strips(self, visualize(self, self.render()), *size, self.visual_style)
        blank = self.visual_style.rich_style
        padded = [strip.adjust_cell_length(size.width, blank) for strip in strips[: size.height]]
        return padded + [Strip.blank(size.width, blank)] * (size.height - len(padded))

    def redraw(self) -> None:
        """What the widget shows is another: paints what differs."""
        if self._painted is None or self._painted[0] != self.size:
            self.refresh()
            return
        before, now = self._painted[1], self.draw(self.size)
        self._painted = self.size, now
        if regions := tuple(changed_regions(before, now)):
            super().refresh(*regions)

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        if not regions:
            self._painted = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_line(self, y: int) -> Strip:
        if self._painted is None or self._painted[0] != self.size:
            self._painted = self.size, self.draw(self.size)
        return self._painted[1][y]
