package org.edgernn;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The prediction for a text. Immutable. */
public final class Prediction {
  private final List<String> labels;
  private final float[] values;
  private final int index;

  Prediction(List<String> labels, float[] values, int index) {
    this.labels = labels;
    this.values = values;
    this.index = index;
  }

  /** Returns the most probable label. */
  public String getLabel() {
    return labels.get(index);
  }

  /** Returns the index of the most probable label in {@link Classifier#getLabels}. */
  public int getIndex() {
    return index;
  }

  /** Returns the probability of the most probable label. */
  public float getProbability() {
    return values[index];
  }

  /**
   * Returns the probability of every label, in the order of {@link Classifier#getLabels}. They add
   * up to 1, except for a multi-label model.
   */
  public Map<String, Float> getProbabilities() {
    Map<String, Float> found = new LinkedHashMap<>(2 * values.length);
    for (int i = 0; i < values.length; i++) {
      found.put(labels.get(i), values[i]);
    }
    return Collections.unmodifiableMap(found);
  }

  /** Returns the labels with at least a probability, for a multi-label model. */
  public List<String> above(double threshold) {
    List<String> found = new ArrayList<>();
    for (int i = 0; i < values.length; i++) {
      if (values[i] >= threshold) {
        found.add(labels.get(i));
      }
    }
    return found;
  }

  @Override
  public String toString() {
    return "Prediction(" + getLabel() + ", " + getProbability() + ")";
  }
}
