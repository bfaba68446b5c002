using EdgeSeg.Bench;
using EdgeSeg.Vision.Platform;

NativeLibraries.Prepare();
return args switch
{
    [] => Performance() + await FleetAsync(),
    ["performance"] => Performance(),
    ["performance", var grid] => Performance(int.Parse(grid, System.Globalization.CultureInfo.InvariantCulture)),
    ["fleet"] => await FleetAsync(),
    ["kernels"] => Print(KernelBench.Table()),
    ["everything", .. var rest] when rest.Length >= 3 => AutomaticMasksBench.Run(rest),
    _ => Usage(),
};

static int Performance(int grid = 32)
{
    Report.Performance(Path.Combine(Report.Root(), "docs", "performance.md"), grid);
    return 0;
}

static async Task<int> FleetAsync()
{
    var machine = Report.Machine();
    var masks = Report.Masks();
    var mean = masks.Average(m => m.Length);
    // the one nearest to the mean represents all
    var outcome = await FleetBench.RunAsync(masks.OrderBy(m => Math.Abs(m.Length - mean)).First());
    var crowd = await CrowdBench.RunAsync(
        Environment.GetEnvironmentVariable("EDGESEG_BINARY") ?? Path.Combine(AppContext.BaseDirectory, "edgeseg")
    );
    await File.WriteAllTextAsync(
        Path.Combine(Report.Root(), "docs", "fleet.md"),
        FleetPage.Text(outcome, crowd, machine, [.. masks.Select(m => m.Length)])
    );
    return 0;
}

static int Print(string text)
{
    Console.WriteLine(text);
    return 0;
}

static int Usage()
{
    Console.Error.WriteLine(
        "usage: [performance [GRID] | fleet | kernels | everything ENCODER.onnx DECODER.onnx PHOTO [GRID]]; "
            + "without arguments docs/performance.md and docs/fleet.md are written"
    );
    return 2;
}
