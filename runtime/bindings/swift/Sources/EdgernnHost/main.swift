// The Swift host of tests/hosts. It prints what it replayed and what passed, what 100,000
// predictions and 1,000 classifiers leave in memory, or what a prediction costs:
//
//     EdgernnHost replay FOLDER
//     EdgernnHost leaks BUNDLE
//     EdgernnHost cost BUNDLE TIMES TEXT...
import Edgernn
import Foundation

func decode(_ word: Substring) -> [UInt8] {
    guard word != "-" else { return [] }
    let digits = Array(word.utf8)
    return stride(from: 0, to: digits.count, by: 2).map {
        UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16)!
    }
}

/// The corpus, and its classifiers, which stay open.
final class Corpus {
    let folder: URL
    private var opened: [Substring: Classifier] = [:]

    init(folder: URL) {
        self.folder = folder
    }

    func bundle(_ name: Substring) -> URL {
        folder.appendingPathComponent("bundles").appendingPathComponent(String(name))
    }

    func classifier(_ name: Substring) throws -> Classifier {
        if let found = opened[name] { return found }
        let found = try Classifier(contentsOf: bundle(name))
        opened[name] = found
        return found
    }

    func replay(_ name: String, _ passes: ([Substring]) throws -> Bool) throws {
        let file = folder.appendingPathComponent("\(name).txt")
        let lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
        let passed = try lines.filter { try passes($0.split(separator: " ")) }
        print(name, lines.count, passed.count)
    }

    func predictionPasses(_ words: [Substring]) throws -> Bool {
        let classifier = try classifier(words[0])
        let found = try classifier.predict(utf8: decode(words[1]))
        let expected = words[6].split(separator: ",").map { Float($0)! }
        let tolerance = Float(words[7])!
        func number(_ label: String?) -> String {
            label.map { String(classifier.labels.firstIndex(of: $0)!) } ?? "-"
        }
        let applying = found.labels.map(number).joined(separator: ",")
        let chosen = [number(found.label), number(found.best), number(found.runnerUp)]
        return chosen == words[2...4].map(String.init)
            && (applying.isEmpty ? "-" : applying) == words[5]
            && found.probabilities.count == expected.count
            && zip(found.probabilities, expected).allSatisfy { abs($0 - $1) <= tolerance }
    }

    /// A text is replayed as bytes and, where it is valid UTF-8, as a string.
    func tokensPass(_ words: [Substring]) throws -> Bool {
        let classifier = try classifier(words[0])
        let text = decode(words[1])
        let expected = words[2] == "-" ? [] : words[2].split(separator: ",").map { Int32($0)! }
        guard try classifier.tokenize(utf8: text) == expected else { return false }
        guard let string = String(bytes: text, encoding: .utf8) else { return true }
        return try classifier.tokenize(string) == expected
    }

    func brokenPasses(_ words: [Substring]) throws -> Bool {
        let base = try Data(contentsOf: bundle(words[2]))
        var data = Data()
        for part in words[3...] {
            if part.hasPrefix("=") {
                let numbers = part.dropFirst().split(separator: ",").map { Int($0)! }
                data += base[numbers[0]..<numbers[0] + numbers[1]]
            } else {
                data += decode(part.dropFirst())
            }
        }
        do {
            _ = try Classifier(data: data)
            return words[1] == "OK"
        } catch let error as EdgernnError {
            return error.status.name == "EDGERNN_ERROR_\(words[1])"
        }
    }
}

/// Returns the kilobytes of memory that the process uses.
func resident() throws -> Int {
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS") }!
    return Int(line.split { $0 == " " || $0 == "\t" }[1])!
}

/// Prints by how many kilobytes the process grows.
func leaks(_ bundle: URL) throws {
    let data = try Data(contentsOf: bundle)
    func run(opened: Int, predictions: Int) throws {
        for _ in 0..<opened {
            try Classifier(contentsOf: bundle).close()
            _ = try Classifier(data: data)
            do {
                _ = try Classifier(data: Data("text".utf8))
            } catch let error as EdgernnError where error.status == .notABundle {}
        }
        let classifier = try Classifier(contentsOf: bundle)
        for _ in 0..<predictions {
            _ = try classifier.predict("a film to remember")
        }
        for _ in 0..<predictions / 100 {
            _ = try classifier.tokenize("a film to remember")
            _ = try classifier.explain("a film to remember")
        }
    }
    try run(opened: 100, predictions: 10_000)
    let before = try resident()
    try run(opened: 1_000, predictions: 100_000)
    print(try resident() - before)
}

/// Prints the microseconds from opening to the first prediction, and of one of each text.
func cost(_ bundle: URL, _ times: Int, _ texts: [String]) throws {
    func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1000 }
    let start = now()
    let classifier = try Classifier(contentsOf: bundle)
    _ = try classifier.predict(texts[0])
    print(now() - start)
    for text in texts {
        var fastest = Double.infinity
        for _ in 0..<times {
            let start = now()
            _ = try classifier.predict(text)
            fastest = min(fastest, now() - start)
        }
        print(fastest)
    }
}

let arguments = CommandLine.arguments
let path = URL(fileURLWithPath: arguments[2])
switch arguments[1] {
case "replay":
    let corpus = Corpus(folder: path)
    try corpus.replay("predictions", corpus.predictionPasses)
    try corpus.replay("tokens", corpus.tokensPass)
    try corpus.replay("broken", corpus.brokenPasses)
case "leaks": try leaks(path)
case "cost": try cost(path, Int(arguments[3])!, Array(arguments[4...]))
default: fatalError("unknown command: \(arguments[1])")
}
