"""The errors of edgernn. Each is an `EdgernnError`."""

from __future__ import annotations

from pathlib import Path


class EdgernnError(Exception):
    """The base of every error of edgernn: what went wrong, where, and what to do next.

    Attributes:
        what: one sentence that describes the failure.
        path: the file or folder where it happened, or None.
        expected: the expected value, or None.
        found: the actual value, or None.
        hint: the next step for the user, or None.
        status: the name of the status in the C library without `EDGERNN_ERROR_`; "ERROR" for a
            failure that the library does not have.
        is_usage: whether the request itself is wrong: a command then exits with 2 instead of 1.
    """

    is_usage = False
    status = "ERROR"

    def __init__(
        self,
        what: str,
        *,
        path: Path | str | None = None,
        expected: str | None = None,
        found: str | None = None,
        hint: str | None = None,
        status: str | None = None,
    ) -> None:
        super().__init__(what)
        self.what = what
        self.path = None if path is None else str(path)
        self.expected = expected
        self.found = found
        self.hint = hint
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        """Return the sentence, followed by lines for path, expected, found and next step."""
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
    """The path does not exist."""

    status = "NOT_FOUND"
    is_usage = True


class BundleFormatError(EdgernnError):
    """The file is not a bundle, or a member is missing, too large or malformed."""

    status = "MALFORMED_BUNDLE"


class BundleVersionError(EdgernnError):
    """The bundle was written by a newer edgernn."""

    status = "NEWER_VERSION"


class BundleHashError(EdgernnError):
    """A member of the bundle does not match its hash in the manifest."""

    status = "CHECKSUM"


class EngineMissingError(EdgernnError):
    """The package that runs this model format is not installed."""


class EngineError(EdgernnError):
    """The engine cannot be imported, refuses the model, or failed on a text."""

    status = "MALFORMED_MODEL"


class TextError(EdgernnError):
    """The text is of the wrong type or longer than the limit."""


class SharingError(EdgernnError):
    """A classifier cannot be shared with another process this way."""


class ClosedError(EdgernnError):
    """The classifier was used after it was closed."""
