using EdgeSeg.Cli;
using EdgeSeg.Vision.Platform;

Startup.Prepare();
return await Verbs.RunAsync(args);
