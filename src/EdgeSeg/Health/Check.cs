namespace EdgeSeg.Health;

internal enum CheckState
{
    Ok,
    Warning,
    Failed,
}

/// <summary>
/// The finding about one thing that the service needs, and what a person can do about it. <see cref="Remedy"/> is empty when there is
/// nothing to do.
/// </summary>
internal sealed record Check(string Name, CheckState State, string Finding, string Remedy = "")
{
    public static Check Ok(string name, string finding) => new(name, CheckState.Ok, finding);

    public static Check Warning(string name, string finding, string remedy) => new(name, CheckState.Warning, finding, remedy);

    public static Check Failed(string name, string finding, string remedy) => new(name, CheckState.Failed, finding, remedy);
}
