// Command host is the Go host of tests/hosts. It prints what it replayed and what passed, what
// 100,000 predictions and 1,000 classifiers leave in memory, or what a prediction costs:
//
//	host replay FOLDER
//	host leaks BUNDLE
//	host cost BUNDLE TIMES TEXT...
package main

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"edgernn"
)

func main() {
	switch os.Args[1] {
	case "replay":
		replay(os.Args[2])
	case "leaks":
		leaks(os.Args[2])
	case "cost":
		cost(os.Args[2], number(os.Args[3]), os.Args[4:])
	default:
		panic("unknown command: " + os.Args[1])
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func number(word string) int { return must(strconv.Atoi(word)) }

func float(word string) float64 { return must(strconv.ParseFloat(word, 32)) }

func decode(word string) string {
	if word == "-" {
		return ""
	}
	return string(must(hex.DecodeString(word)))
}

// corpus has the classifiers of the corpus, which stay open.
type corpus struct {
	folder string
	opened map[string]*edgernn.Classifier
}

func (c *corpus) open(name string) *edgernn.Classifier {
	if c.opened[name] == nil {
		c.opened[name] = must(edgernn.Load(filepath.Join(c.folder, "bundles", name)))
	}
	return c.opened[name]
}

func replay(folder string) {
	c := &corpus{folder, map[string]*edgernn.Classifier{}}
	c.count("predictions", c.predictionPasses)
	c.count("tokens", c.tokensPass)
	c.count("broken", c.brokenPasses)
}

func (c *corpus) count(name string, passes func(words []string) bool) {
	lines := bufio.NewScanner(must(os.Open(filepath.Join(c.folder, name+".txt"))))
	lines.Buffer(nil, 1<<20)
	count, passed := 0, 0
	for ; lines.Scan(); count++ {
		if passes(strings.Fields(lines.Text())) {
			passed++
		}
	}
	fmt.Println(name, count, passed)
}

func (c *corpus) predictionPasses(words []string) bool {
	classifier := c.open(words[0])
	found := must(classifier.Predict(decode(words[1])))
	expected := strings.Split(words[6], ",")
	for i, value := range expected {
		if !(math.Abs(float(value)-float64(found.Probabilities[i])) <= float(words[7])) {
			return false
		}
	}
	applying := []string{}
	for _, label := range found.Labels {
		applying = append(applying, numberOf(classifier, label))
	}
	labels := []string{numberOf(classifier, found.Label), numberOf(classifier, found.Best),
		numberOf(classifier, found.RunnerUp), strings.Join(applying, ",")}
	if len(applying) == 0 {
		labels[3] = "-"
	}
	return strings.Join(labels, " ") == strings.Join(words[2:6], " ") &&
		len(found.Probabilities) == len(expected)
}

// numberOf returns the number of a label, or "-" for none.
func numberOf(classifier *edgernn.Classifier, label string) string {
	for i, name := range classifier.Labels() {
		if name == label {
			return strconv.Itoa(i)
		}
	}
	return "-"
}

func (c *corpus) tokensPass(words []string) bool {
	found := []string{}
	for _, id := range must(c.open(words[0]).Tokenize(decode(words[1]))) {
		found = append(found, strconv.Itoa(int(id)))
	}
	return strings.Join(found, ",") == strings.TrimPrefix(words[2], "-")
}

func (c *corpus) brokenPasses(words []string) bool {
	base := must(os.ReadFile(filepath.Join(c.folder, "bundles", words[2])))
	data := []byte{}
	for _, part := range words[3:] {
		if start, length, isCopy := strings.Cut(part[1:], ","); isCopy {
			data = append(data, base[number(start):number(start)+number(length)]...)
		} else {
			data = append(data, decode(part[1:])...)
		}
	}
	found := "OK"
	classifier, err := edgernn.LoadBytes(data)
	var status edgernn.Status
	if errors.As(err, &status) {
		found = strings.TrimPrefix(status.Name(), "EDGERNN_ERROR_")
	} else {
		classifier.Close()
	}
	return found == words[1]
}

// resident returns the kilobytes of memory that the process uses.
func resident() int {
	debug.FreeOSMemory()
	_, line, _ := strings.Cut(string(must(os.ReadFile("/proc/self/status"))), "VmRSS:")
	return number(strings.Fields(line)[0])
}

// leaks prints by how many kilobytes the process grows.
func leaks(bundle string) {
	run := func(opened, predictions int) {
		text := "a film to remember"
		for i := 0; i < opened; i++ {
			must(edgernn.Load(bundle)).Close()
			if _, err := edgernn.LoadBytes([]byte("text")); err == nil {
				panic("a text is not a bundle")
			}
		}
		classifier := must(edgernn.Load(bundle))
		defer classifier.Close()
		for i := 0; i < predictions; i++ {
			must(classifier.Predict(text))
		}
		for i := 0; i < predictions/100; i++ {
			must(classifier.Tokenize(text))
			must(classifier.Explain(text))
		}
	}
	run(100, 10_000)
	before := resident()
	run(1_000, 100_000)
	fmt.Println(resident() - before)
}

// cost prints the microseconds from opening to the first prediction, and of one of each text.
func cost(bundle string, times int, texts []string) {
	start := time.Now()
	classifier := must(edgernn.Load(bundle))
	defer classifier.Close()
	must(classifier.Predict(texts[0]))
	fmt.Printf("%.3f\n", float64(time.Since(start).Nanoseconds())/1e3)
	for _, text := range texts {
		fastest := math.Inf(1)
		for i := 0; i < times; i++ {
			start := time.Now()
			must(classifier.Predict(text))
			fastest = math.Min(fastest, float64(time.Since(start).Nanoseconds())/1e3)
		}
		fmt.Printf("%.3f\n", fastest)
	}
}
