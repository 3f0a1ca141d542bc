"""The records that all modules share, in the words of the glossary. Times are nanoseconds, sizes are bytes."""
