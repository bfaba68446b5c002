using System.IO.Pipes;
using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using OpenCvSharp;
using Xunit;

namespace EdgeSeg.Cli;

/// <summary>Results that cannot be written end the run with a sentence, never with a stack trace.</summary>
public sealed class StandardOutputTests : IDisposable
{
    private readonly Scratch scratch = new();

    public void Dispose() => scratch.Dispose();

    [Fact]
    public void A_reader_that_is_gone_is_told_from_a_full_disk()
    {
        using var pipe = new AnonymousPipeServerStream(PipeDirection.Out);
        using (var reader = new AnonymousPipeClientStream(PipeDirection.In, pipe.ClientSafePipeHandle))
        {
            new StandardOutput((int)pipe.SafePipeHandle.DangerousGetHandle()).Write("ab"u8);
            Assert.Equal('a', reader.ReadByte());
        }

        Assert.True(Failure((int)pipe.SafePipeHandle.DangerousGetHandle()).IsReaderGone, "the pipe has no reader");
        using var full = File.OpenHandle("/dev/full", FileMode.Open, FileAccess.Write);
        var failure = Failure((int)full.DangerousGetHandle());
        Assert.False(failure.IsReaderGone, "/dev/full is no pipe");
        Assert.StartsWith("standard output cannot be written (", failure.Message, StringComparison.Ordinal);
        new StandardOutput((int)full.DangerousGetHandle(), ignoresFailures: true).Write("a"u8);
    }

    [Theory]
    [InlineData("--help > /dev/full", 1, "standard output cannot be written")]
    [InlineData("--help 2> /dev/full > /dev/full", 1, "")]
    [InlineData("eval --annotations '' --images x", 2, "--annotations names no file")]
    [InlineData("model import efficientsam --encoder a --decoder b --out ''", 2, "--out names no folder")]
    public void The_program_ends_with_a_sentence(string arguments, int code, string sentence)
    {
        var (exitCode, _, errors) = Published.Run("/bin/sh", ["-c", $"'{Published.Binary}' {arguments}"]);
        Assert.True(exitCode == code, $"{exitCode}: {errors}");
        Assert.Contains(sentence, errors);
        Assert.DoesNotContain("   at ", errors);
    }

    [Fact]
    public void An_error_that_is_not_expected_is_a_sentence_without_names_of_types()
    {
        Exception[] errors =
        [
            new IOException("No space left on device : '/x'"),
            new UnauthorizedAccessException("Access to the path '/x' is denied.", new IOException("Permission denied")),
            new InsufficientMemoryException(),
            new AggregateException(new InvalidOperationException("Sequence contains\n no elements.")),
            new StandardOutputException(false, "Bad file descriptor"),
        ];
        string[] texts = [.. errors.Select(Verbs.Sentence)];
        Assert.All(texts, t => Assert.DoesNotContain("Exception", t));
        Assert.All(texts, t => Assert.DoesNotContain('\n', t));
        Assert.StartsWith("No space left on device : '/x': check", texts[0], StringComparison.Ordinal);
        Assert.Contains("chmod", texts[1]);
        Assert.Contains("Sequence contains no elements; run the command again with EDGESEG_STACK_TRACE=1", texts[3]);
    }

    [Fact]
    public void An_overlay_video_on_a_full_disk_is_an_error_with_a_remedy()
    {
        var path = Path.Combine(scratch.Path, "full.avi");
        File.CreateSymbolicLink(path, "/dev/full");
        using var avi = new MjpegAvi(path, 10, mayReplace: true);
        using var picture = new Mat(90, 120, MatType.CV_8UC3, Scalar.All(80));
        var error = Assert.Throws<OperatingException>(() => avi.Add(picture));
        Assert.Contains("so the video is incomplete: choose another folder with --out", error.Message);
    }

    [Fact]
    public void A_list_of_empty_inputs_on_a_full_disk_is_one_error()
    {
        var path = Path.Combine(scratch.Path, "list");
        File.CreateSymbolicLink(path, "/dev/full");
        using var list = new EmptyList(path, [], mayOverwrite: true);
        var error = Assert.Throws<OperatingException>(() => list.Add("a.jpg", null, isFound: false));
        Assert.Contains("choose another file with --list-empty", error.Message);
    }

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(3_599, "59:59")]
    [InlineData(3_600, "1:00:00")]
    [InlineData(100_000, "27:46:40")]
    public void The_time_that_is_left_has_its_hours(int seconds, string text) =>
        Assert.Equal(text, ProgressBar.Text(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void An_overlay_of_few_frames_has_a_rate()
    {
        var path = Path.Combine(scratch.Path, "slow.avi");
        using (var avi = new MjpegAvi(path, 30 / 100_000.0))
        using (var picture = new Mat(90, 120, MatType.CV_8UC3, Scalar.All(80)))
            avi.Add(picture);
        using var video = new VideoFrames(path);
        Assert.Equal(0.1, video.Fps, 1e-6);
    }

    private static StandardOutputException Failure(int descriptor) =>
        Assert.Throws<StandardOutputException>(() => new StandardOutput(descriptor).Write("a"u8));
}
