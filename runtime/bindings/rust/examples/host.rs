//! The Rust host of tests/hosts. It prints what it replayed and what passed, what 100,000
//! predictions and 1,000 classifiers leave in memory, or what a prediction costs:
//!
//!     host replay FOLDER
//!     host leaks BUNDLE
//!     host cost BUNDLE TIMES TEXT...

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use edgernn::Classifier;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments[0].as_str() {
        "replay" => replay(Path::new(&arguments[1])),
        "leaks" => leaks(&arguments[1]),
        "cost" => cost(&arguments[1], arguments[2].parse().unwrap(), &arguments[3..]),
        other => panic!("unknown command: {other}"),
    }
}

fn decode(word: &str) -> Vec<u8> {
    if word == "-" {
        return Vec::new();
    }
    let digits = |i| u8::from_str_radix(&word[i..i + 2], 16).unwrap();
    (0..word.len()).step_by(2).map(digits).collect()
}

/// The classifiers of the corpus, which stay open.
struct Opened<'a>(&'a Path, HashMap<String, Classifier>);

impl Opened<'_> {
    fn get(&mut self, name: &str) -> &Classifier {
        let path = self.0.join("bundles").join(name);
        self.1.entry(name.to_string()).or_insert_with(|| Classifier::load(path).unwrap())
    }
}

fn replay(folder: &Path) {
    let mut opened = Opened(folder, HashMap::new());
    let mut count = |name: &str, passes: fn(&mut Opened, &[&str]) -> bool| {
        let lines = fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap();
        let words = lines.lines().map(|line| line.split(' ').collect::<Vec<_>>());
        let passed: Vec<bool> = words.map(|words| passes(&mut opened, &words)).collect();
        println!("{name} {} {}", passed.len(), passed.iter().filter(|passed| **passed).count());
    };
    count("predictions", prediction_passes);
    count("tokens", tokens_pass);
    count("broken", broken_passes);
}

fn prediction_passes(opened: &mut Opened, words: &[&str]) -> bool {
    let classifier = opened.get(words[0]);
    let found = classifier.predict(decode(words[1])).unwrap();
    let expected: Vec<f32> = words[6].split(',').map(|value| value.parse().unwrap()).collect();
    let tolerance: f32 = words[7].parse().unwrap();
    let number = |label: &String| {
        classifier.labels().iter().position(|name| name == label).unwrap().to_string()
    };
    let optional = |label: &Option<String>| label.as_ref().map_or("-".to_string(), &number);
    let applying = found.labels.iter().map(&number).collect::<Vec<_>>().join(",");
    [optional(&found.label), number(&found.best), optional(&found.runner_up)] == words[2..5]
        && applying == words[5].replace('-', "")
        && found.probabilities.len() == expected.len()
        && expected.iter().zip(&found.probabilities).all(|(a, b)| (a - b).abs() <= tolerance)
}

fn tokens_pass(opened: &mut Opened, words: &[&str]) -> bool {
    let found = opened.get(words[0]).tokenize(decode(words[1])).unwrap();
    let found: Vec<String> = found.iter().map(i32::to_string).collect();
    found.join(",") == words[2].replace('-', "")
}

fn broken_passes(opened: &mut Opened, words: &[&str]) -> bool {
    let base = fs::read(opened.0.join("bundles").join(words[2])).unwrap();
    let mut data = Vec::new();
    for part in &words[3..] {
        match part[1..].split_once(',') {
            Some((start, length)) => {
                let start: usize = start.parse().unwrap();
                data.extend_from_slice(&base[start..start + length.parse::<usize>().unwrap()]);
            }
            None => data.extend(decode(&part[1..])),
        }
    }
    let found = Classifier::from_bytes(&data).err().map_or("OK", |error| error.status().name());
    found.trim_start_matches("EDGERNN_ERROR_") == words[1]
}

/// Return the kilobytes of memory that the process uses.
fn resident() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Print by how many kilobytes the process grows.
fn leaks(bundle: &str) {
    let run = |opened, predictions| {
        for _ in 0..opened {
            Classifier::load(bundle).unwrap();
            assert!(Classifier::from_bytes(b"text").is_err());
        }
        let classifier = Classifier::load(bundle).unwrap();
        for _ in 0..predictions {
            classifier.predict("a film to remember").unwrap();
        }
        for _ in 0..predictions / 100 {
            classifier.tokenize("a film to remember").unwrap();
            classifier.explain("a film to remember").unwrap();
        }
    };
    run(100, 10_000);
    let before = resident();
    run(1_000, 100_000);
    println!("{}", resident() - before);
}

/// Print the microseconds from opening to the first prediction, and of one of each text.
fn cost(bundle: &str, times: usize, texts: &[String]) {
    let start = Instant::now();
    let classifier = Classifier::load(bundle).unwrap();
    classifier.predict(&texts[0]).unwrap();
    println!("{:.3}", start.elapsed().as_secs_f64() * 1e6);
    for text in texts {
        let fastest = (0..times).map(|_| {
            let start = Instant::now();
            let found = classifier.predict(text).unwrap();
            (start.elapsed().as_secs_f64() * 1e6, found.best.len())
        });
        println!("{:.3}", fastest.map(|(time, _)| time).fold(f64::INFINITY, f64::min));
    }
}
