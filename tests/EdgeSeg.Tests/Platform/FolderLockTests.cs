using EdgeSeg.Testing;
using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Platform;

public sealed class FolderLockTests
{
    [Fact]
    public void A_folder_is_for_one_until_it_is_given_back()
    {
        using var scratch = new Scratch();
        using (FolderLock.TryTake(scratch.Path, out _))
        {
            var refusal = Assert.Throws<OperatingException>(() => FolderLock.TryTake(scratch.Path, out _));
            Assert.Contains($"another edgeseg run uses the state_dir {scratch.Path}", refusal.Message, StringComparison.Ordinal);
        }

        using var again = FolderLock.TryTake(scratch.Path, out var problem);
        Assert.NotNull(again);
        Assert.Empty(problem);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Fact]
    public void A_folder_that_cannot_be_opened_is_a_problem_in_words()
    {
        Assert.Null(FolderLock.TryTake("/nowhere/state", out var problem));
        Assert.NotEmpty(problem);
    }
}
