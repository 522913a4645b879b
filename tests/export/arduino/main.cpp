#include "Arduino.h"

SerialPort Serial;

int main() {
  setup();
  while (Serial.available()) loop();
}
