using System.CommandLine;

namespace EdgeSeg.Verbs;

/// <summary><c>edgeseg model</c>: what is done to model bundles.</summary>
internal static class ModelVerb
{
    public static Command Create() => new("model", "Model bundles: bring in, look at.") { ModelImportVerb.Create(), ModelGoldenVerb.Create() };
}
