namespace EdgeSeg.WebConsole;

/// <summary>The bounds of this folder, each with its reason.</summary>
internal static class WebConsoleLimits
{
    /// <summary>Clients of the embedded broker: the service itself and a few people looking on.</summary>
    public const int BrokerClients = 32;

    /// <summary>
    /// Connections to the console's listener, files and WebSockets together: the broker's clients and a browser's file requests.
    /// </summary>
    public const int WebConnections = BrokerClients + 32;

    /// <summary>Largest head of a request, in bytes: a browser's is 1 KB, cookies of other local services included 4.</summary>
    public const int WebHeadBytes = 8 << 10;

    /// <summary>Lines of a request's head.</summary>
    public const int WebHeaders = 64;

    /// <summary>Time for a request to come whole and its file to leave, in ms; a WebSocket's CONNECT has the broker's own limit.</summary>
    public const int WebAnswerMs = 10_000;

    /// <summary>Wait after a connection could not be taken, in ms.</summary>
    public const int WebRetryMs = 100;
}
