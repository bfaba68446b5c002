using EdgeSeg;
using EdgeSeg.Verbs;

Startup.Prepare();
return await CommandTable.RunAsync(args);
