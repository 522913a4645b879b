//! What the corpus of tests/hosts does not show: threads, explanations, the self-test, errors.

use std::error::Error;
use std::path::Path;

use edgernn::{Classifier, Result, Status, MAX_TEXT_BYTES};

const BUNDLE: &[u8] = include_bytes!("../../../../examples/sentiment/sentiment.edgernn");

fn open() -> Classifier {
    Classifier::from_bytes(BUNDLE).unwrap()
}

#[test]
fn a_prediction_has_the_label_of_the_largest_probability() {
    let classifier = open();
    let found = classifier.predict("A film to remember.").unwrap();
    assert_eq!(classifier.labels(), ["neg", "pos"]);
    assert_eq!(found.label.as_deref(), Some("pos"));
    assert_eq!(found.probability, found.probabilities[1]);
    assert!((found.probabilities.iter().sum::<f32>() - 1.0).abs() < 1e-6);
    assert_eq!(classifier.predict(b"A film to remember.").unwrap(), found);
    assert_eq!(edgernn::version(), 100);
    assert!(!classifier.kernels().is_empty());
}

#[test]
fn threads_share_a_classifier() {
    let classifier = open();
    let texts: Vec<String> = (0..40).map(|i| "a good film ".repeat(i)).collect();
    let expected: Vec<_> = texts.iter().map(|text| classifier.predict(text).unwrap()).collect();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    for (text, expected) in texts.iter().zip(&expected) {
                        assert_eq!(&classifier.predict(text).unwrap(), expected);
                    }
                }
            });
        }
    });
}

#[test]
fn weights_are_differences_of_probabilities() {
    let classifier = open();
    let whole = classifier.predict("not a good film").unwrap();
    let without = classifier.predict("a good film").unwrap();
    let tokens = classifier.explain("not a good film").unwrap();
    let spellings: Vec<_> = tokens.iter().map(|token| token.token.as_str()).collect();
    assert_eq!(spellings, ["not", "a", "good", "film"]);
    let label = classifier.labels().iter().position(|label| *label == whole.best).unwrap();
    let expected = whole.probability - without.probabilities[label];
    assert!((tokens[0].weight - expected).abs() < 1e-6);
    let ids: Vec<_> = tokens.iter().map(|token| token.id).collect();
    assert_eq!(classifier.tokenize("not a good film").unwrap(), ids);
}

#[test]
fn buffers_grow_with_the_text() {
    let text = "good ".repeat(3000);
    let ids = open().tokenize(&text).unwrap();
    assert!(ids.len() > 256 && ids.iter().all(|id| *id == ids[0]));
    let tokens = open().explain("film ".repeat(300)).unwrap();
    assert_eq!(tokens.len(), 300);
    assert_eq!(tokens[299].token, "film");
}

#[test]
fn the_self_test_passes() {
    let found = open().self_test().unwrap();
    assert!(found.passed && found.texts > 0 && found.max_error < 1e-2);
}

fn damaged() -> Vec<u8> {
    let mut damaged = BUNDLE.to_vec();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    damaged
}

fn status(result: Result<Classifier>) -> Status {
    result.unwrap_err().status()
}

#[test]
fn errors_say_what_is_wrong() {
    assert_eq!(status(Classifier::from_bytes(b"text")), Status::NotABundle);
    let error = Classifier::from_bytes(&damaged()).unwrap_err();
    assert_eq!(error.status(), Status::Checksum);
    assert_eq!(error.status().name(), "EDGERNN_ERROR_CHECKSUM");
    assert_eq!(error.path(), None);
    let error = open().predict("a".repeat(MAX_TEXT_BYTES + 1)).unwrap_err();
    assert_eq!(error.status(), Status::TextTooLong);
    assert_ne!(error.to_string(), "unknown status");
}

#[test]
fn errors_of_a_file_name_its_path() {
    let missing = Path::new("no such file");
    let error = Classifier::load(missing).unwrap_err();
    assert_eq!((error.status(), error.path()), (Status::NotFound, Some(missing)));
    assert_eq!(error.to_string(), "no such file: the file cannot be opened or read");
    assert!(error.source().is_some());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("damaged.edgernn");
    std::fs::write(&path, damaged()).unwrap();
    let error = Classifier::load(&path).unwrap_err();
    assert_eq!((error.status(), error.path()), (Status::Checksum, Some(path.as_path())));
    let expected = format!("{}: {}", path.display(), Status::Checksum);
    assert_eq!(error.to_string(), expected);
}
