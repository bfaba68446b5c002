namespace EdgeSeg.Vision.Tracking;

/// <summary>How sure a tracker is of its object.</summary>
public enum TrackState
{
    /// <summary>The object is seen.</summary>
    Tracking,

    /// <summary>
    /// The object is not seen, for at most <see cref="ObjectTracker.UncertainFrames"/> frames: the mask is where it should be by its
    /// motion.
    /// </summary>
    Uncertain,

    /// <summary>
    /// The object is not seen for longer: the mask is empty. Later frames are still searched around the place where it was last.
    /// </summary>
    Lost,
}
