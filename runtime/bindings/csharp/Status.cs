namespace Edgernn
{
    /// <summary>Why a call failed: the statuses of edgernn.h, with the same numbers.</summary>
    public enum Status
    {
        Argument = 1,
        NotFound = 2,
        NotABundle = 3,
        NewerVersion = 4,
        MalformedBundle = 5,
        MalformedManifest = 6,
        MalformedVocabulary = 7,
        MalformedModel = 8,
        MalformedVectors = 9,
        Checksum = 10,
        OtherFormat = 11,
        NoTokenizer = 12,
        NoVectors = 13,
        SelfTest = 14,
        OutOfMemory = 15,
        MemoryTooSmall = 16,
        Alignment = 17,
        Capacity = 18,
        TextTooLong = 19,
        Ids = 20,
        Kernels = 21,
        Output = 22,
        BigEndian = 23,
        NotInBuild = 24,
    }

    /// <summary>The error of a call of libedgernn.</summary>
    public sealed class EdgernnException : System.Exception
    {
        /// <summary>Why the call failed.</summary>
        public Status Status { get; }

        /// <summary>The name in edgernn.h, such as EDGERNN_ERROR_CHECKSUM.</summary>
        public string StatusName => Native.ReadString(Native.edgernn_status_name((int)Status));

        internal EdgernnException(Status status, string path = null, System.Exception cause = null)
            : base((path == null ? "" : path + ": ") + Describe(status), cause)
        {
            Status = status;
        }

        private static string Describe(Status status) =>
            Native.ReadString(Native.edgernn_status_message((int)status));

        internal static void Check(int status)
        {
            if (status != 0) throw new EdgernnException((Status)status);
        }
    }
}
