namespace EdgeSeg.Mqtt;

/// <summary>Calls of a <see cref="BrokerConnection"/> to its link, on the thread of the MQTT client.</summary>
/// <param name="Ended">The connection is lost; called once.</param>
/// <param name="RetainedState">The broker holds a value of this retained topic of ours, which may be of an earlier session.</param>
/// <param name="RoomForReply">Completes when a command may be answered.</param>
internal sealed record ConnectionCallbacks(Action Ended, Action<string> RetainedState, Func<ValueTask> RoomForReply);
