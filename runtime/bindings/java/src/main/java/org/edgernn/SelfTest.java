package org.edgernn;

/** The result of replaying the test vectors of a bundle. Immutable. */
public final class SelfTest {
  private final boolean passed;
  private final int texts;
  private final float maxError;

  SelfTest(boolean passed, int texts, float maxError) {
    this.passed = passed;
    this.texts = texts;
    this.maxError = maxError;
  }

  /** Returns whether this device gives the outputs of the exporting machine. */
  public boolean isPassed() {
    return passed;
  }

  /** Returns the number of texts that were replayed. */
  public int getTexts() {
    return texts;
  }

  /** Returns the largest absolute error of an output. */
  public float getMaxError() {
    return maxError;
  }
}
