namespace EdgeSeg.Capture;

/// <summary>
/// When a picture was taken. A V4L2 buffer's stamp is on the monotonic clock with most drivers: it is trusted when it lies shortly before
/// arrival. A video's frames keep their spacing in UTC from the moment of opening, and their arrival on the monotonic clock, since ages are
/// counted on it.
/// </summary>
internal readonly record struct FrameStamp(DateTimeOffset Utc, long Ns, string TimeSource)
{
    public static FrameStamp Of(string timeSource, double positionMs, long arrivalNs, DateTimeOffset arrivalUtc, DateTimeOffset openedUtc)
    {
        if (timeSource == "file")
            return new(openedUtc.AddMilliseconds(positionMs), arrivalNs, "file");
        var ageMs = arrivalNs / 1e6 - positionMs;
        // the stamp is cut to whole milliseconds by OpenCV, so it never lies ahead
        if (timeSource == "driver" && positionMs > 0 && ageMs is >= 0 and <= CaptureLimits.DriverStampMaxAgeMs)
            return new(arrivalUtc.AddMilliseconds(-ageMs), (long)(positionMs * 1e6), "driver");
        return new(arrivalUtc, arrivalNs, "arrival");
    }
}
