// Classifies a text while it is typed. Not built by the project, which has no Xcode.
import Edgernn
import SwiftUI

@main
struct ClassifyApp: App {
    var body: some Scene {
        WindowGroup { ContentView() }
    }
}

struct ContentView: View {
    @State private var text = "Funny, warm and surprisingly clever."
    private let result = Result { try Model.open() }

    var body: some View {
        VStack(alignment: .leading, spacing: 16) {
            TextField("A film review", text: $text)
                .textFieldStyle(RoundedBorderTextFieldStyle())
            Text(verdict)
        }
        .padding()
    }

    /// A prediction takes less time than a frame, so that it can run in the main thread.
    private var verdict: String {
        do {
            let prediction = try result.get().predict(text)
            return "\(prediction.label ?? "no label") \(prediction.probability)"
        } catch {
            return error.localizedDescription
        }
    }
}

enum Model {
    /// Opens model.edgernn of the app's bundle.
    static func open() throws -> Classifier {
        guard let url = Bundle.main.url(forResource: "model", withExtension: "edgernn") else {
            throw EdgernnError(.notFound, path: "model.edgernn")
        }
        return try Classifier(contentsOf: url)
    }
}
