/// The prediction for a text.
public struct Prediction: Equatable, Sendable {
    /// The most probable label; of a model with thresholds, the most probable one that reaches its
    /// threshold, or nil if none does.
    public let label: String?
    /// The probability of the label; without a label, the highest one.
    public let probability: Float
    /// The probability of each label, in the order of ``Classifier/labels``.
    public let probabilities: [Float]
    /// The labels that apply, the most probable first: of a multi-label model those that reach their
    /// thresholds (0.5 if it has none), of others the label.
    public let labels: [String]
    /// The most probable label, also if it does not reach its threshold.
    public let best: String
    /// The second most probable label; nil if the model has one label.
    public let runnerUp: String?
}

/// A token of an explained text.
public struct TokenWeight: Equatable, Sendable {
    /// The token as the tokenizer cut it; invalid UTF-8 is U+FFFD.
    public let token: String
    /// Its id.
    public let id: Int32
    /// The probability of the most probable label minus that without this token, -1 to 1.
    public let weight: Float
}

/// The result of a self-test.
public struct SelfTest: Equatable, Sendable {
    /// Whether ids are equal and outputs within the tolerance.
    public let passed: Bool
    /// The number of texts that were classified.
    public let texts: Int
    /// The largest absolute error of an output.
    public let maxError: Float
}
