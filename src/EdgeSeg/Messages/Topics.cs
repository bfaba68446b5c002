using EdgeSeg.Configuration;
using EdgeSeg.Platform;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Messages;

/// <summary>
/// Every topic of one device, made once so that publishing builds no strings. Root <c>&lt;prefix&gt;/v1/&lt;device&gt;/</c>,
/// the prefix as in <c>mqtt.topic_prefix</c>; ids match <c>[a-z0-9-]{1,64}</c>, so no id can smuggle in a level or a wildcard.
/// </summary>
internal sealed class Topics
{
    private readonly Dictionary<string, CameraTopics> cameras = new(StringComparer.Ordinal);

    // of the topics of the frame path, so that a pattern costs no string there
    private readonly Dictionary<string, string> patterns = new(StringComparer.Ordinal);

    /// <param name="device">Its id.</param>
    /// <param name="cameraIds">Of its cameras.</param>
    /// <param name="prefix">One or more levels without wildcards; see <c>mqtt.topic_prefix</c>.</param>
    /// <exception cref="OperatingException">The device's or a camera's id is not one, or a camera is named twice.</exception>
    public Topics(string device, IEnumerable<string> cameraIds, string prefix = MqttSettings.DefaultTopicPrefix)
    {
        Check(device, "device");
        (Device, Prefix) = (device, prefix);
        Root = $"{Below(prefix)}{device}/";
        Status = Root + "status";
        Info = Root + "info";
        Telemetry = Root + "telemetry";
        AllStates = Root + "cam/+/state";
        AllAlerts = Root + "alert/+";
        AllCommands = Root + "cam/+/cmd/+";
        ModelDesired = Root + "model/desired";
        ModelState = Root + "model/state";
        ModelHold = Root + "model/hold";
        ModelKeys = Root + "model/keys/";
        foreach (var id in cameraIds)
        {
            Check(id, "camera");
            var camera = new CameraTopics(Root, id);
            if (!cameras.TryAdd(id, camera))
                throw new OperatingException($"two cameras have the id '{id}': give each its own", ExitCode.Usage);
            patterns.Add(camera.Mask, $"{Root}cam/+/mask");
            patterns.Add(camera.Preview, $"{Root}cam/+/preview");
            patterns.Add(camera.Overlay, $"{Root}cam/+/overlay");
        }
    }

    public string Device { get; }

    /// <summary>Without a slash at its end.</summary>
    public string Prefix { get; }

    /// <summary>With the slash at its end.</summary>
    public string Root { get; }

    public string Status { get; }

    public string Info { get; }

    public string Telemetry { get; }

    /// <summary>Filter of every camera's state, also of cameras of a former configuration.</summary>
    public string AllStates { get; }

    /// <summary>Filter of every alert of this device.</summary>
    public string AllAlerts { get; }

    /// <summary>Filter of every command to this device, also to a camera that does not exist: that is answered with an error.</summary>
    public string AllCommands { get; }

    /// <summary>Whether the topic is the state of a camera or an alert of this device.</summary>
    public bool IsOwnState(string topic)
    {
        if (!topic.StartsWith(Root, StringComparison.Ordinal))
            return false;
        return topic[Root.Length..].Split('/') is ["cam", _, "state"] or ["alert", _];
    }

    /// <summary>A topic of this device with <c>+</c> for the ids of camera, alert and client; another topic as it is.</summary>
    public string Pattern(string topic)
    {
        if (patterns.TryGetValue(topic, out var pattern))
            return pattern;
        if (!topic.StartsWith(Root, StringComparison.Ordinal))
            return topic;
        return topic[Root.Length..].Split('/') switch
        {
            ["cam", _, var last] => $"{Root}cam/+/{last}",
            ["alert", _] => AllAlerts,
            ["reply", ..] => $"{Root}reply/+",
            _ => topic,
        };
    }

    /// <summary>Signed manifests for this device come in here, retained.</summary>
    public string ModelDesired { get; }

    public string ModelState { get; }

    /// <summary><c>{"v":1,"hold":true}</c>, retained, keeps updates from moving; anything else lets them go on.</summary>
    public string ModelHold { get; }

    /// <summary>Begin of the topics of this device's key chain; the number of the key set follows. Each is retained.</summary>
    public string ModelKeys { get; }

    /// <summary>Begin of the topics of a fleet's key chain; the number of the key set follows. Each is retained.</summary>
    public static string FleetModelKeys(string prefix, string fleet)
    {
        Check(fleet, "fleet");
        return $"{Below(prefix)}fleet/{fleet}/model/keys/";
    }

    /// <summary>Signed manifests for every device of a fleet.</summary>
    public static string FleetModelDesired(string prefix, string fleet)
    {
        Check(fleet, "fleet");
        return $"{Below(prefix)}fleet/{fleet}/model/desired";
    }

    public IReadOnlyCollection<CameraTopics> Cameras => cameras.Values;

    /// <exception cref="KeyNotFoundException">No such camera.</exception>
    public CameraTopics Camera(string id) => cameras[id];

    public bool TryCamera(string id, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out CameraTopics? topics) =>
        cameras.TryGetValue(id, out topics);

    /// <summary>Where the answers to a client go that named no response topic.</summary>
    public string Reply(string client)
    {
        Check(client, "client");
        return $"{Root}reply/{client}";
    }

    /// <summary>The retained topic of an alert.</summary>
    public string Alert(string id)
    {
        if (id.Length > MessageLimits.MaxAlertIdLength || !Identifier.HasOnlyIdCharacters(id))
            throw new ArgumentException($"'{id}' cannot be an alert's id", nameof(id));
        return $"{Root}alert/{id}";
    }

    /// <summary>Prefix and version of the messages; a device's or <c>fleet</c> follows.</summary>
    public static string Below(string prefix) => prefix + "/v1/";

    private static void Check(string id, string what)
    {
        if (!Identifier.IsValid(id))
            throw new OperatingException($"'{id}' is not a valid {what} id: use {Identifier.Form}", ExitCode.Usage);
    }
}

/// <summary>The topics of one camera.</summary>
internal sealed class CameraTopics(string root, string id)
{
    public string Id { get; } = id;

    public string State { get; } = $"{root}cam/{id}/state";

    public string Mask { get; } = $"{root}cam/{id}/mask";

    public string Preview { get; } = $"{root}cam/{id}/preview";

    /// <summary>Pictures with the mask drawn on them.</summary>
    public string Overlay { get; } = $"{root}cam/{id}/overlay";

    /// <summary>The masks of one followed object.</summary>
    public string Track(string track) => $"{root}cam/{Id}/track/{track}";

    /// <summary>Filter for every command to this camera; the command's name is the last level.</summary>
    public string Commands { get; } = $"{root}cam/{id}/cmd/+";

    public string Command(CommandKind kind) => $"{root}cam/{Id}/cmd/{kind.ToWire()}";
}
