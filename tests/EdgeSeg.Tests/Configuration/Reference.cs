using System.Text;

namespace EdgeSeg.Configuration;

/// <summary>
/// The table of keys for people: the commented example (<c>deploy/edgeseg.example.toml</c>) and the page (<c>docs/configuration.md</c>).
/// <see cref="ReferenceTests"/> compares both files with these texts.
/// </summary>
internal static class Reference
{
    private const int Columns = 120;

    /// <summary>An example with every key at its default and one camera.</summary>
    public static string Toml()
    {
        var settings = Defaults();
        var b = new StringBuilder();
        Comment(
            b,
            "Configuration of EdgeSeg. Every key is listed with its default; a key that is left out has its default. "
                + "An environment variable overrides a key: EDGESEG_MQTT__HOST is mqtt.host, EDGESEG_CAMERA__0__URI is uri of the first "
                + "camera. "
                + "`edgeseg doctor` checks the file."
        );
        foreach (var section in Settings.Sections)
        {
            b.Append('\n');
            Comment(b, section.Doc);
            b.Append(
                section.Path.Length == 0 ? "\n"
                : section.IsList ? $"[[{section.Path}]]\n"
                : $"[{section.Path}]\n"
            );
            foreach (var key in section.Keys)
            {
                Comment(b, $"{key.Doc} ({key.Allowed})");
                b.Append(key.Name).Append(" = ").Append(key.Show(settings, 0)).Append('\n');
            }
        }

        return b.ToString();
    }

    /// <summary>A table for each section.</summary>
    public static string Markdown()
    {
        var settings = Defaults();
        var b = new StringBuilder();
        b.Append("# Configuration\n\n");
        b.Append(
            $"One file, TOML or JSON: `{SettingsFile.DefaultPath}`, or the file that `--config` or `{SettingsFile.PathVariable}` "
                + "names. "
        );
        b.Append(
            "Each key can be overridden by an environment variable. Unknown keys and invalid values are refused; all errors are "
                + "reported at once, "
        );
        b.Append(
            "each with its file, its line and the allowed values. The file contains no secrets: a key that ends in `_file` names a "
                + "file, or as "
        );
        b.Append("`cred:NAME` a systemd credential (`$CREDENTIALS_DIRECTORY/NAME`).\n\n");
        b.Append("This page is generated from the table of keys in `src/EdgeSeg/Configuration`; a test compares them.\n");
        foreach (var section in Settings.Sections)
        {
            var title =
                section.Path.Length == 0 ? "top of the file"
                : section.IsList ? $"`[[{section.Path}]]`"
                : $"`[{section.Path}]`";
            b.Append("\n## ").Append(title).Append("\n\n");
            b.Append(section.Doc).Append("\n\n| key | default | allowed | meaning | environment |\n|---|---|---|---|---|\n");
            foreach (var key in section.Keys)
                b.Append(
                    $"| `{key.Name}` | `{key.Show(settings, 0)}` | {key.Allowed} | {key.Doc} | "
                        + $"`{key.Variable(section.IsList ? 0 : -1)}` |\n"
                );
        }

        b.Append(
            "\n## Removed keys\n\nA file that still sets one of these is accepted; the key has no effect, and a warning is " + "logged.\n\n"
        );
        b.Append("| key | reason |\n|---|---|\n");
        foreach (var (path, reason) in Settings.RemovedKeys)
            b.Append($"| `{path}` | {reason} |\n");
        return b.ToString();
    }

    private static Settings Defaults()
    {
        var settings = new Settings();
        settings.Cameras.Add(new CameraSettings(0));
        return settings;
    }

    /// <summary>Wraps words into comment lines of at most <see cref="Columns"/> characters.</summary>
    private static void Comment(StringBuilder b, string text)
    {
        var column = 0;
        foreach (var word in text.Split(' '))
        {
            if (column == 0 || column + 1 + word.Length > Columns)
            {
                if (column > 0)
                    b.Append('\n');
                b.Append('#');
                column = 1;
            }

            b.Append(' ').Append(word);
            column += 1 + word.Length;
        }

        b.Append('\n');
    }
}
