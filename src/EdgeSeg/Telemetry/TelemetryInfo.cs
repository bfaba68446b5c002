namespace EdgeSeg.Telemetry;

/// <summary>
/// One camera's figures over an interval; <see cref="Reconnects"/> since the session began, <see cref="FramesHeld"/> now. Stages and drop
/// causes that did not occur are left out.
/// </summary>
internal sealed record CameraTelemetry(
    string Id,
    double FpsIn,
    double FpsOut,
    long Reconnects,
    int FramesHeld,
    IReadOnlyList<KeyValuePair<string, long>> Drops,
    IReadOnlyList<KeyValuePair<string, StageStats>> Stages
);

/// <summary>
/// The process over an interval; counts and bytes are of the interval, <see cref="RssBytes"/> and <see cref="Gen2Total"/> are not.
/// </summary>
/// <param name="RssBytes">Resident memory now; null, and left out, where the system does not report it.</param>
/// <param name="CpuPercent">Of one core: two busy cores are 200.</param>
/// <param name="AllocatedBytes">Managed bytes allocated.</param>
/// <param name="Gen0">Collections of generation 0.</param>
/// <param name="Gen1">Collections of generation 1.</param>
/// <param name="Gen2">Collections of generation 2.</param>
/// <param name="Gen2Total">Collections of generation 2 since the process began.</param>
internal readonly record struct ProcessStats(
    long? RssBytes,
    double CpuPercent,
    long AllocatedBytes,
    int Gen0,
    int Gen1,
    int Gen2,
    int Gen2Total
);

/// <summary>Messages dropped by the link since the session began, by cause.</summary>
/// <param name="Full">Displaced by newer ones.</param>
/// <param name="Expired">Expired before they could be sent.</param>
/// <param name="TooLarge">Larger than the broker accepts.</param>
/// <param name="Failed">Lost with the connection while being sent.</param>
/// <param name="Refused">The broker does not accept their topic from this device.</param>
internal readonly record struct LinkDrops(long Full, long Expired, long TooLarge, long Failed, long Refused = 0)
{
    public long Total => Full + Expired + TooLarge + Failed + Refused;
}

/// <summary>The MQTT link since the session began; <see cref="Waiting"/>: messages that wait now.</summary>
internal readonly record struct LinkStats(long Sent, long Reconnects, int Waiting, LinkDrops Drops);

/// <summary>Content of a telemetry message.</summary>
internal sealed record TelemetryInfo(
    string Device,
    string Session,
    DateTimeOffset AtUtc,
    bool ClockSynced,
    double IntervalS,
    IReadOnlyList<CameraTelemetry> Cameras,
    ProcessStats Process,
    LinkStats Link,
    DeviceVitals Board,
    SwapStats Swaps
)
{
    /// <summary>Null, and then left out: no frames are kept.</summary>
    public SampleStats? Samples { get; init; }
}

/// <summary>Frames kept on the disk for labelling. All but the first two: since the session began.</summary>
/// <param name="Kept">On the disk now.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Written">Written.</param>
/// <param name="OverLimit">Left out because of the limit for a day.</param>
/// <param name="Dropped">Left out because others were still being written.</param>
/// <param name="Failed">Could not be written.</param>
internal sealed record SampleStats(int Kept, long Bytes, long Written, long OverLimit, long Dropped, long Failed);

/// <summary>
/// Models that took the place of another since the session began; <see cref="LastMs"/>: how long the frames waited for the last one.
/// </summary>
internal sealed record SwapStats(int Count, double LastMs);
