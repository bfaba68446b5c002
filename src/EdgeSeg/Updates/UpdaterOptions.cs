using EdgeSeg.Configuration;
using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>What the updater needs to know of the device.</summary>
internal sealed record UpdaterOptions
{
    public required DeviceInfo Device { get; init; }

    /// <summary>The keys that the settings name.</summary>
    public required KeySet Keys { get; init; }

    /// <summary>Null: a model may be swapped at any time.</summary>
    public MaintenanceWindow? Window { get; init; }

    /// <summary>Folder of the bundle that is shipped with the program.</summary>
    public required string Shipped { get; init; }

    public Func<bool> ClockSynced { get; init; } = () => true;
}

/// <summary>Fetches the files of a bundle. Implemented by <see cref="Download"/>.</summary>
internal interface IBundleSource
{
    /// <summary>When it returns, every file is in the folder with the right size and SHA-256.</summary>
    /// <param name="bundle">What to fetch; its signature was checked.</param>
    /// <param name="folder">Created when missing. Whole and partial files in it are used.</param>
    /// <param name="progress">Receives the bytes on the disk, of all files together.</param>
    /// <param name="cancel">Ends the call; what was fetched stays.</param>
    /// <exception cref="UpdateException">A file could not be fetched.</exception>
    Task FetchAsync(BundleInfo bundle, string folder, Action<long> progress, CancellationToken cancel);
}

/// <summary>Tries a bundle before it may serve. Implemented by <see cref="Canary"/>.</summary>
internal interface ICanary
{
    /// <summary>Returns the measurements of a bundle that passed.</summary>
    /// <param name="folder">The bundle to try.</param>
    /// <param name="reference">The bundle in use.</param>
    /// <param name="terms">What the bundle must show.</param>
    /// <param name="cancel">Ends the run.</param>
    /// <exception cref="UpdateException">The bundle did not pass.</exception>
    Task<CanaryResult> RunAsync(string folder, string reference, CanaryTerms terms, CancellationToken cancel);
}
