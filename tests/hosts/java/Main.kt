import org.edgernn.Classifier
import org.edgernn.EdgernnException
import org.edgernn.component1
import org.edgernn.component2
import org.edgernn.get
import org.edgernn.invoke
import org.edgernn.loadClassifier
import java.io.File

/** The Kotlin host: the corpus through [Host], after the extensions have passed. */
fun main(arguments: Array<String>) {
    val bundle = File(arguments[0]).walk().first { it.name == "lstm-int8-binary.edgernn" }
    bundle.loadClassifier().use { classifier: Classifier ->
        val prediction = classifier("A film to remember.")
        val (label, probability) = prediction
        check(label != null && label == prediction.label && label in classifier.labels)
        check(probability == prediction.probability && prediction[label] == probability)
        check(prediction["no such label"] == null)
        check(prediction.above(0.0) == classifier.labels && prediction.above(1.1).isEmpty())
    }
    val error = runCatching { File("no-such-file").loadClassifier() }.exceptionOrNull()
    check(error is EdgernnException && error.message.orEmpty().startsWith("no-such-file: "))
    Host.main(arguments)
}
