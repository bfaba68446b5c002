namespace EdgeSeg.Evaluation;

/// <summary>The sums behind one line of the report. A mean over nothing is NaN and is left out of the output.</summary>
internal sealed class Tally
{
    /// <summary>Thresholds of the saliency F-measure: 0.05, 0.10 ... 0.95.</summary>
    public const int SaliencySteps = 19;

    // beta^2 = 0.3 weighs precision higher, as the saliency literature does (Achanta et al., 2009)
    private const double BetaSquared = 0.3;

    private readonly double[] precision = new double[SaliencySteps],
        recall = new double[SaliencySteps];
    private double click,
        best,
        box,
        automatic,
        mae;
    private int automaticCount,
        saliencyCount;

    public int Count { get; private set; }

    public double Click => click / Count;

    public double ClickBest => best / Count;

    public double Box => box / Count;

    public double Auto => automatic / automaticCount;

    public double SaliencyMae => mae / saliencyCount;

    /// <summary>Greatest F over the thresholds, precision and recall averaged over photographs first.</summary>
    public double SaliencyMaxF
    {
        get
        {
            if (saliencyCount == 0)
                return double.NaN;
            var greatest = 0.0;
            for (var i = 0; i < SaliencySteps; i++)
            {
                double p = precision[i] / saliencyCount,
                    r = recall[i] / saliencyCount;
                if (p + r > 0)
                    greatest = Math.Max(greatest, (1 + BetaSquared) * p * r / (BetaSquared * p + r));
            }

            return greatest;
        }
    }

    public void AddObject(double clickIou, double bestIou, double boxIou)
    {
        Count++;
        click += clickIou;
        best += bestIou;
        box += boxIou;
    }

    /// <summary>Photographs with a salient object, and how many of them were answered with a mask.</summary>
    public int Salient => automaticCount;

    public int SalientFound { get; private set; }

    public void AddAuto(bool found, double iou)
    {
        automaticCount++;
        if (found)
            SalientFound++;
        automatic += iou;
    }

    public void AddSaliency(ReadOnlySpan<double> precisions, ReadOnlySpan<double> recalls, double meanAbsoluteError)
    {
        saliencyCount++;
        for (var i = 0; i < SaliencySteps; i++)
        {
            precision[i] += precisions[i];
            recall[i] += recalls[i];
        }

        mae += meanAbsoluteError;
    }
}
