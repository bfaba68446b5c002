using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using EdgeSeg.Vision.Platform;

namespace EdgeSeg.Platform;

/// <summary>The user that owns a folder, for commands that root runs on the folder of a service with a user of its own.</summary>
internal static class FolderOwner
{
    // struct statx is the same on all processors
    private const int StatusBytes = 256,
        UserAt = 20,
        GroupAt = 24;
    private const int WorkingFolder = -100;
    private const uint UserAndGroup = 0x18;

    /// <summary>User and group of a folder; null: it cannot be read.</summary>
    public static (uint User, uint Group)? Of(string path)
    {
        Span<byte> found = stackalloc byte[StatusBytes];
        if (LibC.Status(WorkingFolder, path, 0, UserAndGroup, ref found[0]) != 0)
            return null;
        return (BinaryPrimitives.ReadUInt32LittleEndian(found[UserAt..]), BinaryPrimitives.ReadUInt32LittleEndian(found[GroupAt..]));
    }

    /// <summary>The name of a user, from <c>/etc/passwd</c>; <c>user NUMBER</c> where it has none.</summary>
    public static string Name(uint user)
    {
        try
        {
            var found = File.ReadLines("/etc/passwd").Select(l => l.Split(':')).FirstOrDefault(f => f.Length > 2 && f[2] == $"{user}");
            return found?[0] ?? $"user {user}";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"user {user}";
        }
    }

    /// <summary>
    /// Makes a process of root one of the folder's owner, for good: what it writes there then belongs to the service, which could not
    /// change a file of root. Does nothing for another user than root.
    /// </summary>
    /// <exception cref="OperatingException">The system does not allow it.</exception>
    public static unsafe void Become(string folder)
    {
        if (!Environment.IsPrivilegedProcess || Of(folder) is not ({ } user, { } group) || user == 0)
            return;
        if (LibC.SetGroups(0, null) != 0 || LibC.SetGroup(group) != 0 || LibC.SetUser(user) != 0)
            throw new OperatingException(
                $"the owner of {folder} cannot be taken on ({new Win32Exception(Marshal.GetLastPInvokeError()).Message}): "
                    + "run it as the user of the service, for example with sudo -u edgeseg"
            );
    }

    /// <summary>Lists a folder, so that one that may not be entered is not taken for an empty or absent one.</summary>
    /// <returns>False: it does not exist.</returns>
    /// <exception cref="OperatingException">It may not be read.</exception>
    public static bool Exists(string folder)
    {
        try
        {
            _ = Directory.EnumerateFileSystemEntries(folder).Any();
            return true;
        }
        catch (DirectoryNotFoundException)
        {
            return false;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatingException($"{folder} may not be read: run it as root, or as the user of the service (sudo -u edgeseg)");
        }
    }
}
