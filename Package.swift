// swift-tools-version:5.5
// The Swift package: Edgernn, and the library in C that it calls. docs/hosts/swift.md describes it.
import PackageDescription

let package = Package(
    name: "edgernn",
    platforms: [.iOS(.v13), .macOS(.v11)],
    products: [.library(name: "Edgernn", targets: ["Edgernn"])],
    targets: [
        .target(
            name: "CEdgernn",
            path: "runtime/libedgernn",
            exclude: [
                "CMakeLists.txt", "Makefile", "amalgamate.py", "edgernn.pc.in",
                "examples", "tests", "threads",
                "src/unicode_tables.inc", "src/kernels/amx.inc", "src/kernels/fixed.inc", "src/kernels/gates.inc",
                "src/kernels/int8.inc", "src/kernels/kernels.inc", "src/kernels/sigmoid_table.inc",
            ],
            sources: ["src"],
            publicHeadersPath: "include",
            linkerSettings: [.linkedLibrary("m", .when(platforms: [.linux]))]
        ),
        .target(
            name: "Edgernn", dependencies: ["CEdgernn"],
            path: "runtime/bindings/swift/Sources/Edgernn"
        ),
        // Replays the corpus of all hosts, and measures. It is no product: a program that depends on
        // the package does not build it.
        .executableTarget(
            name: "EdgernnHost", dependencies: ["Edgernn"],
            path: "runtime/bindings/swift/Sources/EdgernnHost"
        ),
        .testTarget(
            name: "EdgernnTests", dependencies: ["Edgernn"],
            path: "runtime/bindings/swift/Tests/EdgernnTests"
        ),
    ]
)
