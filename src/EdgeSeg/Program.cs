using EdgeSeg.Cli;
using EdgeSeg.Vision.Platform;

if (args is [RunVerb.Name, ..])
    ServiceSignals.Register();
NativeLibraries.Prepare();
StandardOutput.Install();
return await Verbs.RunAsync(args);
