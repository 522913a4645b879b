package org.edgernn;

import java.nio.charset.StandardCharsets;

/** Encodes texts as the Python package does. JNI's own strings are modified UTF-8. */
final class Utf8 {
  private Utf8() {}

  /** Returns the UTF-8 of a text, with U+FFFD for each lone surrogate. */
  static byte[] encode(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        // getBytes would write '?' for a lone one, which tokenizers read as punctuation.
        return replaceLoneSurrogates(text).getBytes(StandardCharsets.UTF_8);
      }
    }
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String replaceLoneSurrogates(String text) {
    StringBuilder found = new StringBuilder(text);
    for (int i = 0; i < found.length(); i++) {
      char unit = found.charAt(i);
      boolean paired =
          Character.isHighSurrogate(unit)
              && i + 1 < found.length()
              && Character.isLowSurrogate(found.charAt(i + 1));
      if (paired) {
        i++;
      } else if (Character.isSurrogate(unit)) {
        found.setCharAt(i, '\uFFFD');
      }
    }
    return found.toString();
  }

  static String decode(byte[] bytes) {
    return new String(bytes, StandardCharsets.UTF_8);
  }
}
