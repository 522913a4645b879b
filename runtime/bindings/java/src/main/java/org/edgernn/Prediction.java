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
  /** See {@link Native#predict}. */
  private final int[] chosen;

  Prediction(List<String> labels, float[] values, int[] chosen) {
    this.labels = labels;
    this.values = values;
    this.chosen = chosen;
  }

  /**
   * Returns the most probable label; of a model with thresholds, the most probable one that reaches
   * its threshold, or null if none does.
   */
  public String getLabel() {
    return chosen[0] < 0 ? null : labels.get(chosen[0]);
  }

  /** Returns the index of the label in {@link Classifier#getLabels}, or -1 without a label. */
  public int getIndex() {
    return chosen[0];
  }

  /** Returns the probability of the label, or without a label, the highest one. */
  public float getProbability() {
    return values[chosen[0] < 0 ? chosen[1] : chosen[0]];
  }

  /** Returns the most probable label, also if it does not reach its threshold. */
  public String getBest() {
    return labels.get(chosen[1]);
  }

  /** Returns the second most probable label, or null if the model has one label. */
  public String getRunnerUp() {
    return chosen[2] < 0 ? null : labels.get(chosen[2]);
  }

  /**
   * Returns the labels that apply, the most probable first: of a multi-label model those that reach
   * their thresholds (0.5 if it has none), of others the label.
   */
  public List<String> getLabels() {
    List<String> found = new ArrayList<>();
    for (int i = 0; i < chosen[3]; i++) {
      found.add(labels.get(chosen[4 + i]));
    }
    return Collections.unmodifiableList(found);
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
