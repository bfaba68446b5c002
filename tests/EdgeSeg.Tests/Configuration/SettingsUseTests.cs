using System.Reflection;
using System.Reflection.Emit;
using Xunit;

namespace EdgeSeg.Configuration;

/// <summary>
/// A setting that nothing reads must not exist: the getter of each must be called from outside this namespace, directly or through its
/// methods.
/// </summary>
public class SettingsUseTests
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<short, OpCode> opCodes = typeof(OpCodes)
        .GetFields()
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToDictionary(c => c.Value);

    private static readonly Type[] types = typeof(Settings).Assembly.GetTypes();

    [Fact]
    public void Every_setting_is_read_outside_of_the_configuration()
    {
        var settings = AllSettings();
        Assert.True(settings.Length > 70, $"only {settings.Length} settings were found");
        var read = Reached();
        Assert.Equal([], settings.Where(p => !read.Contains(p.GetMethod!)).Select(p => $"{p.DeclaringType!.Name}.{p.Name}"));
    }

    /// <summary>
    /// Threads share settings, so nothing changes them after they were read. These make settings of their own before anything uses them:
    /// the check of the broker, the command line's options of the broker, the demonstration, and the benchmark's camera.
    /// </summary>
    [Fact]
    public void A_setting_is_assigned_outside_of_the_configuration_only_where_new_settings_are_made()
    {
        var setters = AllSettings().Select(p => (MethodBase)p.SetMethod!).ToHashSet();
        var assigning =
            from type in types
            where type.Namespace != "EdgeSeg.Configuration"
            where Methods(type).SelectMany(Called).Any(setters.Contains)
            select Outermost(type).Name;
        Assert.Equal(["BrokerCheck", "BrokerOptions", "DemoVerb", "FramePath"], assigning.Distinct().Order());
    }

    private static PropertyInfo[] AllSettings() =>
        [
            .. types
                .Where(t =>
                    t.Namespace == "EdgeSeg.Configuration"
                    && t.Name.EndsWith("Settings", StringComparison.Ordinal)
                    && t is { IsClass: true, IsAbstract: false, IsNested: false }
                )
                .SelectMany(t => t.GetProperties(All))
                .Where(p => p.CanWrite),
        ];

    private static Type Outermost(Type type) => type.DeclaringType is { } outer ? Outermost(outer) : type;

    [Fact]
    public void A_getter_that_only_a_check_or_the_table_of_keys_calls_is_not_read()
    {
        var read = Reached();
        Assert.DoesNotContain(read, m => m.DeclaringType == typeof(SettingsRules));
        Assert.Contains(typeof(MqttSettings).GetProperty(nameof(MqttSettings.Port))!.GetMethod!, read);
    }

    /// <summary>What code outside calls, and what the called methods of the namespace call in turn. Checks do not count as a use.</summary>
    private static HashSet<MethodBase> Reached()
    {
        var open = new Queue<MethodBase>(types.Where(t => t.Namespace != "EdgeSeg.Configuration").SelectMany(Methods));
        var reached = new HashSet<MethodBase>();
        while (open.TryDequeue(out var method))
        {
            foreach (var called in Called(method))
            {
                var type = called.DeclaringType;
                if (type is null || type.Namespace != "EdgeSeg.Configuration" || type == typeof(SettingsRules))
                    continue;
                if (reached.Add(called))
                    open.Enqueue(called);
            }
        }

        return reached;
    }

    private static IEnumerable<MethodBase> Methods(Type type) => type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All));

    /// <summary>Every method named by an instruction of the body: calls, and delegates that are made.</summary>
    private static IEnumerable<MethodBase> Called(MethodBase method)
    {
        var code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        var at = 0;
        while (at < code.Length)
        {
            var value = code[at] == 0xFE ? (short)(0xFE00 | code[at + 1]) : code[at];
            var op = opCodes[value];
            at += op.Size;
            if (op.OperandType == OperandType.InlineMethod)
            {
                var found = Resolve(method, BitConverter.ToInt32(code, at));
                if (found is not null)
                    yield return found;
            }

            at += op.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
                _ => 4,
            };
        }
    }

    private static MethodBase? Resolve(MethodBase method, int token)
    {
        var typeArguments = method.DeclaringType is { IsGenericType: true } type ? type.GetGenericArguments() : null;
        var arguments = method is MethodInfo { IsGenericMethodDefinition: true } generic ? generic.GetGenericArguments() : null;
        var found = method.Module.ResolveMethod(token, typeArguments, arguments);
        return found is MethodInfo { IsGenericMethod: true } made ? made.GetGenericMethodDefinition() : found;
    }
}
