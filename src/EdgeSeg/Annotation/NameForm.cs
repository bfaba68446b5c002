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

    /// <summary>Each mark with pairs of letters: composed, and without the mark.</summary>
    private static readonly (char Mark, string Pairs)[] table =
    [
        ('\u0300', "ÀAÈEÌIÒOÙUàaèeìiòoùuЀЕЍИѐеѝиẦÂầâẰĂằăỀÊềêỒÔồôỜƠờơỪƯừưỲYỳy"),
        ('\u0301', "ÁAÉEÍIÓOÚUÝYáaéeíióoúuýyĆCćcĹLĺlŃNńnŔRŕrŚSśsŹZźzΆΑΈΕΉΗΊΙΌΟΎΥΏΩΐϊάαέεήηίιΰϋόούυЃГЌКѓгќкẤÂấâẮĂắăẾÊếêỐÔốôỚƠớơỨƯứư"),
        ('\u0302', "ÂAÊEÎIÔOÛUâaêeîiôoûuĈCĉcĜGĝgĤHĥhĴJĵjŜSŝsŴWŵwŶYŷyẬẠậạỆẸệẹỘỌộọ"),
        ('\u0303', "ÃAÑNÕOãañnõoĨIĩiŨUũuẪÂẫâẴĂẵăẼEẽeỄÊễêỖÔỗôỠƠỡơỮƯữưỸYỹy"),
        ('\u0304', "ĀAāaĒEēeĪIīiŌOōoŪUūu"),
        ('\u0306', "ĂAăaĔEĕeĞGğgĬIĭiŎOŏoŬUŭuЎУЙИйиўуẶẠặạ"),
        ('\u0307', "ĊCċcĖEėeĠGġgİIŻZżz"),
        ('\u0308', "ÄAËEÏIÖOÜUäaëeïiöoüuÿyŸYΪΙΫΥϊιϋυЁЕЇІёеїі"),
        ('\u0309', "ẢAảaẨÂẩâẲĂẳăẺEẻeỂÊểêỈIỉiỎOỏoỔÔổôỞƠởơỦUủuỬƯửưỶYỷy"),
        ('\u030a', "ÅAåaŮUůu"),
        ('\u030b', "ŐOőoŰUűu"),
        ('\u030c', "ČCčcĎDďdĚEěeĽLľlŇNňnŘRřrŠSšsŤTťtŽZžz"),
        ('\u0323', "ẠAạaẸEẹeỊIịiỌOọoỢƠợơỤUụuỰƯựưỴYỵy"),
        ('\u0326', "ȘSșsȚTțt"),
        ('\u0327', "ÇCçcĢGģgĶKķkĻLļlŅNņnŖRŗrŞSşsŢTţt"),
        ('\u0328', "ĄAąaĘEęeĮIįiŲUųu"),
        (
            '\u3099',
            "がかぎきぐくげけごこざさじしずすぜせぞそだたぢちづつでてどとばはびひぶふべへぼほゔうガカギキグクゲケゴコザサジシズスゼセゾソダタヂチヅツデテドトバハビヒブフベヘボホヴウヷワヸヰヹヱヺヲ"
        ),
        ('\u309a', "ぱはぴひぷふぺへぽほパハピヒプフペヘポホ"),
    ];

    private static readonly Dictionary<char, (char Base, char Mark)> parts = table
        .SelectMany(row => row.Pairs.Chunk(2).Select(pair => (Composed: pair[0], Parts: (pair[1], row.Mark))))
        .ToDictionary(p => p.Composed, p => p.Parts);

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
        if (parts.TryGetValue(c, out var pair))
        {
            Append(text, pair.Base);
            text.Append(pair.Mark);
        }
        else if (syllable is >= 0 and < SyllableCount)
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
