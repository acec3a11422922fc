"""Pictures drawn on the server as inline SVG, from the values of `pages`.

Lines stretch with the page while their text keeps the size of the page's text: positions across are percentages,
positions down are pixels, and only the lines lie in a nested picture that stretches. Colours are classes.
"""

from camphora.web.drawing.bars import bars
from camphora.web.drawing.county_map import county_map
from camphora.web.drawing.line import line_chart
from camphora.web.drawing.point_map import point_map
from camphora.web.drawing.spark import spark

__all__ = ["bars", "county_map", "line_chart", "point_map", "spark"]
