using EdgeSeg.Vision.Platform;
using Xunit;

namespace EdgeSeg.Configuration;

public class SecretFileTests
{
    [Theory]
    [InlineData("/etc/edgeseg/password", true)]
    [InlineData("cred:mqtt-password", true)]
    [InlineData("cred:", false)]
    [InlineData("cred:..", false)]
    [InlineData("cred:../../etc/shadow", false)]
    [InlineData("password", false)]
    public void A_secret_is_an_absolute_path_or_a_credential(string setting, bool valid) =>
        Assert.Equal(valid, SecretFile.IsValid(setting));

    [Fact]
    public void A_credential_is_read_from_the_folder_that_systemd_names()
    {
        var folder = Directory.CreateTempSubdirectory("edgeseg");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "mqtt"), "hunter2\n");
            File.WriteAllText(Path.Combine(folder.FullName, "empty"), "\n");
            var environment = new Dictionary<string, string> { ["CREDENTIALS_DIRECTORY"] = folder.FullName };
            Assert.Equal("hunter2", SecretFile.Read("cred:mqtt", environment));
            Assert.EndsWith(
                "is empty",
                Assert.Throws<OperatingException>(() => SecretFile.Read("cred:empty", environment)).Message,
                StringComparison.Ordinal
            );
            Assert.Contains(
                "LoadCredential=mqtt:",
                Assert.Throws<OperatingException>(() => SecretFile.Read("cred:mqtt", Text.NoVariables)).Message,
                StringComparison.Ordinal
            );
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
