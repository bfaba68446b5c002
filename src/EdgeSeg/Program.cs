using EdgeSeg.Cli;
using EdgeSeg.Vision.Platform;

NativeLibraries.Prepare();
StandardOutput.Install();
return await Verbs.RunAsync(args);
