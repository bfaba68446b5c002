using System.Text;

namespace EdgeSeg.Configuration;

/// <summary>The table of keys as people read it: the commented example (<c>deploy/edgeseg.example.toml</c>) and the page (<c>docs/configuration.md</c>). A test holds both files against these.</summary>
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
            "EdgeSeg's configuration. Every key stands here with its default: what is left out stays as it is here. "
                + "An environment variable overrides a key: EDGESEG_MQTT__HOST is mqtt.host, EDGESEG_CAMERA__0__URI the first camera's uri. "
                + "`edgeseg doctor` checks the file and says what is wrong."
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
            $"One file, TOML or JSON: `{SettingsFile.DefaultPath}`, or the one that `--config` or `{SettingsFile.PathVariable}` names. "
        );
        b.Append(
            "Each key can be overridden by an environment variable. Unknown keys and bad values are refused, all at once, each with file, line and what is allowed. "
        );
        b.Append(
            "No secret stands in the file: keys that end in `_file` name a file, or as `cred:NAME` a systemd credential (`$CREDENTIALS_DIRECTORY/NAME`).\n\n"
        );
        b.Append("This page is made from the table in the code (`src/EdgeSeg/Configuration`); a test keeps it true.\n");
        foreach (var section in Settings.Sections)
        {
            b.Append("\n## ")
                .Append(
                    section.Path.Length == 0 ? "top of the file"
                    : section.IsList ? $"`[[{section.Path}]]`"
                    : $"`[{section.Path}]`"
                )
                .Append("\n\n");
            b.Append(section.Doc).Append("\n\n| key | default | allowed | meaning | environment |\n|---|---|---|---|---|\n");
            foreach (var key in section.Keys)
                b.Append(
                    $"| `{key.Name}` | `{key.Show(settings, 0)}` | {key.Allowed} | {key.Doc} | `{key.Variable(section.IsList ? 0 : -1)}` |\n"
                );
        }

        return b.ToString();
    }

    private static Settings Defaults()
    {
        var settings = new Settings();
        settings.Cameras.Add(new CameraSettings(0));
        return settings;
    }

    /// <summary>Words into comment lines of at most <see cref="Columns"/> characters.</summary>
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
