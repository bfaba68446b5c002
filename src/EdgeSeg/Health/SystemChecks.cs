using System.Globalization;
using EdgeSeg.Platform;
using EdgeSeg.Telemetry;

namespace EdgeSeg.Health;

/// <summary>Disk, clock and temperature. The folders of /sys and /run are arguments, so that tests can lay out their own.</summary>
internal static class SystemChecks
{
    /// <param name="stateDir">Where the service keeps its state; a missing folder is checked by the nearest one above it.</param>
    public static Check Disk(string stateDir)
    {
        if (StateFault(stateDir) is var (finding, remedy))
            return Check.Failed("disk", finding, remedy);
        var existing = DiskSpace.NearestExisting(stateDir);
        return Disk(stateDir, existing == stateDir, new DriveInfo(existing).AvailableFreeSpace);
    }

    /// <summary>Why the service cannot write its state there, with the remedy; null: it can.</summary>
    /// <param name="stateDir">The folder.</param>
    /// <param name="isService">The service asks, whose user is right; else a command, which a person may have started as the wrong
    /// user.</param>
    public static (string Finding, string Remedy)? StateFault(string stateDir, bool isService = false)
    {
        if (FileInPlaceOfFolder(stateDir) is { } file)
            return ($"{file} is a file: state_dir {stateDir} cannot be made", "delete the file, or set state_dir to a folder");
        var existing = DiskSpace.NearestExisting(stateDir);
        if (WriteFault(existing) is { } fault)
            return (
                $"{existing} cannot be written by {Environment.UserName}: {fault}",
                Remedy(existing, FolderOwner.Of("/proc/self")?.User, isService)
            );
        // a command that root ran may have made a folder that the service's user cannot write
        var owner = FolderOwner.Of(stateDir)?.User;
        foreach (var name in (string[])["models", "samples"])
        {
            var folder = Path.Combine(stateDir, name);
            if (!Directory.Exists(folder))
                continue;
            // root can write everywhere: the owner is compared
            var inside =
                Environment.IsPrivilegedProcess && FolderOwner.Of(folder)?.User != owner ? "it has another owner" : WriteFault(folder);
            if (inside is not null)
                return (
                    $"{folder} cannot be written by {FolderOwner.Name(owner ?? 0)}: {inside}",
                    $"give it the owner of state_dir: sudo chown -R --reference={stateDir} {folder}"
                );
        }

        return null;
    }

    /// <summary>The folder of another user stays as it is: an installed service could not start with another owner.</summary>
    internal static string Remedy(string folder, uint? user, bool isService)
    {
        if (isService || FolderOwner.Of(folder)?.User is not { } owner || owner == user)
            return "correct its owner and mode, or set state_dir to a folder that can be written";
        var name = FolderOwner.Name(owner);
        return $"the folder belongs to {name}: run it as {(owner == 0 ? "root" : $"root or as {name}")}, or set state_dir to a folder of "
            + "this user";
    }

    private static string? FileInPlaceOfFolder(string folder)
    {
        for (var path = folder; path is { Length: > 1 }; path = Path.GetDirectoryName(path))
        {
            if (File.Exists(path))
                return path;
        }

        return null;
    }

    /// <summary>Creates a file in the folder and deletes it; the reason when that fails.</summary>
    private static string? WriteFault(string folder)
    {
        var path = Path.Combine(folder, $".edgeseg-doctor-{Environment.ProcessId}");
        try
        {
            using (File.Create(path, 1, FileOptions.DeleteOnClose))
                return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e is UnauthorizedAccessException ? "permission denied" : e.Message;
        }
    }

    internal static Check Disk(string stateDir, bool exists, long freeBytes)
    {
        var finding = $"{freeBytes >> 20} MiB free for {stateDir}{(exists ? "" : " (not made yet)")}";
        const string remedy = "free space there, or move state_dir to a larger disk";
        if (freeBytes < HealthLimits.DiskFullBytes)
            return Check.Failed("disk", finding, remedy);
        return freeBytes < HealthLimits.DiskLowBytes ? Check.Warning("disk", finding, remedy) : Check.Ok("disk", finding);
    }

    /// <summary>Is the clock set by a time server: systemd-timesyncd's mark, else the kernel's state (chrony, ntpd).</summary>
    public static Check Clock(TimeProvider time, string run = "/run") => Clock(time, SystemClock.IsSynchronised(run));

    internal static Check Clock(TimeProvider time, bool synchronised)
    {
        var now = time.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return synchronised
            ? Check.Ok("clock", $"{now}, synchronised")
            : Check.Warning(
                "clock",
                $"{now}, not synchronised: times in messages may be wrong, TLS and updates may refuse",
                "timedatectl set-ntp true"
            );
    }

    /// <summary>The hottest zone, and whether the board has slowed its processor down because of heat or low voltage.</summary>
    public static Check Temperature(string sys = "/sys")
    {
        const string name = "temperature";
        const string remedy = "improve cooling or use a stronger power supply; the board is slower until then";
        var zones = Sensors.Zones(sys);
        var slowed = Slowed(sys);
        if (zones.Count == 0)
            return slowed is null ? Check.Ok(name, "the kernel shows no sensor of this machine") : Check.Warning(name, slowed, remedy);
        var (type, degrees) = zones.MaxBy(z => z.DegreesC);
        var finding = string.Create(CultureInfo.InvariantCulture, $"{degrees:0.0} degrees C ({type})");
        if (slowed is not null)
            return Check.Warning(name, $"{finding}; {slowed}", remedy);
        return degrees >= HealthLimits.HotC ? Check.Warning(name, finding, remedy) : Check.Ok(name, finding);
    }

    private static string? Slowed(string sys) =>
        Sensors.Throttled(sys) switch
        {
            { Now: var now } when now.Contains(Sensors.UnderVoltage) => "its supply voltage is too low now",
            { Now: [Sensors.Cooling] } => "its processor is throttled because of heat now",
            { Now.Count: > 0 } => "its processor is throttled now",
            { SinceBoot.Count: > 0 } => "it was throttled since it started",
            _ => null,
        };
}
