using EdgeSeg;
using EdgeSeg.Bench;

Startup.Prepare();
return args switch
{
    ["everything", .. var rest] => EverythingBench.Run(rest),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: everything ENCODER.onnx DECODER.onnx PHOTO [GRID]");
    return 2;
}
