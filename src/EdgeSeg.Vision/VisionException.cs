namespace EdgeSeg.Vision;

/// <summary>
/// The cause of a failure lies outside the program: a model bundle, a native library or the hardware is not as it must be.
/// <see cref="Exception.Message"/> is one sentence that says what happened, to what, and what to do about it.
/// Wrong arguments are <see cref="ArgumentException"/>, calls in the wrong order <see cref="InvalidOperationException"/>.
/// </summary>
public class VisionException : Exception
{
    /// <summary>Creates an error with a message for the person who runs the program.</summary>
    /// <param name="message">One sentence: reason and remedy.</param>
    public VisionException(string message)
        : base(message) { }

    /// <summary>Creates an error that another one caused.</summary>
    /// <param name="message">One sentence: reason and remedy.</param>
    /// <param name="innerException">The cause.</param>
    public VisionException(string message, Exception innerException)
        : base(message, innerException) { }
}
