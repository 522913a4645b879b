// Command classify prints the label of a text: classify MODEL.edgernn TEXT.
package main

import (
	"fmt"
	"log"
	"os"

	"edgernn"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: classify MODEL.edgernn TEXT")
	}
	classifier, err := edgernn.Load(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer classifier.Close()
	prediction, err := classifier.Predict(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	label := prediction.Label
	if label == "" {
		label = "-"
	}
	fmt.Printf("%s %.4f\n", label, prediction.Probability)
}
