using System;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace Edgernn
{
    /// <summary>The prediction for a text.</summary>
    public sealed class Prediction
    {
        /// <summary>The most probable label; of a model with thresholds, the most probable one that
        /// reaches its threshold, or null if none does.</summary>
        public string Label { get; internal set; }

        /// <summary>The probability of the label; without a label, the highest one.</summary>
        public float Probability { get; internal set; }

        /// <summary>The probability of each label, in the order of Classifier.Labels.</summary>
        public IReadOnlyList<float> Probabilities { get; internal set; }

        /// <summary>The labels that apply, the most probable first: of a multi-label model those that
        /// reach their thresholds (0.5 if it has none), of others the label.</summary>
        public IReadOnlyList<string> Labels { get; internal set; }

        /// <summary>The most probable label, also if it does not reach its threshold.</summary>
        public string Best { get; internal set; }

        /// <summary>The second most probable label; null if the model has one label.</summary>
        public string RunnerUp { get; internal set; }
    }

    /// <summary>A token of an explained text.</summary>
    public sealed class TokenWeight
    {
        /// <summary>The token as the tokenizer cut it; invalid UTF-8 is U+FFFD.</summary>
        public string Token { get; internal set; }

        /// <summary>Its id.</summary>
        public int Id { get; internal set; }

        /// <summary>The probability of the most probable label minus that without this token.</summary>
        public float Weight { get; internal set; }
    }

    /// <summary>The result of a self-test.</summary>
    public sealed class SelfTestResult
    {
        /// <summary>Whether ids are equal and outputs within the tolerance.</summary>
        public bool Passed { get; internal set; }

        /// <summary>The number of texts that were classified.</summary>
        public int Texts { get; internal set; }

        /// <summary>The largest absolute error of an output.</summary>
        public float MaxError { get; internal set; }
    }

    /// <summary>An open classifier. Threads may share it, and do not wait for each other. Dispose may
    /// be called at any time: the memory is released after the calls under way.</summary>
    public sealed class Classifier : IDisposable
    {
        /// <summary>The longest text that is accepted, in bytes of UTF-8.</summary>
        public const int MaxTextBytes = 1 << 20;

        private readonly ClassifierHandle handle;
        private readonly string[] labels;
        // The handle stays open while calls overlap: without this, new calls could prevent its release.
        private volatile bool isDisposed;

        private Classifier(ClassifierHandle opened)
        {
            handle = opened;
            labels = new string[(int)Native.edgernn_label_count(handle)];
            for (int i = 0; i < labels.Length; i++)
            {
                labels[i] = Native.ReadString(Native.edgernn_label(handle, (UIntPtr)i));
            }
            Labels = Array.AsReadOnly(labels);
            Kernels = Native.ReadString(Native.edgernn_kernels(handle));
        }

        /// <summary>The labels.</summary>
        public IReadOnlyList<string> Labels { get; }

        /// <summary>The name of the kernels in use, such as avx2.</summary>
        public string Kernels { get; }

        /// <summary>The version of libedgernn: 10000 * major + 100 * minor + patch.</summary>
        public static int Version => Native.RequireLibrary();

        /// <summary>Open a bundle or a model.bin. Everything in the file is checked first. The message
        /// of an error begins with the path.</summary>
        public static Classifier Load(string path)
        {
            if (path == null) throw new ArgumentNullException(nameof(path));
            Native.RequireLibrary();
            byte[] data;
            try
            {
                data = File.ReadAllBytes(path);
            }
            catch (Exception error) when (error is IOException || error is UnauthorizedAccessException)
            {
                throw new EdgernnException(Status.NotFound, path, error);
            }
            return new Classifier(ClassifierHandle.Open(data, path));
        }

        /// <summary>Open a bundle in memory. It is copied.</summary>
        public static Classifier Load(byte[] data)
        {
            if (data == null) throw new ArgumentNullException(nameof(data));
            Native.RequireLibrary();
            return new Classifier(ClassifierHandle.Open(data, null));
        }

        /// <summary>Release the memory of the classifier.</summary>
        public void Dispose()
        {
            isDisposed = true;
            handle.Dispose();
        }

        /// <summary>Classify a text. A lone surrogate is U+FFFD.</summary>
        public Prediction Predict(string text) => Predict(Encode(text));

        /// <summary>Classify a text in UTF-8, valid or not.</summary>
        public Prediction Predict(byte[] text)
        {
            var probabilities = new float[labels.Length];
            UIntPtr label;
            EdgernnException.Check(Native.edgernn_classify(
                Handle, text, Size(text), probabilities, (UIntPtr)probabilities.Length, out label));
            return MakePrediction(label, probabilities);
        }

        /// <summary>Return the prediction for a label of edgernn_classify, which may be none.</summary>
        private Prediction MakePrediction(UIntPtr label, float[] probabilities)
        {
            UIntPtr best, runnerUp, count;
            var applying = new UIntPtr[labels.Length];
            EdgernnException.Check(Native.edgernn_rank(Handle, probabilities, out best, out runnerUp));
            EdgernnException.Check(Native.edgernn_labels(
                Handle, probabilities, applying, (UIntPtr)applying.Length, out count));
            Array.Resize(ref applying, (int)count);
            string name = FindLabel(label);
            return new Prediction
            {
                Label = name,
                Probability = probabilities[(int)(name == null ? best : label)],
                Probabilities = probabilities,
                Labels = Array.ConvertAll(applying, FindLabel),
                Best = FindLabel(best),
                RunnerUp = FindLabel(runnerUp),
            };
        }

        /// <summary>Return a label, or null for EDGERNN_NO_LABEL.</summary>
        private string FindLabel(UIntPtr index) =>
            index.ToUInt64() < (ulong)labels.Length ? labels[(int)index] : null;

        /// <summary>Return the ids that the model reads, padding included.</summary>
        public int[] Tokenize(string text) => Tokenize(Encode(text));

        /// <summary>The same for a text in UTF-8, valid or not.</summary>
        public int[] Tokenize(byte[] text)
        {
            const int alignment = 64;
            UIntPtr room = Native.edgernn_tokenizer_scratch_size(Handle, Size(text));
            IntPtr scratch = Marshal.AllocHGlobal((int)room + alignment);
            try
            {
                long start = (scratch.ToInt64() + alignment - 1) / alignment * alignment;
                for (var ids = new int[256]; ;)
                {
                    UIntPtr count;
                    int status = Native.edgernn_tokenize(
                        Handle, text, Size(text), new IntPtr(start), room, ids, (UIntPtr)ids.Length,
                        out count);
                    if (status == (int)Status.Capacity)
                    {
                        ids = new int[(int)count];
                        continue;
                    }
                    EdgernnException.Check(status);
                    Array.Resize(ref ids, (int)count);
                    return ids;
                }
            }
            finally
            {
                Marshal.FreeHGlobal(scratch);
            }
        }

        /// <summary>Explain a prediction by classifying the text without each of its tokens in
        /// turn.</summary>
        public IReadOnlyList<TokenWeight> Explain(string text) => Explain(Encode(text));

        /// <summary>The same for a text in UTF-8, valid or not.</summary>
        public IReadOnlyList<TokenWeight> Explain(byte[] text)
        {
            var tokens = new NativeToken[256];
            var spellings = new byte[2 * (int)Size(text) + 4 * tokens.Length];
            for (;;)
            {
                UIntPtr count;
                int status = Native.edgernn_explain(
                    Handle, text, Size(text), tokens, (UIntPtr)tokens.Length, out count, spellings,
                    (UIntPtr)spellings.Length);
                if (status == (int)Status.Capacity)
                {
                    // n-grams repeat the words of the text, so that their spellings may need more.
                    spellings = new byte[2 * spellings.Length + 4 * (int)count];
                    tokens = new NativeToken[Math.Max((int)count, tokens.Length)];
                    continue;
                }
                EdgernnException.Check(status);
                Array.Resize(ref tokens, (int)count);
                return Array.ConvertAll(tokens, token => new TokenWeight
                {
                    Token = Encoding.UTF8.GetString(spellings, (int)token.Start, (int)token.Length),
                    Id = token.Id,
                    Weight = token.Contribution,
                });
            }
        }

        /// <summary>Classify the test vectors of the bundle, to check that this device gives the
        /// outputs of the machine that exported it.</summary>
        public SelfTestResult SelfTest()
        {
            UIntPtr texts;
            float maxError;
            int status = Native.edgernn_self_test(Handle, out texts, out maxError);
            if (status != (int)Status.SelfTest) EdgernnException.Check(status);
            return new SelfTestResult { Passed = status == 0, Texts = (int)texts, MaxError = maxError };
        }

        private ClassifierHandle Handle =>
            isDisposed ? throw new ObjectDisposedException(nameof(Classifier)) : handle;

        private static byte[] Encode(string text)
        {
            if (text == null) throw new ArgumentNullException(nameof(text));
            return Encoding.UTF8.GetBytes(text);
        }

        private static UIntPtr Size(byte[] text)
        {
            if (text == null) throw new ArgumentNullException(nameof(text));
            return (UIntPtr)text.Length;
        }
    }
}
