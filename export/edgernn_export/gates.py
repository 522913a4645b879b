"""The gates of an export: which failed checks of a verification reject the file."""

from __future__ import annotations

from pathlib import Path

from edgernn_export.errors import GateError
from edgernn_export.verification import Check, Verdict


def check_gates(out: Path, verdict: Verdict, *, allow_drop: bool) -> tuple[str, ...]:
    """Return a warning for each check that failed and may fail.

    Args:
        out: the output that would be written, for the error.
        verdict: the results of a verification.
        allow_drop: whether the output is written even if a check fails.

    Raises:
        GateError: a check failed that must not.
    """
    missed = [one for one in verdict.checks if not one.passed]
    # Random words are no ground to refuse a model: they may not separate its classes.
    is_drawn = verdict.comparison.source == "synthetic"
    failed = [one for one in missed if not (is_drawn and one in verdict.of_texts)]
    if failed and not allow_drop:
        raise _gate_error(out, failed, verdict)
    hint = "; give real texts with --texts" if is_drawn else ""
    return tuple(_warning(one) + hint for one in missed)


def _warning(missed: Check) -> str:
    return f"gate missed: {missed.name}, expected {missed.expected}, found {missed.found:.3g}"


def _gate_error(out: Path, failed: list[Check], verdict: Verdict) -> GateError:
    """Return the error for failed checks, which states what failed: file, texts or pipeline."""
    what = "outputs differ from Keras beyond the tolerance"
    hint = "compare on other texts with --texts, try another recipe, or keep it: --allow-drop"
    if verdict.of_pipeline and verdict.of_pipeline[0].passed:
        hint = (
            "Keras with these options equals your predictions, so the options are right and the "
            f"recipe rounds too much: try --quantize float16, or another --format; or {hint}"
        )
    if failed[0] in verdict.of_pipeline:
        what = "outputs differ from the reference predictions beyond the tolerance"
        hint = verdict.suggestion or (
            "check what describes your pipeline: --tokenizer or --vocabulary, --standardize, "
            "--padding, --truncating, --max-length; and the order of the columns, or --labels"
        )
    elif all(one in verdict.of_texts for one in failed):
        what = "these texts cannot distinguish the model from a perturbed one"
        hint = "give texts of several classes with --texts, or write it unchecked: --allow-drop"
        if verdict.comparison.classes_used < 2:
            what = "Keras predicts the same label for all of these texts"
            hint = f"train the model further, or {hint}"
    return GateError(
        f"verification failed: {what}; nothing was written",
        path=out,
        expected="; ".join(f"{one.name} {one.expected}" for one in failed),
        found="; ".join(f"{one.name} {one.found:.3g}" for one in failed),
        hint=hint,
    )
