// What the corpus does not show: threads, disposal, explanations, the self-test, errors.
using System;
using System.IO;
using System.Linq;
using System.Threading;
using Edgernn;

static class Tests
{
    /// <summary>Run the tests, print a line for each, and return the number that failed.</summary>
    internal static int Run(string bundle)
    {
        int failed = 0;
        var tests = new Action<string>[]
        {
            PredictionHasTheLabelOfTheLargestProbability, ThreadsShareAClassifier,
            DisposeLetsTheCallsUnderWayEnd, WeightsAreDifferencesOfProbabilities,
            BuffersGrowWithTheText, SelfTestPasses, ErrorsSayWhatIsWrong,
        };
        foreach (Action<string> test in tests)
        {
            string result = "passed";
            try { test(bundle); }
            catch (Exception error) { result = "FAILED: " + error; failed++; }
            Console.WriteLine($"{test.Method.Name} {result}");
        }
        return failed;
    }

    private static void Require(bool condition)
    {
        if (!condition) throw new Exception("a condition is false");
    }

    private static Status StatusOf(Action action)
    {
        try { action(); }
        catch (EdgernnException error) { return error.Status; }
        return 0;
    }

    private static void PredictionHasTheLabelOfTheLargestProbability(string bundle)
    {
        using (var classifier = Classifier.Load(bundle))
        {
            Prediction found = classifier.Predict("A film to remember.");
            Require(classifier.Labels.SequenceEqual(new[] { "neg", "pos" }));
            Require(found.Label == "pos" && found.Probability == found.Probabilities[1]);
            Require(Math.Abs(found.Probabilities.Sum() - 1) < 1e-6);
            Require(classifier.Kernels != "" && Classifier.Version == 100);
        }
    }

    private static void ThreadsShareAClassifier(string bundle)
    {
        using (var classifier = Classifier.Load(bundle))
        {
            string[] texts = Enumerable.Range(0, 40)
                .Select(i => string.Concat(Enumerable.Repeat("a good film ", i))).ToArray();
            float[] expected = texts.Select(text => classifier.Predict(text).Probabilities[1]).ToArray();
            int wrong = 0;
            Start(8, () =>
            {
                for (int i = 0; i < 50 * texts.Length; i++)
                {
                    int text = i % texts.Length;
                    float found = classifier.Predict(texts[text]).Probabilities[1];
                    if (found != expected[text]) Interlocked.Increment(ref wrong);
                }
            })();
            Require(wrong == 0);
        }
    }

    private static void DisposeLetsTheCallsUnderWayEnd(string bundle)
    {
        for (int round = 0; round < 20; round++)
        {
            var classifier = Classifier.Load(bundle);
            int closed = 0;
            Action join = Start(4, () =>
            {
                try { for (;;) classifier.Predict("a good film"); }
                catch (ObjectDisposedException) { Interlocked.Increment(ref closed); }
            });
            classifier.Dispose();
            classifier.Dispose();
            join();
            Require(closed == 4);
        }
    }

    private static Action Start(int count, ThreadStart body)
    {
        Thread[] threads = Enumerable.Range(0, count).Select(_ => new Thread(body)).ToArray();
        foreach (Thread thread in threads) thread.Start();
        return () => { foreach (Thread thread in threads) thread.Join(); };
    }

    private static void WeightsAreDifferencesOfProbabilities(string bundle)
    {
        using (var classifier = Classifier.Load(bundle))
        {
            Prediction whole = classifier.Predict("not a good film");
            Prediction without = classifier.Predict("a good film");
            var tokens = classifier.Explain("not a good film");
            int label = whole.Label == "pos" ? 1 : 0;
            float expected = whole.Probability - without.Probabilities[label];
            Require(Math.Abs(tokens[0].Weight - expected) < 1e-6);
            Require(string.Join(" ", tokens.Select(token => token.Token)) == "not a good film");
            int[] ids = classifier.Tokenize("not a good film");
            Require(ids.SequenceEqual(tokens.Select(token => token.Id)));
        }
    }

    private static void BuffersGrowWithTheText(string bundle)
    {
        using (var classifier = Classifier.Load(bundle))
        {
            int[] ids = classifier.Tokenize(string.Concat(Enumerable.Repeat("good ", 3000)));
            Require(ids.Length > 256 && ids.All(id => id == ids[0]));
            var tokens = classifier.Explain(string.Concat(Enumerable.Repeat("film ", 300)));
            Require(tokens.Count == 300 && tokens[299].Token == "film");
        }
    }

    private static void SelfTestPasses(string bundle)
    {
        using (var classifier = Classifier.Load(bundle))
        {
            SelfTestResult found = classifier.SelfTest();
            Require(found.Passed && found.Texts > 0 && found.MaxError < 1e-2);
        }
    }

    private static string MessageOf(Action action)
    {
        try { action(); }
        catch (EdgernnException error) { return error.Message; }
        return null;
    }

    private static void ErrorsNameTheFile(byte[] damaged)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, damaged);
            Require(MessageOf(() => Classifier.Load(path)).StartsWith(path + ": a checksum does not match"));
            Require(!MessageOf(() => Classifier.Load(damaged)).Contains(path));
        }
        finally
        {
            File.Delete(path);
        }
        string expected = path + ": the file cannot be opened or read";
        Require(MessageOf(() => Classifier.Load(path)) == expected);
    }

    private static void ErrorsSayWhatIsWrong(string bundle)
    {
        Require(StatusOf(() => Classifier.Load("no such file")) == Status.NotFound);
        Require(StatusOf(() => Classifier.Load(new byte[0])) == Status.NotABundle);
        Require(StatusOf(() => Classifier.Load(new byte[100])) == Status.NotABundle);
        byte[] damaged = File.ReadAllBytes(bundle);
        damaged[damaged.Length / 2] ^= 1;
        Require(StatusOf(() => Classifier.Load(damaged)) == Status.Checksum);
        ErrorsNameTheFile(damaged);
        using (var classifier = Classifier.Load(bundle))
        {
            var text = new string('a', Classifier.MaxTextBytes + 1);
            Require(StatusOf(() => classifier.Predict(text)) == Status.TextTooLong);
            try { classifier.Predict((string)null); Require(false); }
            catch (ArgumentNullException) { }
            try { classifier.Predict(text); }
            catch (EdgernnException error)
            {
                Require(error.StatusName == "EDGERNN_ERROR_TEXT_TOO_LONG");
                Require(error.Message != "unknown status");
            }
        }
    }
}
