"""The matrix product: its cases, operands, contract, validation, sizing, peak and published table.

`experiment` is what measuring sees of it. What another experiment would need as well belongs into a room below.
"""

NAME = "matmul"
"""Of its folders below implementations/ and containers/, and in journals."""
