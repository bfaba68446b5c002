using Xunit;

namespace EdgeSeg.Vision.Models;

public class RuntimeErrorTests
{
    [Theory]
    [InlineData("[ErrorCode:InvalidProtobuf] Failed to load model", "[ErrorCode:InvalidProtobuf] Failed to load model")]
    [InlineData(
        "[ErrorCode:Fail] /onnxruntime_src/core/model.cc:256 a::Model(a::Proto&&, std::map<int(char)>) Unsupported version: 99 (max 13)",
        "Unsupported version: 99 (max 13)"
    )]
    [InlineData("[ErrorCode:Fail] /onnxruntime_src/core/model.cc:256 cut", "[ErrorCode:Fail] /onnxruntime_src/core/model.cc:256 cut")]
    [InlineData("[ErrorCode:Fail] : 1 : FAIL : the\nreason", "the reason")]
    public void The_reason_names_no_place_in_the_runtime_s_sources(string message, string reason) =>
        Assert.Equal(reason, RuntimeError.Reason(message));
}
