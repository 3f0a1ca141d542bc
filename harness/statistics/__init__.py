"""From numbers to estimates with their intervals. Pure: nothing here knows what a number was measured of."""
