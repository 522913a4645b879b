// Not built by this project; see ../README.md of the Gradle project.
package org.edgernn.example

import android.content.res.AssetManager
import android.os.Bundle
import androidx.activity.ComponentActivity
import androidx.activity.compose.setContent
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.material3.TextField
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import java.io.FileInputStream
import java.nio.channels.FileChannel
import org.edgernn.Classifier
import org.edgernn.component1
import org.edgernn.component2

class MainActivity : ComponentActivity() {
    private lateinit var classifier: Classifier

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        classifier = assets.loadClassifier("model.edgernn")
        setContent { MaterialTheme { Screen(classifier) } }
    }

    override fun onDestroy() {
        super.onDestroy()
        classifier.close()
    }
}

/** Maps an asset that is stored without compression: the model is used in place. */
fun AssetManager.loadClassifier(name: String): Classifier =
    openFd(name).use { asset ->
        FileInputStream(asset.fileDescriptor).channel.use { channel ->
            val mode = FileChannel.MapMode.READ_ONLY
            Classifier.load(channel.map(mode, asset.startOffset, asset.declaredLength))
        }
    }

/** A prediction takes less than a frame, so that it needs no other thread. */
@Composable
fun Screen(classifier: Classifier) {
    var text by rememberSaveable { mutableStateOf("A film to remember.") }
    val (label, probability) = remember(text) { classifier.predict(text) }
    Column(Modifier.padding(24.dp)) {
        TextField(text, { text = it })
        Text("${label ?: "no label"} %.3f".format(probability), style = MaterialTheme.typography.headlineMedium)
    }
}
