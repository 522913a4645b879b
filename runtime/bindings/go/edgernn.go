// Package edgernn classifies text on the device: it opens a .edgernn bundle of the format native.
//
//	classifier, err := edgernn.Load("model.edgernn")
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer classifier.Close()
//	prediction, err := classifier.Predict("A film to remember.")
//
// Goroutines may share a Classifier, and do not wait for each other. Texts are UTF-8, valid or not.
package edgernn

/*
#cgo CFLAGS: -O3 -fvisibility=hidden
#cgo !windows LDFLAGS: -lm
#include "library.h"

typedef struct choice {
  size_t label, best, runner_up, applying;
} choice;

// Classify and choose labels in one call, since each call from Go takes 40 ns or more.
static edgernn_status classify(const edgernn_classifier *classifier, _GoString_ text,
                               float *probabilities, size_t *labels, size_t capacity,
                               choice *chosen) {
  edgernn_status status = edgernn_classify(classifier, _GoStringPtr(text), _GoStringLen(text),
                                           probabilities, capacity, &chosen->label);
  if (status) return status;
  status = edgernn_rank(classifier, probabilities, &chosen->best, &chosen->runner_up);
  if (status) return status;
  return edgernn_labels(classifier, probabilities, labels, capacity, &chosen->applying);
}

static edgernn_status tokenize(const edgernn_classifier *classifier, _GoString_ text, int32_t *ids,
                               size_t capacity, size_t *count) {
  size_t bytes = _GoStringLen(text), room = edgernn_tokenizer_scratch_size(classifier, bytes);
  char *scratch = (char *)malloc(room + 63);
  if (!scratch) return EDGERNN_ERROR_OUT_OF_MEMORY;
  char *start = scratch + (64 - (uintptr_t)scratch % 64) % 64;
  edgernn_status status =
      edgernn_tokenize(classifier, _GoStringPtr(text), bytes, start, room, ids, capacity, count);
  free(scratch);
  return status;
}

static edgernn_status explain(const edgernn_classifier *classifier, _GoString_ text,
                              edgernn_token *tokens, size_t capacity, size_t *count,
                              char *spellings, size_t spelling_capacity) {
  return edgernn_explain(classifier, _GoStringPtr(text), _GoStringLen(text), tokens, capacity,
                         count, spellings, spelling_capacity);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"unsafe"
)

// MaxTextBytes is the length of the longest text that is accepted.
const MaxTextBytes = 1 << 20

// ErrClosed is the error of every method of a classifier that was closed.
var ErrClosed = errors.New("edgernn: the classifier was closed")

// Prediction is the prediction for a text.
type Prediction struct {
	// Label is the most probable label; of a model with thresholds, the most probable one that
	// reaches its threshold. If none does, it is "" and Labels is empty.
	Label string
	// Probability is that of Label; without a label, the highest one.
	Probability float32
	// Probabilities has the probability of each label, in the order of Classifier.Labels.
	Probabilities []float32
	// Labels are the labels that apply, the most probable first: of a multi-label model those that
	// reach their thresholds (0.5 if it has none), of others Label.
	Labels []string
	// Best is the most probable label, also if it does not reach its threshold.
	Best string
	// RunnerUp is the second most probable label, or "" if the model has one label.
	RunnerUp string
}

// TokenWeight is a token of an explained text.
type TokenWeight struct {
	// Token is the token as the tokenizer cut it.
	Token string
	// ID is its id.
	ID int32
	// Weight is the probability of the most probable label minus that without this token, -1 to 1.
	Weight float32
}

// SelfTest is the result of a self-test.
type SelfTest struct {
	// Passed is whether ids are equal and outputs within the tolerance.
	Passed bool
	// Texts is the number of texts that were classified.
	Texts int
	// MaxError is the largest absolute error of an output.
	MaxError float32
}

// Classifier is an open classifier.
type Classifier struct {
	// Calls read, Close writes: it waits for the calls under way.
	lock   sync.RWMutex
	handle *C.edgernn_classifier
	block  unsafe.Pointer
	labels []string
}

// Load opens a bundle or a model.bin. Everything in the file is checked first.
func Load(path string) (*Classifier, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("edgernn: %w: %v", ErrNotFound, err)
	}
	classifier, err := LoadBytes(data)
	if err != nil {
		return nil, fmt.Errorf("edgernn: %s: %w", path, err)
	}
	return classifier, nil
}

// LoadBytes opens a bundle in memory, such as one of go:embed. It is copied.
func LoadBytes(data []byte) (*Classifier, error) {
	c := &Classifier{}
	if len(data) == 0 {
		return nil, ErrNotABundle
	}
	err := check(C.open_copy(unsafe.Pointer(&data[0]), C.size_t(len(data)), &c.block, &c.handle))
	if err != nil {
		return nil, err
	}
	for i := 0; i < int(C.edgernn_label_count(c.handle)); i++ {
		c.labels = append(c.labels, C.GoString(C.edgernn_label(c.handle, C.size_t(i))))
	}
	// Memory of C is released even if the program forgets to close.
	runtime.SetFinalizer(c, (*Classifier).Close)
	return c, nil
}

// Close releases the memory of a classifier, after the calls under way. It returns nil.
func (c *Classifier) Close() error {
	c.lock.Lock()
	defer c.lock.Unlock()
	if c.handle != nil {
		runtime.SetFinalizer(c, nil)
		C.edgernn_free(c.handle)
		C.free(c.block)
		c.handle, c.block = nil, nil
	}
	return nil
}

// Labels returns the labels. Do not change them.
func (c *Classifier) Labels() []string { return c.labels }

// Kernels returns the name of the kernels in use, such as avx2.
func (c *Classifier) Kernels() string {
	c.lock.RLock()
	defer c.lock.RUnlock()
	if c.handle == nil {
		return ""
	}
	return C.GoString(C.edgernn_kernels(c.handle))
}

// Predict classifies a text.
func (c *Classifier) Predict(text string) (Prediction, error) {
	c.lock.RLock()
	defer c.lock.RUnlock()
	if c.handle == nil {
		return Prediction{}, ErrClosed
	}
	if len(c.labels) == 0 {
		return Prediction{}, ErrNoTokenizer
	}
	call := calls.Get().(*buffers)
	defer calls.Put(call)
	if cap(call.applying) < len(c.labels) {
		call.applying = make([]C.size_t, len(c.labels))
	}
	probabilities := make([]float32, len(c.labels))
	first := (*C.float)(&probabilities[0])
	err := check(C.classify(c.handle, text, first, &call.applying[:1][0], C.size_t(len(c.labels)),
		&call.chosen))
	if err != nil {
		return Prediction{}, err
	}
	return c.makePrediction(&call.chosen, call.applying, probabilities), nil
}

// buffers is what a call to classify writes besides the probabilities: what C writes to must be on
// the heap, and is used again.
type buffers struct {
	chosen   C.choice
	applying []C.size_t
}

var calls = sync.Pool{New: func() any { return new(buffers) }}

func (c *Classifier) makePrediction(chosen *C.choice, applying []C.size_t, values []float32) Prediction {
	best := chosen.best
	found := Prediction{Probability: values[best], Probabilities: values, Best: c.labels[best]}
	if chosen.label != C.EDGERNN_NO_LABEL {
		found.Label, found.Probability = c.labels[chosen.label], values[chosen.label]
	}
	if chosen.runner_up != C.EDGERNN_NO_LABEL {
		found.RunnerUp = c.labels[chosen.runner_up]
	}
	if chosen.applying > 0 {
		found.Labels = make([]string, chosen.applying)
	}
	for i, label := range applying[:chosen.applying] {
		found.Labels[i] = c.labels[label]
	}
	return found
}

// Tokenize returns the ids that the model reads, padding included.
func (c *Classifier) Tokenize(text string) ([]int32, error) {
	c.lock.RLock()
	defer c.lock.RUnlock()
	if c.handle == nil {
		return nil, ErrClosed
	}
	for ids := make([]int32, 256); ; {
		var count C.size_t
		first := (*C.int32_t)(&ids[0])
		err := check(C.tokenize(c.handle, text, first, C.size_t(len(ids)), &count))
		if err == nil {
			return ids[:count], nil
		} else if err != ErrCapacity {
			return nil, err
		}
		ids = make([]int32, count)
	}
}

// Explain explains a prediction by classifying the text without each of its tokens in turn.
func (c *Classifier) Explain(text string) ([]TokenWeight, error) {
	c.lock.RLock()
	defer c.lock.RUnlock()
	if c.handle == nil {
		return nil, ErrClosed
	}
	tokens := make([]C.edgernn_token, 256)
	spellings := make([]byte, 2*len(text)+4*len(tokens))
	for {
		var count C.size_t
		room := (*C.char)(unsafe.Pointer(&spellings[0]))
		err := check(C.explain(c.handle, text, &tokens[0], C.size_t(len(tokens)), &count, room,
			C.size_t(len(spellings))))
		if err == nil {
			return weights(tokens[:count], spellings), nil
		} else if err != ErrCapacity {
			return nil, err
		}
		// n-grams repeat the words of the text, so that their spellings may need more.
		spellings = make([]byte, 2*len(spellings)+4*int(count))
		if int(count) > len(tokens) {
			tokens = make([]C.edgernn_token, count)
		}
	}
}

func weights(tokens []C.edgernn_token, spellings []byte) []TokenWeight {
	found := make([]TokenWeight, len(tokens))
	for i, token := range tokens {
		spelling := string(spellings[token.start : token.start+token.length])
		found[i] = TokenWeight{spelling, int32(token.id), float32(token.contribution)}
	}
	return found
}

// SelfTest classifies the test vectors of the bundle, to check that this device gives the outputs of
// the machine that exported it.
func (c *Classifier) SelfTest() (SelfTest, error) {
	c.lock.RLock()
	defer c.lock.RUnlock()
	if c.handle == nil {
		return SelfTest{}, ErrClosed
	}
	var texts C.size_t
	var maxError C.float
	err := check(C.edgernn_self_test(c.handle, &texts, &maxError))
	if err != nil && err != ErrSelfTest {
		return SelfTest{}, err
	}
	return SelfTest{err == nil, int(texts), float32(maxError)}, nil
}

// Version returns the version of libedgernn: 10000 * major + 100 * minor + patch.
func Version() int { return int(C.edgernn_version()) }
