"""From a journal to figures, ratios, warnings and differences. Pure: it touches no engine and no disk."""
