// The C# host of tests/hosts. It prints what it replayed and what passed, what 100,000 predictions
// and 1,000 classifiers leave in memory, or what a prediction costs:
//
//     Host.exe replay FOLDER
//     Host.exe leaks BUNDLE
//     Host.exe cost BUNDLE TIMES TEXT...
//     Host.exe test BUNDLE
using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.Globalization;
using System.IO;
using System.Linq;
using Edgernn;

static class Host
{
    private const string Text = "a film to remember";
    private static string folder;
    private static readonly Dictionary<string, Classifier> Opened = new Dictionary<string, Classifier>();

    static int Main(string[] arguments)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        switch (arguments[0])
        {
            case "replay": Replay(arguments[1]); return 0;
            case "leaks": Leaks(arguments[1]); return 0;
            case "cost": Cost(arguments[1], int.Parse(arguments[2]), arguments.Skip(3)); return 0;
            case "test": return Tests.Run(arguments[1]);
            default: return 2;
        }
    }

    private static byte[] Decode(string word)
    {
        if (word == "-") return new byte[0];
        return Enumerable.Range(0, word.Length / 2)
            .Select(i => Convert.ToByte(word.Substring(2 * i, 2), 16)).ToArray();
    }

    private static string Bundle(string name) => Path.Combine(folder, "bundles", name);

    private static Classifier Open(string name)
    {
        if (!Opened.ContainsKey(name)) Opened[name] = Classifier.Load(Bundle(name));
        return Opened[name];
    }

    private static void Replay(string corpus)
    {
        folder = corpus;
        Count("predictions", PredictionPasses);
        Count("tokens", TokensPass);
        Count("broken", BrokenPasses);
    }

    private static void Count(string name, Func<string[], bool> passes)
    {
        string[] lines = File.ReadAllLines(Path.Combine(folder, name + ".txt"));
        Console.WriteLine($"{name} {lines.Length} {lines.Count(line => passes(line.Split(' ')))}");
    }

    private static bool PredictionPasses(string[] words)
    {
        Classifier classifier = Open(words[0]);
        Prediction found = classifier.Predict(Decode(words[1]));
        float[] expected = words[6].Split(',').Select(float.Parse).ToArray();
        float tolerance = float.Parse(words[7]);
        Func<string, string> number = label =>
            label == null ? "-" : classifier.Labels.ToList().IndexOf(label).ToString();
        string applying = string.Join(",", found.Labels.Select(number));
        var labels = new[] { number(found.Label), number(found.Best), number(found.RunnerUp), applying };
        return string.Join(" ", labels) == string.Join(" ", words.Skip(2).Take(3)) + " " + words[5].Replace("-", "")
            && found.Probabilities.Count == expected.Length
            && expected.Zip(found.Probabilities, (a, b) => Math.Abs(a - b) <= tolerance).All(near => near);
    }

    private static bool TokensPass(string[] words)
    {
        int[] found = Open(words[0]).Tokenize(Decode(words[1]));
        return string.Join(",", found) == words[2].Replace("-", "");
    }

    private static bool BrokenPasses(string[] words)
    {
        byte[] bundle = File.ReadAllBytes(Bundle(words[2]));
        var data = new List<byte>();
        foreach (string part in words.Skip(3))
        {
            string[] numbers = part.Substring(1).Split(',');
            data.AddRange(numbers.Length == 1
                ? Decode(numbers[0])
                : bundle.Skip(int.Parse(numbers[0])).Take(int.Parse(numbers[1])));
        }
        string found = "OK";
        try
        {
            Classifier.Load(data.ToArray()).Dispose();
        }
        catch (EdgernnException error)
        {
            found = error.StatusName.Replace("EDGERNN_ERROR_", "");
        }
        return found == words[1];
    }

    /// <summary>Return the kilobytes of memory that the process uses.</summary>
    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        string line = File.ReadLines("/proc/self/status").First(found => found.StartsWith("VmRSS"));
        return long.Parse(new string(line.Where(char.IsDigit).ToArray()));
    }

    /// <summary>Print by how many kilobytes the process grows.</summary>
    private static void Leaks(string bundle)
    {
        Use(bundle, 1000, 100000);
        long before = Resident();
        Use(bundle, 1000, 100000);
        Console.WriteLine(Resident() - before);
    }

    private static void Use(string bundle, int opened, int predictions)
    {
        for (int i = 0; i < opened; i++)
        {
            Classifier.Load(bundle).Dispose();
            try { Classifier.Load(new byte[4]); }
            catch (EdgernnException) { }
        }
        using (var classifier = Classifier.Load(bundle))
        {
            for (int i = 0; i < predictions; i++) classifier.Predict(Text);
            for (int i = 0; i < predictions / 100; i++)
            {
                classifier.Tokenize(Text);
                classifier.Explain(Text);
            }
        }
    }

    /// <summary>Print the microseconds from opening to the first prediction, and of one of each
    /// text.</summary>
    private static void Cost(string bundle, int times, IEnumerable<string> texts)
    {
        double microseconds = 1e6 / Stopwatch.Frequency;
        var watch = Stopwatch.StartNew();
        using (var classifier = Classifier.Load(bundle))
        {
            classifier.Predict(texts.First());
            Console.WriteLine($"{watch.ElapsedTicks * microseconds:F3}");
            foreach (string text in texts)
            {
                long fastest = long.MaxValue;
                for (int i = 0; i < times; i++)
                {
                    watch.Restart();
                    classifier.Predict(text);
                    fastest = Math.Min(fastest, watch.ElapsedTicks);
                }
                Console.WriteLine($"{fastest * microseconds:F3}");
            }
        }
    }
}
