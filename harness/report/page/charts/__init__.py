"""The page's charts, as static SVG drawn by Vega: one module a chart, each at any width and in any colours."""
