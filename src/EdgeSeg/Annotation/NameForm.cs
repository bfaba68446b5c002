using System.Text;

namespace EdgeSeg.Annotation;

/// <summary>
/// Decomposes letters with marks, as Unicode's normal form D does: macOS writes file names in that form, other systems mostly composed.
/// The program runs without ICU, so the runtime's own normalisation changes nothing. Covers Latin, Greek and Cyrillic letters of the
/// languages of Europe and of Vietnamese, kana and Hangul.
/// </summary>
internal static class NameForm
{
    private const int Syllables = 0xAC00,
        Initials = 0x1100,
        Vowels = 0x1161,
        Finals = 0x11A7,
        SyllableCount = 11172,
        VowelCount = 21,
        FinalCount = 28;

    /// <summary>A mark, then pairs of letters: composed, and without the mark.</summary>
    private static readonly string[] table =
    [
        "\u0300ÀAÈEÌIÒOÙUàaèeìiòoùuЀЕЍИѐеѝиẦÂầâẰĂằăỀÊềêỒÔồôỜƠờơỪƯừưỲYỳy",
        "\u0301ÁAÉEÍIÓOÚUÝYáaéeíióoúuýyĆCćcĹLĺlŃNńnŔRŕrŚSśsŹZźzΆΑΈΕΉΗΊΙΌΟΎΥΏΩΐϊάαέεήηίιΰϋόούυЃГЌКѓгќкẤÂấâẮĂắăẾÊếêỐÔốôỚƠớơỨƯứư",
        "\u0302ÂAÊEÎIÔOÛUâaêeîiôoûuĈCĉcĜGĝgĤHĥhĴJĵjŜSŝsŴWŵwŶYŷyẬẠậạỆẸệẹỘỌộọ",
        "\u0303ÃAÑNÕOãañnõoĨIĩiŨUũuẪÂẫâẴĂẵăẼEẽeỄÊễêỖÔỗôỠƠỡơỮƯữưỸYỹy",
        "\u0304ĀAāaĒEēeĪIīiŌOōoŪUūu",
        "\u0306ĂAăaĔEĕeĞGğgĬIĭiŎOŏoŬUŭuЎУЙИйиўуẶẠặạ",
        "\u0307ĊCċcĖEėeĠGġgİIŻZżz",
        "\u0308ÄAËEÏIÖOÜUäaëeïiöoüuÿyŸYΪΙΫΥϊιϋυЁЕЇІёеїі",
        "\u0309ẢAảaẨÂẩâẲĂẳăẺEẻeỂÊểêỈIỉiỎOỏoỔÔổôỞƠởơỦUủuỬƯửưỶYỷy",
        "\u030aÅAåaŮUůu",
        "\u030bŐOőoŰUűu",
        "\u030cČCčcĎDďdĚEěeĽLľlŇNňnŘRřrŠSšsŤTťtŽZžz",
        "\u0323ẠAạaẸEẹeỊIịiỌOọoỢƠợơỤUụuỰƯựưỴYỵy",
        "\u0326ȘSșsȚTțt",
        "\u0327ÇCçcĢGģgĶKķkĻLļlŅNņnŖRŗrŞSşsŢTţt",
        "\u0328ĄAąaĘEęeĮIįiŲUųu",
        "\u3099がかぎきぐくげけごこざさじしずすぜせぞそだたぢちづつでてどとばはびひぶふべへぼほゔうガカギキグクゲケゴコザサジシズスゼセゾソダタヂチヅツデテドトバハビヒブフベヘボホヴウヷワヸヰヹヱヺヲ",
        "\u309aぱはぴひぷふぺへぽほパハピヒプフペヘポホ",
    ];

    /// <summary>The same text for the composed and the decomposed form of a name.</summary>
    public static string Decompose(string name)
    {
        if (System.Text.Ascii.IsValid(name))
            return name;
        var text = new StringBuilder(name.Length * 2);
        foreach (var c in name)
            Append(text, c);
        return text.ToString();
    }

    private static void Append(StringBuilder text, char c)
    {
        var syllable = c - Syllables;
        foreach (var row in table)
        {
            for (var i = 1; i < row.Length; i += 2)
            {
                if (row[i] != c)
                    continue;
                Append(text, row[i + 1]);
                text.Append(row[0]);
                return;
            }
        }
        if (syllable is >= 0 and < SyllableCount)
        {
            text.Append((char)(Initials + syllable / (VowelCount * FinalCount)));
            text.Append((char)(Vowels + syllable / FinalCount % VowelCount));
            if (syllable % FinalCount > 0)
                text.Append((char)(Finals + syllable % FinalCount));
        }
        else
            text.Append(c);
    }
}
