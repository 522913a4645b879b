using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;

namespace Edgernn
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct NativeToken
    {
        internal int Id;
        internal float Contribution;
        internal uint Start;
        internal uint Length;
    }

    /// <summary>A classifier of libedgernn and the memory of its file. A call in another thread keeps
    /// it open, so that Dispose never releases what is in use.</summary>
    internal sealed class ClassifierHandle : SafeHandle
    {
        private const int Alignment = 64;
        private IntPtr block;

        private ClassifierHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid => handle == IntPtr.Zero;

        /// <summary>Open a copy of the data. The path is for the message of an error, or null.</summary>
        internal static ClassifierHandle Open(byte[] data, string path)
        {
            var opened = new ClassifierHandle();
            opened.block = Marshal.AllocHGlobal(data.Length + Alignment + 4);
            long start = (opened.block.ToInt64() + Alignment - 1) / Alignment * Alignment;
            int status = (int)Status.Alignment;
            // Bundles that another tool zipped may have the model at any place: move it to a multiple
            // of 4, as edgernn_load does.
            for (int shift = 0; status == (int)Status.Alignment && shift < 4; shift++)
            {
                var place = new IntPtr(start + shift);
                Marshal.Copy(data, 0, place, data.Length);
                status = Native.edgernn_load_memory(place, (UIntPtr)data.Length, out opened.handle);
            }
            if (status == 0) return opened;
            opened.ReleaseBlock();
            throw new EdgernnException((Status)status, path);
        }

        protected override bool ReleaseHandle()
        {
            Native.edgernn_free(handle);
            ReleaseBlock();
            return true;
        }

        private void ReleaseBlock()
        {
            Marshal.FreeHGlobal(block);
            block = IntPtr.Zero;
        }
    }

    /// <summary>The functions of edgernn.h that the classes call.</summary>
    internal static class Native
    {
        /// <summary>Is libedgernn.so, libedgernn.dylib or edgernn.dll.</summary>
        private const string Library = "edgernn";
        private const CallingConvention C = CallingConvention.Cdecl;

        /// <summary>Return the version of the library.</summary>
        /// <exception cref="DllNotFoundException">It was not found, or cannot be loaded; the runtime's
        /// own message does not say which file or where.</exception>
        internal static int RequireLibrary()
        {
            try
            {
                return edgernn_version();
            }
            catch (Exception error) when (error is DllNotFoundException || error is BadImageFormatException)
            {
                throw new DllNotFoundException(DescribeMissingLibrary(), error);
            }
        }

        private static string DescribeMissingLibrary()
        {
            string assembly = typeof(Native).Assembly.Location;
            // An assembly inside a program of one file has no location.
            string folder = assembly == "" ? AppContext.BaseDirectory : Path.GetDirectoryName(assembly);
            string file = Path.Combine(folder, FileName);
            return File.Exists(file)
                ? $"{FileName} cannot be loaded\n  where:    {file}\n"
                    + "  expected: the library for this processor and system\n"
                    + "  next:     run `make bindings` in the repository of edgernn on this machine, and copy "
                    + $"build/bindings/csharp/{FileName}"
                : $"{FileName} was not found\n  expected: {file}\n"
                    + "  next:     copy it there from build/bindings/csharp, which `make bindings` writes in "
                    + "the repository of edgernn";
        }

        private static string FileName =>
            RuntimeInformation.IsOSPlatform(OSPlatform.Windows) ? "edgernn.dll"
            : RuntimeInformation.IsOSPlatform(OSPlatform.OSX) ? "libedgernn.dylib" : "libedgernn.so";

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_version();

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr edgernn_status_name(int status);

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr edgernn_status_message(int status);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_load_memory(IntPtr data, UIntPtr size, out IntPtr classifier);

        [DllImport(Library, CallingConvention = C)]
        internal static extern void edgernn_free(IntPtr classifier);

        [DllImport(Library, CallingConvention = C)]
        internal static extern UIntPtr edgernn_label_count(ClassifierHandle classifier);

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr edgernn_label(ClassifierHandle classifier, UIntPtr index);

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr edgernn_kernels(ClassifierHandle classifier);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_classify(
            ClassifierHandle classifier, byte[] text, UIntPtr textBytes, [Out] float[] probabilities,
            UIntPtr capacity, out UIntPtr label);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_rank(
            ClassifierHandle classifier, float[] probabilities, out UIntPtr best, out UIntPtr runnerUp);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_labels(
            ClassifierHandle classifier, float[] probabilities, [Out] UIntPtr[] labels,
            UIntPtr capacity, out UIntPtr count);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_self_test(
            ClassifierHandle classifier, out UIntPtr texts, out float maxError);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_explain(
            ClassifierHandle classifier, byte[] text, UIntPtr textBytes, [Out] NativeToken[] tokens,
            UIntPtr capacity, out UIntPtr count, [Out] byte[] spellings, UIntPtr spellingCapacity);

        [DllImport(Library, CallingConvention = C)]
        internal static extern UIntPtr edgernn_tokenizer_scratch_size(
            ClassifierHandle classifier, UIntPtr textBytes);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int edgernn_tokenize(
            ClassifierHandle classifier, byte[] text, UIntPtr textBytes, IntPtr scratch,
            UIntPtr scratchBytes, [Out] int[] ids, UIntPtr capacity, out UIntPtr count);

        /// <summary>Copy a UTF-8 string of libedgernn.</summary>
        internal static string ReadString(IntPtr text)
        {
            int length = 0;
            while (Marshal.ReadByte(text, length) != 0) length++;
            var bytes = new byte[length];
            Marshal.Copy(text, bytes, 0, length);
            return Encoding.UTF8.GetString(bytes);
        }
    }
}
