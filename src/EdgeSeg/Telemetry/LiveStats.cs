namespace EdgeSeg.Telemetry;

/// <summary>
/// What a model's automatic results were like. Shares and means over <see cref="Results"/>; mask area as a share of the picture.
/// </summary>
internal sealed record LiveStats(int Results, double FoundRate, double PredictedIou, double Area);
