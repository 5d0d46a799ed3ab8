"""The dictionary of SPDY 3 header compression, a constant of the protocol (compressed here for brevity)."""

import base64
import zlib

_PACKED = (
    "eNplVNty2zYQ1dSylEmTtEl+AM8tGYMk6Did8YN7cet03GQad/oMgSsKMQggIKhLvr67oOQq7YwkHhzs5eyFmkwmc+ejdrafTCbT"
    "FciGnt71EZ8nfqDHrAEDERCdxiAVgZlUCjxdPhtRrlYy9EDMN3sGrHKNtu0RZaRtB9lShKd7KiAFlPxk5E+lMW6TDIa4ckF/liSP"
    "CCXVCnLlbAzOIPEYoQW1v35CF2BjvpA9Bfr2cD7S8cAdCXn2wIFt4+oLK6cOyb8+cF1TJy37Y5J/nD3uPJ2njUwdm0KUlHkGW49S"
    "Ec0R6ZBKni6D61Lfx34/0su8k1GRiOeEUfdSQ5P32qa2P0XSOgsPVuRxkPAS8WD/72NkHx9Ckc9RWU86uc2XLmxkaEjRzAfZdhLR"
    "Cx/cdpfTELAsrcZyXv7LHo/m9KBhHmAJAQJ1LEAMaLqM6TjrIawT+ipFmuMqaZOI5whtj37Ho5oPvg2yIdPHA/rmOC1LTZquZdjR"
    "vqw16ZyjdLuf7maz+a/gWQcolco+adN2zvoo45BqLTln736nGCisHyt59Nvd3fuz4lVBHkMwqSfDwmhFQnDBcf/cvU6y7gF8Lo1e"
    "p0TYj1bbgvOCFyV9ypLXJT+vOK94WfGq4qLidUXMa8FLwWvBzwXhC8HfiIKLohBFKYpKFEIUtSjORfG65mXNRU2hKvaHs/nV2Hus"
    "AhOzG4vT69IcSi7QgP00LmLFC3br1tCw94AGFimzE1jxj7Jhf8KnAfoo0OYvexgmNAJTXLuw0E0DVqRwEYnBNjU63mDcYKVhH9Ik"
    "2S8huFBjCLK66byBDpMA2lbJRCug6Gscs1wYeCstu4YFu5WBXfmAzx17O1j8GnY1tOjiI3unIoZbs59BMc5/SB8sw2bsboCM/Q0N"
    "otWQseugM/ZBRvwZ8PbX2zu1Guw93kfYxrNV7EymO9yZM2/bPfroD6jVy0x6b/T4Ipxt0fqLM/l/T2yK5o3UdoQfsZ5eBe1jNq6F"
    "D3qNq0bvEUa+bD9rnzWwNMhlfaNW+//FyyEu84vDQfcuv7io3+RFRnz2XQb20yV/9Q/jxqfC"
)


def dictionary() -> bytes:
    """The 1,423 bytes with which both sides start their compression."""
    return zlib.decompress(base64.b64decode(_PACKED))
