// What the corpus of tests/hosts does not show: threads, closing, explanations, the self-test, errors.
import Edgernn
import Foundation
import XCTest

final class ClassifierTests: XCTestCase {
    private static let bundle = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("../../../examples/sentiment/sentiment.edgernn")

    private func open() throws -> Classifier {
        try Classifier(contentsOf: Self.bundle)
    }

    func testAPredictionHasTheLabelOfTheLargestProbability() throws {
        let classifier = try open()
        let found = try classifier.predict("A film to remember.")
        XCTAssertEqual(classifier.labels, ["neg", "pos"])
        XCTAssertEqual(found.label, "pos")
        XCTAssertEqual(found.probability, found.probabilities[1])
        XCTAssertEqual(found.probabilities.reduce(0, +), 1, accuracy: 1e-6)
        XCTAssertEqual(try classifier.predict(utf8: Array("A film to remember.".utf8)), found)
        XCTAssertEqual(Classifier.version, 100)
        XCTAssertFalse(classifier.kernels.isEmpty)
    }

    func testDataAndFileGiveTheSame() throws {
        let data = try Data(contentsOf: Self.bundle)
        // A slice begins at an odd address.
        let slice = (Data([0]) + data).dropFirst()
        for text in ["", "a good film", "caf\u{e9}"] {
            let expected = try open().predict(text)
            XCTAssertEqual(try Classifier(data: data).predict(text), expected)
            XCTAssertEqual(try Classifier(data: slice).predict(text), expected)
        }
    }

    func testThreadsShareAClassifier() throws {
        let classifier = try open()
        let texts = (0..<40).map { String(repeating: "a good film ", count: $0) }
        let expected = try texts.map { try classifier.predict($0) }
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<20 {
                for (text, expected) in zip(texts, expected) {
                    XCTAssertEqual(try? classifier.predict(text), expected)
                }
            }
        }
    }

    func testAClosedClassifierThrows() throws {
        let classifier = try open()
        let expected = try classifier.predict("a good film")
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for i in 0..<500 {
                if thread == 0 && i == 250 { classifier.close() }
                do {
                    let found = try classifier.predict("a good film")
                    XCTAssertEqual(found, expected)
                } catch {
                    XCTAssertEqual((error as? EdgernnError)?.status, .closed)
                }
            }
        }
        XCTAssertThrowsError(try classifier.tokenize("a")) {
            XCTAssertEqual($0 as? EdgernnError, EdgernnError(.closed))
            XCTAssertEqual($0.localizedDescription, "the classifier was closed")
        }
    }

    func testWeightsAreDifferencesOfProbabilities() throws {
        let classifier = try open()
        let whole = try classifier.predict("not a good film")
        let without = try classifier.predict("a good film")
        let tokens = try classifier.explain("not a good film")
        XCTAssertEqual(tokens.map(\.token), ["not", "a", "good", "film"])
        let label = try XCTUnwrap(classifier.labels.firstIndex(of: whole.best))
        let expected = whole.probability - without.probabilities[label]
        XCTAssertEqual(tokens[0].weight, expected, accuracy: 1e-6)
        XCTAssertEqual(try classifier.tokenize("not a good film"), tokens.map(\.id))
    }

    func testBuffersGrowWithTheText() throws {
        let ids = try open().tokenize(String(repeating: "good ", count: 3000))
        XCTAssertGreaterThan(ids.count, 256)
        XCTAssertEqual(Set(ids).count, 1)
        let tokens = try open().explain(String(repeating: "film ", count: 300))
        XCTAssertEqual(tokens.count, 300)
        XCTAssertEqual(tokens[299].token, "film")
    }

    func testTheSelfTestPasses() throws {
        let found = try open().selfTest()
        XCTAssertTrue(found.passed)
        XCTAssertGreaterThan(found.texts, 0)
        XCTAssertLessThan(found.maxError, 1e-2)
    }

    func testErrorsSayWhatIsWrong() throws {
        let data = try Data(contentsOf: Self.bundle)
        var damaged = data
        damaged[data.count / 2] ^= 1
        let classifier = try open()
        let long = String(repeating: "a", count: Classifier.maxTextBytes + 1)
        let calls: [(EdgernnError.Status, () throws -> Void)] = [
            (.notFound, { _ = try Classifier(contentsOf: URL(fileURLWithPath: "/no such file")) }),
            (.notFound, { _ = try Classifier(contentsOf: URL(string: "https://localhost/a")!) }),
            (.notABundle, { _ = try Classifier(data: Data("text".utf8)) }),
            (.notABundle, { _ = try Classifier(data: Data()) }),
            (.checksum, { _ = try Classifier(data: damaged) }),
            (.textTooLong, { _ = try classifier.predict(long) }),
        ]
        for (expected, call) in calls {
            XCTAssertThrowsError(try call()) {
                XCTAssertEqual(($0 as? EdgernnError)?.status, expected)
            }
        }
        XCTAssertEqual(EdgernnError.Status.checksum.name, "EDGERNN_ERROR_CHECKSUM")
        for status in EdgernnError.Status.allCases {
            XCTAssertNotEqual(status.message, "unknown status")
        }
    }

    func testErrorsOfAFileNameItsPath() throws {
        var damaged = try Data(contentsOf: Self.bundle)
        damaged[damaged.count / 2] ^= 1
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("damaged.edgernn")
        try damaged.write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        XCTAssertThrowsError(try Classifier(contentsOf: file)) {
            XCTAssertEqual($0 as? EdgernnError, EdgernnError(.checksum, path: file.path))
            let message = EdgernnError.Status.checksum.message
            XCTAssertEqual($0.localizedDescription, "\(file.path): \(message)")
        }
        XCTAssertThrowsError(try Classifier(contentsOf: URL(fileURLWithPath: "/no such file"))) {
            XCTAssertEqual("\($0)", "/no such file: the file cannot be opened or read")
        }
        XCTAssertThrowsError(try Classifier(contentsOf: URL(string: "https://localhost/a")!)) {
            XCTAssertEqual(($0 as? EdgernnError)?.path, "https://localhost/a")
        }
        XCTAssertThrowsError(try Classifier(data: damaged)) {
            XCTAssertEqual($0 as? EdgernnError, EdgernnError(.checksum))
        }
    }
}
