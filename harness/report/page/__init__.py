"""The page: one self-contained file that a lecturer projects and an engineer sends to a colleague.

`view` says what of a comparison is shown, `charts` draws it, the template lays it out. Nothing on the page is fetched
from anywhere, and everything that a script does can be had without it.
"""
