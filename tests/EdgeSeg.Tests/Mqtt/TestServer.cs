using System.Net;
using MQTTnet.Server;

namespace EdgeSeg.Mqtt;

/// <summary>An MQTT server in this process whose events a test handles.</summary>
internal static class TestServer
{
    /// <summary>A server on loopback that is not started.</summary>
    public static MqttServer On(int port)
    {
        var factory = new MqttServerFactory();
        return factory.CreateMqttServer(
            factory
                .CreateServerOptionsBuilder()
                .WithDefaultEndpoint()
                .WithDefaultEndpointPort(port)
                .WithDefaultEndpointBoundIPAddress(IPAddress.Loopback)
                .WithDefaultEndpointBoundIPV6Address(IPAddress.None)
                .Build()
        );
    }
}
