"""The closed family of errors that edgernn raises."""

from __future__ import annotations

from pathlib import Path


class EdgernnError(Exception):
    """Base of every error of edgernn: what went wrong, where, and what to do next.

    Attributes:
        what: one sentence that says what went wrong.
        path: the file or folder it went wrong in, or None where there is none.
        expected: what should have been there, or None.
        found: what was there instead, or None.
        hint: the next step for the reader, or None.
        is_usage: whether what was asked for does not exist or does not fit, so that a command
            exits with 2, not 1.
    """

    is_usage = False

    def __init__(
        self,
        what: str,
        *,
        path: Path | str | None = None,
        expected: str | None = None,
        found: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.path = None if path is None else str(path)
        self.expected = expected
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        """Return the sentence and, a line each, where, expected, found and the next step."""
        details = (
            ("where", self.path),
            ("expected", self.expected),
            ("found", self.found),
            ("next", self.hint),
        )
        lines = [f"  {name + ':':<10}{value}" for name, value in details if value is not None]
        return "\n".join([self.what, *lines])


class OptionError(EdgernnError):
    """An option has a value that does not exist, or does not fit the model."""

    is_usage = True


class BundleNotFoundError(EdgernnError):
    """There is no bundle at the path."""

    is_usage = True


class BundleFormatError(EdgernnError):
    """The file is not a bundle, or a member is missing, too large or malformed."""


class BundleVersionError(EdgernnError):
    """The bundle was written by a newer edgernn than the one that reads it."""


class BundleHashError(EdgernnError):
    """A member of the bundle is not the one that the manifest was written for."""


class EngineMissingError(EdgernnError):
    """The package that runs this model format is not installed."""


class EngineError(EdgernnError):
    """The engine cannot be imported, refuses the model, or failed on a text."""


class TextError(EdgernnError):
    """The text is of the wrong type or longer than the limit."""


class SharingError(EdgernnError):
    """A classifier was to be handed to another process."""


class ClosedError(EdgernnError):
    """The classifier was used after it was closed."""
