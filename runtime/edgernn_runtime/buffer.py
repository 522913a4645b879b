"""Bytes that may lie in a mapped file."""

#: A member's bytes, or a view of them.
Buffer = bytes | memoryview
