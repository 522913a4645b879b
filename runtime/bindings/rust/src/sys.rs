//! The functions of edgernn.h that the crate calls.

use std::os::raw::{c_char, c_int, c_void};

#[repr(C)]
pub struct Classifier {
    _private: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Token {
    pub id: i32,
    pub contribution: f32,
    pub start: u32,
    pub length: u32,
}

extern "C" {
    pub fn edgernn_version() -> c_int;
    pub fn edgernn_status_name(status: c_int) -> *const c_char;
    pub fn edgernn_status_message(status: c_int) -> *const c_char;
    pub fn edgernn_load_memory(
        data: *const c_void,
        size: usize,
        classifier: *mut *mut Classifier,
    ) -> c_int;
    pub fn edgernn_free(classifier: *mut Classifier);
    pub fn edgernn_label_count(classifier: *const Classifier) -> usize;
    pub fn edgernn_label(classifier: *const Classifier, index: usize) -> *const c_char;
    pub fn edgernn_kernels(classifier: *const Classifier) -> *const c_char;
    pub fn edgernn_classify(
        classifier: *const Classifier,
        text: *const c_char,
        text_bytes: usize,
        probabilities: *mut f32,
        capacity: usize,
        label: *mut usize,
    ) -> c_int;
    pub fn edgernn_rank(
        classifier: *const Classifier,
        probabilities: *const f32,
        best: *mut usize,
        runner_up: *mut usize,
    ) -> c_int;
    pub fn edgernn_labels(
        classifier: *const Classifier,
        probabilities: *const f32,
        labels: *mut usize,
        capacity: usize,
        count: *mut usize,
    ) -> c_int;
    pub fn edgernn_self_test(
        classifier: *const Classifier,
        texts: *mut usize,
        max_error: *mut f32,
    ) -> c_int;
    pub fn edgernn_explain(
        classifier: *const Classifier,
        text: *const c_char,
        text_bytes: usize,
        tokens: *mut Token,
        capacity: usize,
        count: *mut usize,
        spellings: *mut c_char,
        spelling_capacity: usize,
    ) -> c_int;
    pub fn edgernn_tokenizer_scratch_size(
        classifier: *const Classifier,
        text_bytes: usize,
    ) -> usize;
    pub fn edgernn_tokenize(
        classifier: *const Classifier,
        text: *const c_char,
        text_bytes: usize,
        scratch: *mut c_void,
        scratch_bytes: usize,
        ids: *mut i32,
        capacity: usize,
        count: *mut usize,
    ) -> c_int;
}
