namespace EdgeSeg.Vision.Models;

/// <summary>
/// The model that computed a mask. <see cref="Sha256"/>: lower-case hex of the graph file, whole or its first digits (8 at least).
/// </summary>
internal sealed record ModelInfo(string Name, string Version, string Sha256, string Precision);
