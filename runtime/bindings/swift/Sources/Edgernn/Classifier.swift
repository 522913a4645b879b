import CEdgernn
import Foundation

/// A text classifier: opens a `.edgernn` bundle of the format `native`.
///
///     let classifier = try Classifier(contentsOf: url)
///     let prediction = try classifier.predict("A film to remember.")
///     print(prediction.label ?? "-", prediction.probability)
///
/// Threads and tasks may share a classifier, and do not wait for each other.
public final class Classifier: @unchecked Sendable {
    /// The longest text that is accepted, in bytes of UTF-8.
    public static let maxTextBytes = 1 << 20

    /// The version of libedgernn: 10000 * major + 100 * minor + patch.
    public static var version: Int { Int(edgernn_version()) }

    /// The labels.
    public let labels: [String]
    /// The name of the kernels in use, such as `avx2`.
    public let kernels: String

    private let lock = NSLock()
    /// Nil after `close`. The lock guards it; a call that runs has a reference of its own.
    private var model: Model?

    /// Opens a bundle or a `model.bin` at a file URL. Everything in the file is checked first.
    ///
    /// - Throws: an ``EdgernnError`` with the path.
    public convenience init(contentsOf url: URL) throws {
        self.init(try Model(path: url))
    }

    /// Opens a bundle in memory, which is copied.
    ///
    /// - Throws: an ``EdgernnError``.
    public convenience init(data: Data) throws {
        self.init(try data.withUnsafeBytes { try Model(bytes: $0) })
    }

    private init(_ model: Model) {
        self.model = model
        labels = (0..<edgernn_label_count(model.handle)).map {
            String(cString: edgernn_label(model.handle, $0))
        }
        kernels = String(cString: edgernn_kernels(model.handle))
    }

    /// Releases the memory of the model after the calls that are running; later calls throw
    /// ``EdgernnError/Status/closed``. The classifier also does so when its last reference is gone.
    public func close() {
        lock.lock()
        defer { lock.unlock() }
        model = nil
    }

    /// Classifies a text.
    ///
    /// - Throws: an ``EdgernnError``, such as `textTooLong`.
    public func predict(_ text: String) throws -> Prediction {
        var text = text
        return try text.withUTF8(predict)
    }

    /// Classifies a text in UTF-8, valid or not.
    ///
    /// - Throws: an ``EdgernnError``, such as `textTooLong`.
    public func predict(utf8 text: [UInt8]) throws -> Prediction {
        try text.withUnsafeBufferPointer(predict)
    }

    /// Returns the ids that the model reads, padding included.
    ///
    /// - Throws: an ``EdgernnError``.
    public func tokenize(_ text: String) throws -> [Int32] {
        var text = text
        return try text.withUTF8(tokenize)
    }

    /// Returns the ids of a text in UTF-8, valid or not.
    ///
    /// - Throws: an ``EdgernnError``.
    public func tokenize(utf8 text: [UInt8]) throws -> [Int32] {
        try text.withUnsafeBufferPointer(tokenize)
    }

    /// Explains a prediction by classifying the text without each of its tokens in turn.
    ///
    /// - Throws: an ``EdgernnError``.
    public func explain(_ text: String) throws -> [TokenWeight] {
        var text = text
        return try text.withUTF8(explain)
    }

    /// Explains the prediction for a text in UTF-8, valid or not.
    ///
    /// - Throws: an ``EdgernnError``.
    public func explain(utf8 text: [UInt8]) throws -> [TokenWeight] {
        try text.withUnsafeBufferPointer(explain)
    }

    /// Classifies the test vectors of the bundle, to check that this device gives the outputs of the
    /// machine that exported it.
    ///
    /// - Throws: an ``EdgernnError``, such as `noVectors`.
    public func selfTest() throws -> SelfTest {
        let model = try open()
        var texts = 0
        var maxError: Float = 0
        let status = edgernn_self_test(model.handle, &texts, &maxError)
        if status != EDGERNN_ERROR_SELF_TEST { try EdgernnError.check(status) }
        return SelfTest(passed: status == EDGERNN_OK, texts: texts, maxError: maxError)
    }

    /// Returns the model, which stays open as long as the caller refers to it.
    private func open() throws -> Model {
        lock.lock()
        defer { lock.unlock() }
        guard let model = model else { throw EdgernnError(.closed) }
        return model
    }

    private func predict(_ text: UnsafeBufferPointer<UInt8>) throws -> Prediction {
        let model = try open()
        var label = 0
        let probabilities = try [Float](unsafeUninitializedCapacity: labels.count) { room, count in
            try EdgernnError.check(
                withExtendedLifetime(model) {
                    edgernn_classify(
                        model.handle, characters(text), text.count, room.baseAddress, labels.count,
                        &label)
                })
            count = labels.count
        }
        return try withExtendedLifetime(model) { try prediction(model, label, probabilities) }
    }

    /// Returns the prediction for a label of `edgernn_classify`, which may be none.
    private func prediction(_ model: Model, _ label: Int, _ probabilities: [Float]) throws
        -> Prediction
    {
        var (best, runnerUp, count) = (0, 0, 0)
        var applying = [Int](repeating: 0, count: labels.count)
        try EdgernnError.check(edgernn_rank(model.handle, probabilities, &best, &runnerUp))
        try EdgernnError.check(
            edgernn_labels(model.handle, probabilities, &applying, labels.count, &count))
        let chosen = labels.indices.contains(label) ? label : nil
        return Prediction(
            label: chosen.map { labels[$0] }, probability: probabilities[chosen ?? best],
            probabilities: probabilities, labels: applying.prefix(count).map { labels[$0] },
            best: labels[best],
            runnerUp: labels.indices.contains(runnerUp) ? labels[runnerUp] : nil)
    }

    private func tokenize(_ text: UnsafeBufferPointer<UInt8>) throws -> [Int32] {
        let model = try open()
        let room = edgernn_tokenizer_scratch_size(model.handle, text.count)
        let scratch = UnsafeMutableRawPointer.allocate(
            byteCount: room, alignment: Int(EDGERNN_ALIGNMENT))
        defer { scratch.deallocate() }
        var ids = [Int32](repeating: 0, count: 256)
        while true {
            var count = 0
            let status = withExtendedLifetime(model) {
                edgernn_tokenize(
                    model.handle, characters(text), text.count, scratch, room, &ids, ids.count,
                    &count)
            }
            if status == EDGERNN_ERROR_CAPACITY {
                ids = [Int32](repeating: 0, count: count)
                continue
            }
            try EdgernnError.check(status)
            return Array(ids.prefix(count))
        }
    }

    private func explain(_ text: UnsafeBufferPointer<UInt8>) throws -> [TokenWeight] {
        let model = try open()
        var tokens = [edgernn_token](repeating: edgernn_token(), count: 256)
        var spellings = [CChar](repeating: 0, count: 2 * text.count + 4 * tokens.count)
        while true {
            var count = 0
            let status = withExtendedLifetime(model) {
                edgernn_explain(
                    model.handle, characters(text), text.count, &tokens, tokens.count, &count,
                    &spellings, spellings.count)
            }
            if status == EDGERNN_ERROR_CAPACITY {
                // n-grams repeat the words of the text, so that their spellings may need more.
                let room = 2 * spellings.count + 4 * count
                spellings = [CChar](repeating: 0, count: room)
                tokens = [edgernn_token](
                    repeating: edgernn_token(), count: max(count, tokens.count))
                continue
            }
            try EdgernnError.check(status)
            return tokens.prefix(count).map { weight($0, spellings) }
        }
    }
}

/// Returns the text as characters of C; an empty text may have none.
private func characters(_ text: UnsafeBufferPointer<UInt8>) -> UnsafePointer<CChar>? {
    UnsafeRawPointer(text.baseAddress)?.assumingMemoryBound(to: CChar.self)
}

private func weight(_ token: edgernn_token, _ spellings: [CChar]) -> TokenWeight {
    let spelling = spellings[Int(token.start)..<Int(token.start + token.length)]
    let bytes = spelling.map { UInt8(bitPattern: $0) }
    return TokenWeight(
        token: String(decoding: bytes, as: UTF8.self), id: token.id, weight: token.contribution)
}
