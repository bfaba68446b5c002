namespace EdgeSeg.Pipeline;

/// <summary>The fields of the running service in every message. The control loop writes it, any thread reads it.</summary>
internal sealed class ServiceInfo(string device, string session)
{
    private volatile bool clockSynced,
        degraded;

    public string Device { get; } = device;

    /// <summary>Names this run of the service.</summary>
    public string Session { get; } = session;

    /// <summary>Whether wall-clock times can be trusted.</summary>
    public bool ClockSynced
    {
        get => clockSynced;
        set => clockSynced = value;
    }

    /// <summary>Whether the service runs below what it was configured for.</summary>
    public bool Degraded
    {
        get => degraded;
        set => degraded = value;
    }
}
