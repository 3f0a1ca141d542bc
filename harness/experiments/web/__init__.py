"""The same web service in several languages: what a request costs, how many a second, how late, and in how many bytes.

`experiment` is what measuring sees of it. What another experiment would need as well belongs into a room below.
"""

NAME = "web"
"""Of its folders below implementations/ and containers/, and in journals."""
