// Reads lines from the serial port, and prints the label of each and its probability.
#include <@name@.h>

static edgernn_classifier *classifier;
static float probabilities[@NAME@_LABELS];

static void show(edgernn_status status) {
  Serial.print("error: ");
  Serial.println(edgernn_status_message(status));
}

void setup() {
  Serial.begin(115200);
  edgernn_status status = @name@_load(&classifier);
  if (status) show(status);
}

void loop() {
  if (!classifier || !Serial.available()) return;
  String text = Serial.readStringUntil('\n');
  size_t label;
  edgernn_status status =
      edgernn_classify(classifier, text.c_str(), text.length(), probabilities, @NAME@_LABELS, &label);
  if (status) {
    show(status);
  } else if (label == EDGERNN_NO_LABEL) {
    Serial.println("-");
  } else {
    Serial.print(edgernn_label(classifier, label));
    Serial.print(' ');
    Serial.println(probabilities[label], 4);
  }
}
