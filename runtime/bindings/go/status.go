package edgernn

// #include "edgernn.h"
import "C"

// Status is why a call failed: the statuses of edgernn.h, with the same numbers. It is an error, and
// errors.Is finds it in the errors that this package returns.
type Status int

// The statuses of edgernn.h.
const (
	ErrArgument            Status = 1
	ErrNotFound            Status = 2
	ErrNotABundle          Status = 3
	ErrNewerVersion        Status = 4
	ErrMalformedBundle     Status = 5
	ErrMalformedManifest   Status = 6
	ErrMalformedVocabulary Status = 7
	ErrMalformedModel      Status = 8
	ErrMalformedVectors    Status = 9
	ErrChecksum            Status = 10
	ErrOtherFormat         Status = 11
	ErrNoTokenizer         Status = 12
	ErrNoVectors           Status = 13
	ErrSelfTest            Status = 14
	ErrOutOfMemory         Status = 15
	ErrMemoryTooSmall      Status = 16
	ErrAlignment           Status = 17
	ErrCapacity            Status = 18
	ErrTextTooLong         Status = 19
	ErrIds                 Status = 20
	ErrKernels             Status = 21
	ErrOutput              Status = 22
	ErrBigEndian           Status = 23
	ErrNotInBuild          Status = 24
)

// Name returns the name in edgernn.h, such as EDGERNN_ERROR_CHECKSUM.
func (s Status) Name() string {
	return C.GoString(C.edgernn_status_name(C.edgernn_status(s)))
}

// Error returns a sentence.
func (s Status) Error() string {
	return C.GoString(C.edgernn_status_message(C.edgernn_status(s)))
}

func check(status C.edgernn_status) error {
	if status == C.EDGERNN_OK {
		return nil
	}
	return Status(status)
}
