package org.edgernn;

/** A bundle or a text was rejected. {@link #getStatus} says why; every host gives the same status. */
public final class EdgernnException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Status status;

  EdgernnException(Status status, String message, Throwable cause) {
    super(message, cause);
    this.status = status;
  }

  /** Returns the status of the C library. */
  public Status getStatus() {
    return status;
  }
}
