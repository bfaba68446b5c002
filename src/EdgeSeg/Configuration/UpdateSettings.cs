namespace EdgeSeg.Configuration;

/// <summary><c>[update]</c>: signed models over the air. Without a key in <see cref="KeysDir"/> no update is accepted.</summary>
internal sealed class UpdateSettings
{
    public bool Enabled { get; set; } = true;

    public string KeysDir { get; set; } = "/etc/edgeseg/keys.d";

    public int Threshold { get; set; } = 1;

    /// <summary>Number of the key set in <see cref="KeysDir"/>; 0: not known.</summary>
    public int KeySet { get; set; }

    public IReadOnlyList<string> Sources { get; set; } = ["https"];

    public string FileRoot { get; set; } = "/media";

    public int MaxKibS { get; set; }

    /// <summary>Empty: the system's authorities.</summary>
    public string CaFile { get; set; } = "";

    /// <summary>Empty: none.</summary>
    public string Proxy { get; set; } = "";

    /// <summary>Empty: no Authorization header is sent.</summary>
    public string AuthorizationFile { get; set; } = "";

    /// <summary>Empty: any time.</summary>
    public string Window { get; set; } = "";

    private const string Doc = "Signed model updates over the air. No update is accepted while keys_dir holds no key.";

    private static readonly TextForm windowForm = new(
        "empty or two times of the day such as \"02:00-04:30\"",
        t => MaintenanceWindow.TryParse(t, out _)
    );

    public static Section Section { get; } =
        new Section<UpdateSettings>("update", Doc, (s, _) => s.Update)
            .Flag("enabled", "Follow model/desired.", u => u.Enabled, (u, v) => u.Enabled = v)
            .Text(
                "keys_dir",
                TextForms.AbsolutePath,
                "Folder with the trusted public keys (*.pem, ECDSA P-256).",
                u => u.KeysDir,
                (u, v) => u.KeysDir = v
            )
            .Integer(
                "threshold",
                1,
                ConfigurationLimits.MaxTrustedKeys,
                "Number of different trusted keys that must sign.",
                u => u.Threshold,
                (u, v) => u.Threshold = v
            )
            .Integer(
                "key_set",
                0,
                999_999,
                "Number of the key set in keys_dir, so that no older set is accepted; 0: unknown.",
                u => u.KeySet,
                (u, v) => u.KeySet = v
            )
            .List(
                "sources",
                ["https", "http", "file"],
                "Kinds of address from which a bundle may be fetched.",
                u => u.Sources,
                (u, v) => u.Sources = v
            )
            .Text(
                "file_root",
                TextForms.AbsolutePath,
                "Folder that holds file:// bundles: where USB sticks are mounted.",
                u => u.FileRoot,
                (u, v) => u.FileRoot = v
            )
            .Integer(
                "max_kib_s",
                0,
                1_000_000,
                "Largest download rate, in KiB a second; 0: unlimited.",
                u => u.MaxKibS,
                (u, v) => u.MaxKibS = v
            )
            .Text(
                "ca_file",
                TextForms.File,
                "Authorities (PEM) that may sign the update server's certificate; empty: the system's.",
                u => u.CaFile,
                (u, v) => u.CaFile = v
            )
            .Text(
                "proxy",
                TextForms.Url,
                "HTTP proxy towards the update server, for example \"http://proxy.example.org:3128\"; empty: none.",
                u => u.Proxy,
                (u, v) => u.Proxy = v
            )
            .Text(
                "authorization_file",
                TextForms.File,
                "File with the Authorization header for the update server, for example \"Bearer TOKEN\"; read for each "
                    + "request. Empty: none.",
                u => u.AuthorizationFile,
                (u, v) => u.AuthorizationFile = v
            )
            .Text(
                "window",
                windowForm,
                "Time of the day, local time, in which a model may be activated; empty: any time.",
                u => u.Window,
                (u, v) => u.Window = v
            );
}
