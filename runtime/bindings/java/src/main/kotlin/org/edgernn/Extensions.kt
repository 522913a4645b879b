package org.edgernn

import java.io.File

/** Opens the bundle in this file. */
fun File.loadClassifier(): Classifier = Classifier.load(path)

/** The label, or null: `val (label, probability) = classifier.predict(text)`. */
operator fun Prediction.component1(): String? = label

/** The probability of the label. */
operator fun Prediction.component2(): Float = probability

/** The probability of a label, or null if the model does not have it: `prediction["pos"]`. */
operator fun Prediction.get(label: String): Float? = probabilities[label]

/** Classifies a text: `classifier(text)`. */
operator fun Classifier.invoke(text: String): Prediction = predict(text)
