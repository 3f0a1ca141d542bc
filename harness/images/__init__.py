"""From recipes to images: the catalogue, the base, what is built, what it weighs, and what identifies it.

Nothing here measures.
"""
