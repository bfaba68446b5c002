using System.Reflection;
using System.Text;
using EdgeSeg.Testing;
using Xunit;

namespace EdgeSeg.Vision;

/// <summary>
/// Compares the public members of EdgeSeg.Vision with PublicApi.txt, so that the surface changes only on purpose. After a wanted change,
/// run this test with EDGESEG_WRITE_API=1 and review the difference of the file.
/// </summary>
public class PublicApiTests
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    [Fact]
    public void The_public_members_are_those_of_the_file()
    {
        var file = Repository.PathOf("tests/EdgeSeg.Vision.Tests/PublicApi.txt");
        var actual = string.Join('\n', typeof(SegmentationModel).Assembly.GetExportedTypes().Order(ByName).SelectMany(Describe)) + "\n";
        if (Environment.GetEnvironmentVariable("EDGESEG_WRITE_API") == "1")
            File.WriteAllText(file, actual);
        var (expected, now) = (File.ReadAllText(file).Split('\n'), actual.Split('\n'));
        Assert.True(
            expected.SequenceEqual(now),
            $"removed: {string.Join("; ", expected.Except(now))}\nadded: {string.Join("; ", now.Except(expected))}\n"
                + "to accept, run with EDGESEG_WRITE_API=1"
        );
    }

    [Fact]
    public void No_public_member_needs_an_internal_type()
    {
        var internals = typeof(SegmentationModel)
            .Assembly.GetExportedTypes()
            .SelectMany(t => t.GetMembers(Declared).Where(IsVisible).SelectMany(TypesOf))
            .Where(t => t.Assembly == typeof(SegmentationModel).Assembly && !t.IsVisible);
        Assert.Empty(internals);
    }

    private static IComparer<Type> ByName => Comparer<Type>.Create((a, b) => string.CompareOrdinal(a.FullName, b.FullName));

    private static IEnumerable<string> Describe(Type type)
    {
        var kind =
            type.IsEnum ? "enum"
            : type.IsValueType ? "struct"
            : type.IsInterface ? "interface"
            : "class";
        yield return $"{(type.IsSealed || type.IsValueType ? "sealed " : "")}{kind} {type.FullName} : {Name(type.BaseType)}";
        foreach (var line in type.GetMembers(Declared).Where(IsVisible).Select(Line).Where(l => l.Length > 0).Order(StringComparer.Ordinal))
            yield return "    " + line;
    }

    /// <summary>Compiler-made members of records are left out: they follow from the record's parameters.</summary>
    private static bool IsVisible(MemberInfo member) =>
        member switch
        {
            MethodBase m => (m.IsPublic || m.IsFamily || m.IsFamilyOrAssembly)
                && m.GetCustomAttribute<System.Runtime.CompilerServices.CompilerGeneratedAttribute>() is null
                && !(m.IsSpecialName && m is MethodInfo),
            PropertyInfo p => p.GetAccessors(nonPublic: true).Any(a => a.IsPublic || a.IsFamily),
            FieldInfo f => f is { IsPublic: true, IsSpecialName: false },
            Type t => t.IsNestedPublic,
            _ => false,
        };

    private static string Line(MemberInfo member) =>
        member switch
        {
            ConstructorInfo c => $"new({Parameters(c.GetParameters())})",
            MethodInfo m => $"{Static(m)}{Name(m.ReturnType)} {m.Name}({Parameters(m.GetParameters())})",
            PropertyInfo p => $"{Static(p.GetAccessors(true)[0])}{Name(p.PropertyType)} {p.Name}{Index(p)} {{{Accessors(p)} }}",
            FieldInfo f => f.IsLiteral ? $"{f.Name} = {f.GetRawConstantValue()}" : $"{Name(f.FieldType)} {f.Name}",
            _ => "",
        };

    private static string Accessors(PropertyInfo p) =>
        (p.GetMethod is { IsPublic: true } ? " get;" : "")
        + (
            p.SetMethod is { IsPublic: true } set
                ? set.ReturnParameter.GetRequiredCustomModifiers().Length > 0
                    ? " init;"
                    : " set;"
                : ""
        );

    private static string Index(PropertyInfo p) => p.GetIndexParameters() is { Length: > 0 } i ? $"[{Parameters(i)}]" : "";

    private static string Static(MethodBase m) => m.IsStatic ? "static " : "";

    private static string Parameters(ParameterInfo[] parameters) =>
        string.Join(
            ", ",
            parameters.Select(p => $"{Name(p.ParameterType)} {p.Name}{(p.HasDefaultValue ? " = " + (p.DefaultValue ?? "default") : "")}")
        );

    private static IEnumerable<Type> TypesOf(MemberInfo member) =>
        member switch
        {
            MethodBase m => m.GetParameters().Select(p => p.ParameterType).Append((m as MethodInfo)?.ReturnType ?? typeof(void)),
            PropertyInfo p => [p.PropertyType],
            FieldInfo f => [f.FieldType],
            _ => [],
        };

    private static string Name(Type? type)
    {
        if (type is null)
            return "";
        if (!type.IsGenericType)
            return type.Namespace == "System" ? type.Name : type.ToString();
        var text = new StringBuilder(type.Name.Split('`')[0]);
        return text.Append('<').AppendJoin(", ", type.GetGenericArguments().Select(Name)).Append('>').ToString();
    }
}
