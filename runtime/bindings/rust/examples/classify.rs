//! classify MODEL.edgernn TEXT

use edgernn::Classifier;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, text] = arguments.as_slice() else { return Err("classify MODEL TEXT".into()) };
    let classifier = Classifier::load(model)?;
    let prediction = classifier.predict(text)?;
    println!("{} {:.4}", prediction.label, prediction.probability);
    Ok(())
}
