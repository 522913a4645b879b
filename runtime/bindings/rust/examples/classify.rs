//! classify MODEL.edgernn TEXT

use edgernn::Classifier;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.len() != 3 {
        return Err("usage: classify MODEL.edgernn TEXT".into());
    }
    let classifier = Classifier::load(&arguments[1])?;
    let prediction = classifier.predict(&arguments[2])?;
    let label = prediction.label.as_deref().unwrap_or("-");
    println!("{label} {:.4}", prediction.probability);
    Ok(())
}
