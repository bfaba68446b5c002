using System.Net;
using System.Net.Sockets;
using EdgeSeg.Capture;
using EdgeSeg.Configuration;
using EdgeSeg.Health;
using EdgeSeg.Messages;
using EdgeSeg.Mqtt;
using EdgeSeg.Updates;
using EdgeSeg.Vision.Models;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Service;

/// <summary>
/// Checks everything that a start with these settings needs, without changing anything: secrets and certificates are read, ports are free,
/// cameras can be made, keys are read, the model loads and runs. So a reload is refused before anything of the running service is stopped.
/// </summary>
internal static class StartCheck
{
    /// <param name="settings">Read and valid by themselves.</param>
    /// <param name="inUse">The settings of the running service, whose ports are free once it has stopped; null: nothing runs.</param>
    /// <exception cref="OperatingException">The first thing that a start would fail on.</exception>
    public static void Run(Settings settings, Settings? inUse)
    {
        if (
            inUse is not null
            && (settings.Runtime.Library != inUse.Runtime.Library || settings.Runtime.OpenCvLibrary != inUse.Runtime.OpenCvLibrary)
        )
            throw new OperatingException(
                "runtime.library and runtime.opencv_library change only with a new process: systemctl restart edgeseg",
                2
            );
        var topics = new Topics(DeviceId.Resolve(settings.Device), settings.Cameras.Select(c => c.Id), settings.Mqtt.TopicPrefix);
        _ = LinkSettings.Options(settings.Mqtt, null, topics, FrameId.NewSession());
        CheckPorts(settings, inUse);
        foreach (var camera in settings.Cameras)
            CheckCamera(camera);
        if (settings.Update.Enabled)
            _ = Update(settings.Update);
        if (settings.Telemetry.OtlpEndpoint.Length > 0)
            _ = Collector(settings.Telemetry);

        // the folder of the running service is in use: a fault of it is reported elsewhere, and is no reason against other settings
        if (settings.StateDir != inUse?.StateDir)
            CheckStateFolder(settings.StateDir);
        // as a start loads it: on the CPU where a provider would have to build engines for minutes first
        EngineBuild.Load(ServiceBuilder.ModelChoiceOf(settings, ModelUpdates.InstalledFolder(settings)), out _).Dispose();
    }

    /// <summary>Reads the trusted keys, and the files by which the update server is reached. Returns the finding.</summary>
    /// <exception cref="OperatingException">One of them cannot be read.</exception>
    public static string Update(UpdateSettings update)
    {
        var keys = KeySet.ReadFolder(update.KeysDir, update.Threshold, update.KeySet).Keys.Count;
        _ = UpdateServer.Options(update);
        return keys == 0
            ? $"{update.KeysDir} holds no *.pem: only models of a key set that was installed before are accepted"
            : $"{keys} trusted {(keys == 1 ? "key" : "keys")} in {update.KeysDir}";
    }

    /// <summary>Reads the files by which the collector of the metrics is reached. Returns the finding.</summary>
    /// <exception cref="OperatingException">One of them cannot be read.</exception>
    public static string Collector(TelemetrySettings telemetry)
    {
        _ = CollectorServer.Access(telemetry);
        return $"the files for {telemetry.OtlpEndpoint} can be read; the journal says whether it accepts the metrics";
    }

    /// <exception cref="OperatingException">A port is taken by another program.</exception>
    public static void CheckPorts(Settings settings, Settings? inUse)
    {
        var held = inUse is null ? [] : Endpoints(inUse);
        foreach (var (key, endpoint) in Endpoints(settings))
        {
            if (endpoint.Port == 0 || held.Any(h => IsOwn(h.Endpoint, endpoint)))
                continue;
            try
            {
                using var listener = new TcpListener(endpoint);
                listener.Start();
            }
            catch (SocketException e)
            {
                throw new OperatingException(
                    $"{key}: {endpoint} cannot be listened on ({e.Message}); choose another port, or stop the program that uses it"
                );
            }
        }
    }

    /// <summary>
    /// A port that the running service holds cannot be tried now on an address that includes its own: every address and a single one
    /// exclude each other.
    /// </summary>
    private static bool IsOwn(IPEndPoint held, IPEndPoint wanted) =>
        held.Port == wanted.Port && (held.Address.Equals(wanted.Address) || IsEvery(held.Address) || IsEvery(wanted.Address));

    private static bool IsEvery(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    private static List<(string Key, IPEndPoint Endpoint)> Endpoints(Settings settings)
    {
        List<(string, IPEndPoint)> endpoints = [];
        if (settings.Mqtt.IsEmbedded)
            endpoints.Add(("mqtt.port", new IPEndPoint(IPAddress.Parse(settings.Mqtt.Bind), settings.Mqtt.EffectivePort)));
        if (settings.Console.IsListening)
            endpoints.Add(("console.port", new IPEndPoint(IPAddress.Parse(settings.Console.Bind), settings.Console.Port)));
        return endpoints;
    }

    /// <summary>
    /// The address is parsed and credentials are read. A camera that is absent is no reason to refuse: the service waits for it.
    /// </summary>
    private static void CheckCamera(CameraSettings camera)
    {
        try
        {
            CameraSource.Create(camera.ToOptions()).Dispose();
        }
        catch (OperatingException e)
        {
            throw new OperatingException($"camera {camera.Id}: {e.Message}", 2);
        }
    }

    /// <exception cref="OperatingException">The folder of the state cannot be made or written.</exception>
    public static void CheckStateFolder(string folder)
    {
        if (SystemChecks.StateFault(folder, isService: true) is { } fault)
            throw new OperatingException($"state_dir: {fault.Finding}: {fault.Remedy}", 2);
    }
}
