import CEdgernn
import Foundation

/// An open classifier of libedgernn and the bytes of its file; the last reference closes it.
///
/// It is unchecked because of its pointers: nothing changes them, and every function of libedgernn
/// that is called with them is thread-safe, as edgernn.h says of each.
final class Model: @unchecked Sendable {
    let handle: OpaquePointer
    /// The file in memory, where it was not opened by its path.
    private let data: UnsafeMutableRawPointer?

    /// Opens a file.
    init(path: URL) throws {
        guard path.isFileURL else {
            throw EdgernnError(.notFound, path: path.absoluteString)
        }
        var opened: OpaquePointer?
        try EdgernnError.check(
            path.withUnsafeFileSystemRepresentation { edgernn_load($0, &opened) }, path: path.path)
        guard let opened = opened else { throw EdgernnError(.outOfMemory, path: path.path) }
        handle = opened
        data = nil
    }

    /// Opens a copy of a file in memory.
    init(bytes: UnsafeRawBufferPointer) throws {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: bytes.count + 4, alignment: Int(EDGERNN_ALIGNMENT))
        var opened: OpaquePointer?
        var status = EDGERNN_ERROR_ALIGNMENT
        // Bundles that another tool zipped may have the model at any place: move it to a multiple of
        // 4, as edgernn_load does.
        for shift in 0..<4 where status == EDGERNN_ERROR_ALIGNMENT {
            let start = memory + shift
            UnsafeMutableRawBufferPointer(start: start, count: bytes.count).copyMemory(from: bytes)
            status = edgernn_load_memory(start, bytes.count, &opened)
        }
        guard let opened = opened else {
            memory.deallocate()
            try EdgernnError.check(status)
            throw EdgernnError(.outOfMemory)
        }
        handle = opened
        data = memory
    }

    deinit {
        edgernn_free(handle)
        data?.deallocate()
    }
}
