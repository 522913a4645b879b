// Classify.exe MODEL.edgernn TEXT
using System;
using Edgernn;

static class Classify
{
    static int Main(string[] arguments)
    {
        if (arguments.Length != 2) return 2;
        using (var classifier = Classifier.Load(arguments[0]))
        {
            Prediction prediction = classifier.Predict(arguments[1]);
            Console.WriteLine($"{prediction.Label ?? "-"} {prediction.Probability:F4}");
        }
        return 0;
    }
}
