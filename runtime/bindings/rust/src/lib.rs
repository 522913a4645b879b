//! Text classification on the device: opens a `.edgernn` bundle of the format `native`.
//!
//! ```no_run
//! let classifier = edgernn::Classifier::load("model.edgernn")?;
//! let prediction = classifier.predict("A film to remember.")?;
//! println!("{} {:.4}", prediction.best, prediction.probability);
//! # Ok::<(), edgernn::Error>(())
//! ```
//!
//! A [`Classifier`] is [`Send`] and [`Sync`]: threads may share it, and do not wait for each other.

mod error;
mod sys;

use std::ffi::CStr;
use std::os::raw::{c_char, c_void};
use std::path::Path;
use std::ptr::{null_mut, NonNull};

pub use error::{Error, Status};

/// The longest text that is accepted.
pub const MAX_TEXT_BYTES: usize = 1 << 20;

/// The result of a call that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// The prediction for a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// The most probable label; of a model with thresholds, the most probable one that reaches its
    /// threshold, or `None` if none does.
    pub label: Option<String>,
    /// The probability of the label; without a label, the highest one.
    pub probability: f32,
    /// The probability of each label, in the order of [`Classifier::labels`].
    pub probabilities: Vec<f32>,
    /// The labels that apply, the most probable first: of a multi-label model those that reach their
    /// thresholds (0.5 if it has none), of others the label.
    pub labels: Vec<String>,
    /// The most probable label, also if it does not reach its threshold.
    pub best: String,
    /// The second most probable label; `None` if the model has one label.
    pub runner_up: Option<String>,
}

/// A token of an explained text.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenWeight {
    /// The token as the tokenizer cut it; invalid UTF-8 is U+FFFD.
    pub token: String,
    /// Its id.
    pub id: i32,
    /// The probability of the most probable label minus that without this token, -1 to 1.
    pub weight: f32,
}

/// The result of a self-test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelfTest {
    /// Whether ids are equal and outputs within the tolerance.
    pub passed: bool,
    /// The number of texts that were classified.
    pub texts: usize,
    /// The largest absolute error of an output.
    pub max_error: f32,
}

/// Memory at a multiple of 64, where all kernels use weights in place.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Block(#[allow(dead_code)] [u8; 64]);

fn allocate(bytes: usize) -> Vec<Block> {
    vec![Block([0; 64]); bytes / 64 + 1]
}

/// An open classifier. Dropping it releases its memory.
#[derive(Debug)]
pub struct Classifier {
    handle: NonNull<sys::Classifier>,
    labels: Vec<String>,
    /// The file, which the handle refers to.
    _data: Data,
}

struct Data(#[allow(dead_code)] Vec<Block>);

impl std::fmt::Debug for Data {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} bytes", 64 * self.0.len())
    }
}

// SAFETY: no function of libedgernn that is called here depends on the thread, and all that take a
// shared classifier are thread-safe, as edgernn.h says of each.
unsafe impl Send for Classifier {}
unsafe impl Sync for Classifier {}

impl Classifier {
    /// Open a bundle or a `model.bin`. Everything in the file is checked first. The message of an
    /// error begins with the path.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let file = std::fs::read(path).map_err(|source| Error::unreadable(path, source))?;
        Self::from_bytes(&file).map_err(|error| error.at(path))
    }

    /// Open a bundle in memory, such as `include_bytes!("model.edgernn")`. It is copied.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut data = allocate(bytes.len() + 4);
        let mut handle = null_mut();
        let mut result = Err(Status::Alignment);
        // Bundles that another tool zipped may have the model at any place: move it to a multiple
        // of 4, as edgernn_load does.
        for shift in 0..4 {
            // SAFETY: `data` has room for the bytes and 4 more; the classifier is kept beside it.
            result = Status::check(unsafe {
                let start = data.as_mut_ptr().cast::<u8>().add(shift);
                start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
                sys::edgernn_load_memory(start.cast(), bytes.len(), &mut handle)
            });
            if result != Err(Status::Alignment) {
                break;
            }
        }
        result?;
        let handle = NonNull::new(handle).ok_or(Status::OutOfMemory)?;
        let mut classifier = Self { handle, labels: Vec::new(), _data: Data(data) };
        classifier.labels = classifier.read_labels();
        Ok(classifier)
    }

    fn read_labels(&self) -> Vec<String> {
        // SAFETY: the indices are below the number of labels, so that no label is NULL.
        unsafe {
            (0..sys::edgernn_label_count(self.handle.as_ptr()))
                .map(|i| owned(sys::edgernn_label(self.handle.as_ptr(), i)))
                .collect()
        }
    }

    /// Return the labels.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Return the name of the kernels in use, such as `avx2`.
    pub fn kernels(&self) -> String {
        // SAFETY: the function returns a string.
        unsafe { owned(sys::edgernn_kernels(self.handle.as_ptr())) }
    }

    /// Classify a text: a `&str`, or bytes that need not be valid UTF-8.
    pub fn predict(&self, text: impl AsRef<[u8]>) -> Result<Prediction> {
        let text = text.as_ref();
        let mut probabilities = vec![0.0; self.labels.len()];
        let mut label = 0;
        // SAFETY: pointers come with the lengths of what they refer to.
        Status::check(unsafe {
            sys::edgernn_classify(
                self.handle.as_ptr(),
                text.as_ptr().cast(),
                text.len(),
                probabilities.as_mut_ptr(),
                probabilities.len(),
                &mut label,
            )
        })?;
        self.make_prediction(label, probabilities)
    }

    /// Return the prediction for a label of `edgernn_classify`, which may be none.
    fn make_prediction(&self, label: usize, probabilities: Vec<f32>) -> Result<Prediction> {
        let (mut best, mut runner_up, mut count) = (0, 0, 0);
        let mut applying = vec![0; probabilities.len()];
        let values = probabilities.as_ptr();
        // SAFETY: there is a probability for each label, and room for all labels.
        unsafe {
            let handle = self.handle.as_ptr();
            Status::check(sys::edgernn_rank(handle, values, &mut best, &mut runner_up))?;
            let (labels, room) = (applying.as_mut_ptr(), applying.len());
            Status::check(sys::edgernn_labels(handle, values, labels, room, &mut count))?;
        }
        let label = self.labels.get(label).map(|_| label);
        Ok(Prediction {
            label: label.map(|i| self.labels[i].clone()),
            probability: probabilities[label.unwrap_or(best)],
            labels: applying[..count].iter().map(|&i| self.labels[i].clone()).collect(),
            best: self.labels[best].clone(),
            runner_up: self.labels.get(runner_up).cloned(),
            probabilities,
        })
    }

    /// Return the ids that the model reads, padding included.
    pub fn tokenize(&self, text: impl AsRef<[u8]>) -> Result<Vec<i32>> {
        let text = text.as_ref();
        // SAFETY: the handle is open.
        let room = unsafe { sys::edgernn_tokenizer_scratch_size(self.handle.as_ptr(), text.len()) };
        let mut scratch = allocate(room);
        let mut ids = vec![0; 256];
        loop {
            let mut count = 0;
            // SAFETY: pointers come with the lengths of what they refer to.
            let result = Status::check(unsafe {
                sys::edgernn_tokenize(
                    self.handle.as_ptr(),
                    text.as_ptr().cast(),
                    text.len(),
                    scratch.as_mut_ptr().cast::<c_void>(),
                    room,
                    ids.as_mut_ptr(),
                    ids.len(),
                    &mut count,
                )
            });
            if result != Err(Status::Capacity) {
                ids.truncate(count);
                result?;
                return Ok(ids);
            }
            ids.resize(count, 0);
        }
    }

    /// Explain a prediction by classifying the text without each of its tokens in turn.
    pub fn explain(&self, text: impl AsRef<[u8]>) -> Result<Vec<TokenWeight>> {
        let text = text.as_ref();
        let mut tokens = vec![sys::Token::default(); 256];
        let mut spellings = vec![0u8; 2 * text.len() + 4 * tokens.len()];
        loop {
            let mut count = 0;
            // SAFETY: pointers come with the lengths of what they refer to.
            let result = Status::check(unsafe {
                sys::edgernn_explain(
                    self.handle.as_ptr(),
                    text.as_ptr().cast(),
                    text.len(),
                    tokens.as_mut_ptr(),
                    tokens.len(),
                    &mut count,
                    spellings.as_mut_ptr().cast::<c_char>(),
                    spellings.len(),
                )
            });
            if result != Err(Status::Capacity) {
                tokens.truncate(count);
                result?;
                return Ok(tokens.iter().map(|t| weight(t, &spellings)).collect());
            }
            // n-grams repeat the words of the text, so that their spellings may need more.
            let room = 2 * spellings.len() + 4 * count;
            spellings.resize(room, 0);
            tokens.resize(count.max(tokens.len()), sys::Token::default());
        }
    }

    /// Classify the test vectors of the bundle, to check that this device gives the outputs of the
    /// machine that exported it.
    pub fn self_test(&self) -> Result<SelfTest> {
        let (mut texts, mut max_error) = (0, 0.0);
        // SAFETY: the handle is open, and the pointers refer to variables.
        let result = Status::check(unsafe {
            sys::edgernn_self_test(self.handle.as_ptr(), &mut texts, &mut max_error)
        });
        match result {
            Ok(()) | Err(Status::SelfTest) => {
                Ok(SelfTest { passed: result.is_ok(), texts, max_error })
            }
            Err(status) => Err(status.into()),
        }
    }
}

impl Drop for Classifier {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and nothing else refers to it.
        unsafe { sys::edgernn_free(self.handle.as_ptr()) }
    }
}

/// Return the version of libedgernn: 10000 * major + 100 * minor + patch.
pub fn version() -> i32 {
    // SAFETY: the function has no conditions.
    unsafe { sys::edgernn_version() }
}

fn weight(token: &sys::Token, spellings: &[u8]) -> TokenWeight {
    let spelling = &spellings[token.start as usize..][..token.length as usize];
    TokenWeight {
        token: String::from_utf8_lossy(spelling).into_owned(),
        id: token.id,
        weight: token.contribution,
    }
}

/// Copy a string of libedgernn.
///
/// # Safety
/// `text` ends with a NUL.
unsafe fn owned(text: *const c_char) -> String {
    CStr::from_ptr(text).to_string_lossy().into_owned()
}
