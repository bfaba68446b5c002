using EdgeSeg.Messages;

namespace EdgeSeg.Updates;

/// <summary>
/// Publishes where the updates are, and writes a journal line when a state with a reason is new. A refused manifest stays visible while
/// an older update waits or is active: see <see cref="Refusal"/>.
/// </summary>
/// <param name="publish">Receives each new report; must not throw.</param>
/// <param name="log">Receives journal lines.</param>
internal sealed class UpdateReporter(Action<UpdateReport> publish, Action<string> log)
{
    /// <summary>The last report; null: none yet.</summary>
    public UpdateReport? Last { get; private set; }

    /// <summary>Why the newest manifest that came was refused; null: it was not.</summary>
    public UpdateException? Refusal { get; private set; }

    public void Log(string line) => log(line);

    /// <summary>Remembers a refusal, or that there is none, and reports it at once when it is new.</summary>
    /// <param name="refusal">Null: no manifest is refused.</param>
    public void SetRefusal(UpdateException? refusal)
    {
        var isNew = refusal is not null && (refusal.Reason, refusal.Message) != (Refusal?.Reason, Refusal?.Message);
        Refusal = refusal;
        if (isNew)
            ReportLasting(Last ?? new UpdateReport(UpdateReport.Idle));
    }

    /// <summary>Reports progress.</summary>
    public void Report(UpdateReport report)
    {
        if (report == Last)
            return;
        var isNews =
            Last is null
            || (report.State, report.Reason, report.Version, report.Serial) != (Last.State, Last.Reason, Last.Version, Last.Serial);
        Last = report;
        if (isNews && report.Reason is not null)
            log($"model update {report.State} ({report.Reason}): {report.Text}");
        publish(report);
    }

    /// <summary>Reports a state that lasts until something comes. A refusal takes its place; the text names both.</summary>
    public void ReportLasting(UpdateReport report)
    {
        if (Refusal is not { } refusal)
        {
            Report(report);
            return;
        }

        Report(
            report with
            {
                State = refusal.Retry ? UpdateReport.Waiting : UpdateReport.Refused,
                Reason = refusal.Reason,
                Text =
                    report.Serial is { } serial && report.State == UpdateReport.Waiting && report.Reason is { } reason
                        ? $"{refusal.Message}; serial {serial} still waits ({reason})"
                        : refusal.Message,
                Bytes = null,
                BytesTotal = null,
            }
        );
    }

    /// <summary>Reports that an update failed or was refused.</summary>
    /// <param name="e">Why.</param>
    /// <param name="serial">Of the manifest that is refused, so that a further one with the same fault is news; null: not known.</param>
    public void Fail(UpdateException e, long? serial = null)
    {
        var last = Last ?? new UpdateReport(UpdateReport.Idle);
        var report = last with
        {
            Serial = serial ?? last.Serial,
            State = e.Retry ? UpdateReport.Waiting : UpdateReport.Refused,
            Reason = e.Reason,
            Text = e.Message,
            Bytes = null,
            BytesTotal = null,
        };
        // a failure beside a refused manifest: both are named
        if (e.Retry && !ReferenceEquals(e, Refusal))
            ReportLasting(report);
        else
            Report(report);
    }

    /// <summary>Reports the last update from the state file, for example after a restart.</summary>
    public void ReportLast(UpdateState state)
    {
        if (state.Phase == UpdatePhase.Trial)
            Report(Of(state.Slot!, UpdateReport.Trial, state.UpdateSerial ?? state.Serial));
        else if (state.Last is { Slot: { } slot } last)
            ReportLasting(Of(slot, last.State, last.Serial) with { Reason = last.Reason, Text = last.Text });
        else
            ReportLasting(new UpdateReport(UpdateReport.Idle));
    }

    /// <summary>A report on an installed bundle.</summary>
    public static UpdateReport Of(string slot, string state, long serial)
    {
        var (name, version) = SlotStore.Parts(slot);
        return new UpdateReport(state, name, version, serial);
    }
}
