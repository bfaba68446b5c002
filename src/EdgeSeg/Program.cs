using EdgeSeg.Cli;
using EdgeSeg.Vision.Platform;

NativeLibraries.Prepare();
return await Verbs.RunAsync(args);
