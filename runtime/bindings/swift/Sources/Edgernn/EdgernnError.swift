import CEdgernn
import Foundation

/// The error of a call: its status and, if a file was opened, the path.
public struct EdgernnError: Error, Equatable, Sendable {
    /// Why the call failed.
    public let status: Status
    /// The path of the file, or the URL if it is not of a file; nil if the error is not about a file.
    public let path: String?

    /// Makes an error, such as that of an app whose bundle has no model.
    public init(_ status: Status, path: String? = nil) {
        self.status = status
        self.path = path
    }

    /// Throws the error of a status of C, unless it is `EDGERNN_OK`.
    static func check(_ code: edgernn_status, path: String? = nil) throws {
        guard code != EDGERNN_OK else { return }
        guard let status = Status(rawValue: Int32(code.rawValue)) else {
            preconditionFailure("libedgernn returned the status \(code.rawValue)")
        }
        throw EdgernnError(status, path: path)
    }
}

extension EdgernnError {
    /// Why a call failed: the statuses of `edgernn.h`, with the same numbers, and `closed`.
    public enum Status: Int32, CaseIterable, Sendable {
        /// The classifier was closed.
        case closed = -1
        /// A number is outside its range.
        case argument = 1
        /// The file cannot be opened or read.
        case notFound = 2
        /// The data is neither a `.edgernn` bundle nor a `model.bin`.
        case notABundle = 3
        /// The bundle or its `model.bin` needs a newer version of this package.
        case newerVersion = 4
        /// The archive is malformed.
        case malformedBundle = 5
        /// `manifest.json` is malformed.
        case malformedManifest = 6
        /// The vocabulary, the labels or the rules of the tokenizer are malformed.
        case malformedVocabulary = 7
        /// A number in `model.bin` is out of range.
        case malformedModel = 8
        /// The test vectors of the bundle are malformed.
        case malformedVectors = 9
        /// A checksum or hash does not match: the file was damaged or put together from two.
        case checksum = 10
        /// The bundle contains a model for another engine, such as TFLite or ONNX.
        case otherFormat = 11
        /// The `model.bin` has no tokenizer and labels.
        case noTokenizer = 12
        /// There are no test vectors.
        case noVectors = 13
        /// The self-test found a difference; ``Classifier/selfTest()`` returns it as `passed` instead.
        case selfTest = 14
        /// There is not enough memory.
        case outOfMemory = 15
        /// The scratch is too small.
        case memoryTooSmall = 16
        /// The model inside a bundle that another tool zipped is not aligned.
        case alignment = 17
        /// The capacity of an output buffer is too small.
        case capacity = 18
        /// The text is longer than ``Classifier/maxTextBytes``.
        case textTooLong = 19
        /// There are no ids, or an id is outside the vocabulary.
        case ids = 20
        /// This processor lacks the instructions of the kernels.
        case kernels = 21
        /// The model computed NaN or an infinity.
        case output = 22
        /// The processor is big-endian.
        case bigEndian = 23
        /// The file needs something that this build of the library has not.
        case notInBuild = 24

        /// The name of the status in C, such as `EDGERNN_ERROR_CHECKSUM`, or `closed`.
        public var name: String {
            self == .closed ? "closed" : String(cString: edgernn_status_name(code))
        }

        /// A sentence that says what is wrong.
        public var message: String {
            self == .closed
                ? "the classifier was closed" : String(cString: edgernn_status_message(code))
        }

        private var code: edgernn_status {
            edgernn_status(rawValue: .init(rawValue))
        }
    }
}

extension EdgernnError: LocalizedError, CustomStringConvertible {
    /// The path, if there is one, and a sentence that says what is wrong.
    public var description: String {
        (path.map { "\($0): " } ?? "") + status.message
    }

    /// The same as the description.
    public var errorDescription: String? { description }
}
