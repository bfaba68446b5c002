using System.Globalization;

namespace EdgeSeg.Configuration;

/// <summary>
/// Time of the day, local time, in which a model may be activated: <c>02:00-04:30</c>; past midnight when the end is before the begin.
/// </summary>
internal readonly record struct MaintenanceWindow(TimeOnly From, TimeOnly To)
{
    /// <summary>False when the text is neither empty nor a window; empty gives null: any time.</summary>
    public static bool TryParse(string text, out MaintenanceWindow? window)
    {
        window = null;
        if (text.Length == 0)
            return true;
        if (text.Split('-') is not [var from, var to])
            return false;
        if (!Read(from, out var a) || !Read(to, out var b) || a == b)
            return false;
        window = new MaintenanceWindow(a, b);
        return true;

        static bool Read(string t, out TimeOnly time) =>
            TimeOnly.TryParseExact(t, "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }

    /// <summary>Whether a local time is within the hours.</summary>
    public bool Contains(DateTimeOffset local) => TimeOnly.FromTimeSpan(local.TimeOfDay).IsBetween(From, To);
}
