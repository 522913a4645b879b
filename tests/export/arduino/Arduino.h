/* What a sketch of `--format c` uses of Arduino: Serial reads stdin and writes stdout. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

class String {
 public:
  String() : data_(static_cast<char *>(malloc(1))), size_(0) { *data_ = 0; }
  String(const String &other) : data_(static_cast<char *>(malloc(other.size_ + 1))), size_(other.size_) {
    memcpy(data_, other.data_, size_ + 1);
  }
  String &operator=(const String &) = delete;
  ~String() { free(data_); }
  void add(char byte) {
    data_ = static_cast<char *>(realloc(data_, size_ + 2));
    data_[size_++] = byte;
    data_[size_] = 0;
  }
  const char *c_str() const { return data_; }
  unsigned int length() const { return static_cast<unsigned int>(size_); }

 private:
  char *data_;
  size_t size_;
};

class SerialPort {
 public:
  void begin(unsigned long) {}
  int available() {
    int byte = getchar();
    return byte == EOF ? 0 : ungetc(byte, stdin) != EOF;
  }
  String readStringUntil(char end) {
    String line;
    for (int byte; (byte = getchar()) != EOF && byte != end;) line.add(static_cast<char>(byte));
    return line;
  }
  void print(const char *text) { fputs(text, stdout); }
  void print(char byte) { putchar(byte); }
  void println(const char *text) { puts(text); }
  void println(double value, int digits) { printf("%.*f\n", digits, value); }
};

extern SerialPort Serial;
void setup();
void loop();
