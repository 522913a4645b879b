// Tests what the corpus of tests/hosts does not show.
package edgernn_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"edgernn"
)

const bundle = "../../../examples/sentiment/sentiment.edgernn"

func open(t *testing.T) *edgernn.Classifier {
	t.Helper()
	classifier, err := edgernn.Load(bundle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { classifier.Close() })
	return classifier
}

func TestAPredictionHasTheLabelOfTheLargestProbability(t *testing.T) {
	classifier := open(t)
	found, err := classifier.Predict("A film to remember.")
	if err != nil || found.Label != "pos" || found.Probability != found.Probabilities[1] {
		t.Fatal(found, err)
	}
	if !reflect.DeepEqual(classifier.Labels(), []string{"neg", "pos"}) || classifier.Kernels() == "" {
		t.Fatal(classifier.Labels(), classifier.Kernels())
	}
	if math.Abs(float64(found.Probabilities[0]+found.Probabilities[1]-1)) > 1e-6 {
		t.Fatal(found)
	}
	if edgernn.Version() != 100 {
		t.Fatal(edgernn.Version())
	}
}

func TestGoroutinesShareAClassifier(t *testing.T) {
	classifier := open(t)
	texts, expected := []string{}, []edgernn.Prediction{}
	for i := 0; i < 40; i++ {
		texts = append(texts, strings.Repeat("a good film ", i))
		found, err := classifier.Predict(texts[i])
		if err != nil {
			t.Fatal(err)
		}
		expected = append(expected, found)
	}
	var group sync.WaitGroup
	for i := 0; i < 8; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 50*len(texts); j++ {
				found, err := classifier.Predict(texts[j%len(texts)])
				if err != nil || !reflect.DeepEqual(found, expected[j%len(texts)]) {
					t.Error(found, err)
					return
				}
			}
		}()
	}
	group.Wait()
}

func TestCloseWaitsForTheCallsUnderWay(t *testing.T) {
	for round := 0; round < 20; round++ {
		classifier := open(t)
		var group sync.WaitGroup
		for i := 0; i < 4; i++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for {
					if _, err := classifier.Predict("a good film"); err != nil {
						if err != edgernn.ErrClosed {
							t.Error(err)
						}
						return
					}
				}
			}()
		}
		classifier.Close()
		classifier.Close()
		group.Wait()
	}
}

func TestWeightsAreDifferencesOfProbabilities(t *testing.T) {
	classifier := open(t)
	whole, _ := classifier.Predict("not a good film")
	without, _ := classifier.Predict("a good film")
	tokens, err := classifier.Explain("not a good film")
	ids, _ := classifier.Tokenize("not a good film")
	if err != nil || len(tokens) != 4 || len(ids) != 4 {
		t.Fatal(tokens, ids, err)
	}
	label := 0
	if whole.Label == "pos" {
		label = 1
	}
	expected := whole.Probability - without.Probabilities[label]
	if math.Abs(float64(tokens[0].Weight-expected)) > 1e-6 {
		t.Fatal(tokens, expected)
	}
	for i, spelling := range []string{"not", "a", "good", "film"} {
		if tokens[i].Token != spelling || tokens[i].ID != ids[i] {
			t.Fatal(tokens, ids)
		}
	}
}

func TestBuffersGrowWithTheText(t *testing.T) {
	classifier := open(t)
	ids, err := classifier.Tokenize(strings.Repeat("good ", 3000))
	if err != nil || len(ids) <= 256 {
		t.Fatal(len(ids), err)
	}
	tokens, err := classifier.Explain(strings.Repeat("film ", 300))
	if err != nil || len(tokens) != 300 || tokens[299].Token != "film" {
		t.Fatal(len(tokens), err)
	}
}

func TestTheSelfTestPasses(t *testing.T) {
	found, err := open(t).SelfTest()
	if err != nil || !found.Passed || found.Texts == 0 || found.MaxError > 1e-2 {
		t.Fatal(found, err)
	}
}

func TestErrorsSayWhatIsWrong(t *testing.T) {
	if _, err := edgernn.Load("no such file"); !errors.Is(err, edgernn.ErrNotFound) {
		t.Fatal(err)
	}
	for _, data := range [][]byte{nil, []byte("text")} {
		if _, err := edgernn.LoadBytes(data); err != edgernn.ErrNotABundle {
			t.Fatal(err)
		}
	}
	data, _ := os.ReadFile(bundle)
	damaged := append([]byte{}, data...)
	damaged[len(damaged)/2] ^= 1
	if _, err := edgernn.LoadBytes(damaged); err != edgernn.ErrChecksum {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "damaged.edgernn")
	if err := os.WriteFile(path, damaged, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := edgernn.Load(path); !errors.Is(err, edgernn.ErrChecksum) || !strings.Contains(err.Error(), path) {
		t.Fatal(err)
	}
	if name := edgernn.ErrChecksum.Name(); name != "EDGERNN_ERROR_CHECKSUM" {
		t.Fatal(name)
	}
	_, err := open(t).Predict(strings.Repeat("a", edgernn.MaxTextBytes+1))
	if err != edgernn.ErrTextTooLong || err.Error() == "unknown status" {
		t.Fatal(err)
	}
}
