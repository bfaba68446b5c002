using System.Text;
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
    public void Outside_of_the_service_a_secret_of_the_package_is_read_from_its_folder()
    {
        var folder = Directory.CreateTempSubdirectory("edgeseg");
        try
        {
            var file = Path.Combine(folder.FullName, "password");
            File.WriteAllText(file, "hunter2\n");
            Assert.Equal(file, SecretFile.Path("cred:secret_password", Text.NoVariables, folder.FullName));
            var error = Assert.Throws<OperatingException>(() => SecretFile.Path("cred:secret_absent", Text.NoVariables, folder.FullName));
            Assert.StartsWith($"cred:secret_absent: {folder.FullName}/absent cannot be read", error.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("LoadCredential", error.Message, StringComparison.Ordinal);
            Assert.Contains(Environment.IsPrivilegedProcess ? "create it" : "run it as root", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_credential_is_read_from_the_folder_that_systemd_names()
    {
        var folder = Directory.CreateTempSubdirectory("edgeseg");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "mqtt"), "hunter2\n");
            File.WriteAllText(Path.Combine(folder.FullName, "empty"), "\n");
            File.WriteAllText(Path.Combine(folder.FullName, "windows"), "hunter2\r\n", Encoding.UTF8);
            File.WriteAllText(Path.Combine(folder.FullName, "utf16"), "hunter2\r\n", Encoding.Unicode);
            File.WriteAllText(Path.Combine(folder.FullName, "two"), "hunter2\nhunter3\n");
            var environment = new Dictionary<string, string> { ["CREDENTIALS_DIRECTORY"] = folder.FullName };
            string Error(string setting) => Assert.Throws<OperatingException>(() => SecretFile.Read(setting, environment)).Message;
            Assert.Equal("hunter2", SecretFile.Read("cred:mqtt", environment));
            Assert.Equal("hunter2", SecretFile.Read("cred:windows", environment));
            Assert.Contains("not UTF-8", Error("cred:utf16"), StringComparison.Ordinal);
            Assert.Contains("one line", Error("cred:two"), StringComparison.Ordinal);
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
