//! The errors of the crate, with one status for each of edgernn.h.

use std::ffi::CStr;
use std::fmt;
use std::io;
use std::os::raw::c_int;
use std::path::{Path, PathBuf};

use crate::sys;

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident = $number:literal,)*) => {
        /// Why a call failed: the statuses of `edgernn.h`, with the same numbers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        #[repr(i32)]
        pub enum Status {
            $($(#[$doc])* $name = $number,)*
        }

        impl Status {
            /// Return the result of a call that returned a status.
            pub(crate) fn check(status: c_int) -> Result<(), Status> {
                match status {
                    0 => Ok(()),
                    $($number => Err(Status::$name),)*
                    // The library that is linked is the one of this crate: it has no others.
                    _ => unreachable!("libedgernn returned the status {status}"),
                }
            }
        }
    };
}

statuses! {
    /// A number is outside its range.
    Argument = 1,
    /// The file cannot be opened or read.
    NotFound = 2,
    /// The data is neither a `.edgernn` bundle nor a `model.bin`.
    NotABundle = 3,
    /// The bundle or its `model.bin` needs a newer version of this crate.
    NewerVersion = 4,
    /// The archive is malformed.
    MalformedBundle = 5,
    /// `manifest.json` is malformed.
    MalformedManifest = 6,
    /// The vocabulary, the labels or the rules of the tokenizer are malformed.
    MalformedVocabulary = 7,
    /// A number in `model.bin` is out of range.
    MalformedModel = 8,
    /// The test vectors of the bundle are malformed.
    MalformedVectors = 9,
    /// A checksum or hash does not match: the file was damaged or put together from two.
    Checksum = 10,
    /// The bundle contains a model for another engine, such as TFLite or ONNX.
    OtherFormat = 11,
    /// The `model.bin` has no tokenizer and labels.
    NoTokenizer = 12,
    /// There are no test vectors.
    NoVectors = 13,
    /// The self-test found a difference; [`Classifier::self_test`](crate::Classifier::self_test)
    /// returns it as `passed` instead.
    SelfTest = 14,
    /// There is not enough memory.
    OutOfMemory = 15,
    /// The scratch is too small.
    MemoryTooSmall = 16,
    /// The model inside a bundle that another tool zipped is not aligned.
    Alignment = 17,
    /// The capacity of an output buffer is too small.
    Capacity = 18,
    /// The text is longer than [`MAX_TEXT_BYTES`](crate::MAX_TEXT_BYTES).
    TextTooLong = 19,
    /// There are no ids, or an id is outside the vocabulary.
    Ids = 20,
    /// This processor lacks the instructions of the kernels.
    Kernels = 21,
    /// The model computed NaN or an infinity.
    Output = 22,
    /// The processor is big-endian.
    BigEndian = 23,
    /// The file needs something that this build of the library has not.
    NotInBuild = 24,
}

impl Status {
    /// Return the name in `edgernn.h`, such as `EDGERNN_ERROR_CHECKSUM`.
    pub fn name(self) -> &'static str {
        // SAFETY: the function returns an ASCII string that lives forever.
        let name = unsafe { CStr::from_ptr(sys::edgernn_status_name(self as c_int)) };
        name.to_str().unwrap_or("unknown")
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the function returns a string that lives forever.
        let message = unsafe { CStr::from_ptr(sys::edgernn_status_message(*self as c_int)) };
        formatter.write_str(&message.to_string_lossy())
    }
}

/// The error of a call: its status and, if a file was opened by its path, that path.
#[derive(Debug)]
pub struct Error {
    status: Status,
    path: Option<PathBuf>,
    source: Option<io::Error>,
}

impl Error {
    /// Return why the call failed.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Return the path of the file; `None` if the error is not about a path.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    pub(crate) fn unreadable(path: &Path, source: io::Error) -> Self {
        Self { source: Some(source), ..Self::from(Status::NotFound).at(path) }
    }

    pub(crate) fn at(self, path: &Path) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self { status, path: None, source: None }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(path) = &self.path {
            write!(formatter, "{}: ", path.display())?;
        }
        write!(formatter, "{}", self.status)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
