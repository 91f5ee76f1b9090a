using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;

namespace Dit.Repository.Tests;

/// <summary>Declarations of members, as <see cref="PublicApi"/> writes them.</summary>
internal static partial class ApiMember
{
    private const int Columns = 140;

    // Attributes that tell a caller something.
    private static readonly HashSet<string> Shown =
    [
        "ObsoleteAttribute", "FlagsAttribute", "EditorBrowsableAttribute", "ExperimentalAttribute",
        "RequiresUnreferencedCodeAttribute", "RequiresDynamicCodeAttribute",
    ];

    /// <summary>How a type is named within a declaration: without its namespace.</summary>
    public static readonly SymbolDisplayFormat Reference = new(
        typeQualificationStyle: SymbolDisplayTypeQualificationStyle.NameAndContainingTypes,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers
            | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier
            | SymbolDisplayMiscellaneousOptions.AllowDefaultLiteral);

    private static readonly SymbolDisplayFormat Parameter = Reference.WithParameterOptions(
        SymbolDisplayParameterOptions.IncludeModifiers
            | SymbolDisplayParameterOptions.IncludeExtensionThis
            | SymbolDisplayParameterOptions.IncludeType
            | SymbolDisplayParameterOptions.IncludeName
            | SymbolDisplayParameterOptions.IncludeDefaultValue);

    private static readonly SymbolDisplayFormat WithoutParameters = Reference
        .AddGenericsOptions(SymbolDisplayGenericsOptions.IncludeVariance)
        .WithMemberOptions(SymbolDisplayMemberOptions.IncludeAccessibility | SymbolDisplayMemberOptions.IncludeModifiers
            | SymbolDisplayMemberOptions.IncludeType
            | SymbolDisplayMemberOptions.IncludeRef
            | SymbolDisplayMemberOptions.IncludeConstantValue)
        .WithKindOptions(SymbolDisplayKindOptions.IncludeMemberKeyword | SymbolDisplayKindOptions.IncludeTypeKeyword);

    private static readonly SymbolDisplayFormat Property = WithoutParameters.AddMemberOptions(SymbolDisplayMemberOptions.IncludeParameters)
        .WithParameterOptions(Parameter.ParameterOptions);

    private static readonly SymbolDisplayFormat Constraints = Reference.AddGenericsOptions(
        SymbolDisplayGenericsOptions.IncludeTypeConstraints);

    /// <summary>A member with its attributes.</summary>
    public static string Write(ISymbol member, int indent)
    {
        var margin = new string(' ', indent);
        var attributes = string.Concat(Attributes(member).Select(attribute => $"{margin}{attribute}\n"));
        return attributes + (member.ContainingType.TypeKind == TypeKind.Enum && member is IFieldSymbol value
            ? $"{margin}{value.Name} = {value.ConstantValue},"
            : Line(member, indent));
    }

    /// <summary>A member or a delegate; one parameter a line where it is long.</summary>
    public static string Line(ISymbol member, int indent)
    {
        var margin = new string(' ', indent) + Modifier(member);
        return member switch
        {
            IPropertySymbol property => $"{margin}{property.ToDisplayString(Property)} {{ {Accessors(property)}}}",
            IMethodSymbol method => Wrapped(margin + method.ToDisplayString(WithoutParameters), Parameters(method), Where(method), indent)
                + ";",
            INamedTypeSymbol { DelegateInvokeMethod: { } invoke } type => Wrapped(
                $"{margin}{Word(type.DeclaredAccessibility)} delegate {invoke.ReturnType.ToDisplayString(Reference)} "
                    + $"{type.ToDisplayString(DelegateName)}",
                Parameters(invoke), Where(type), indent) + ";",
            _ => $"{margin}{member.ToDisplayString(WithoutParameters)};",
        };
    }

    /// <summary>The parameters of a method, each as it is declared.</summary>
    public static IReadOnlyList<string> Parameters(IMethodSymbol method) =>
        [.. method.Parameters.Select(static parameter => parameter.ToDisplayString(Parameter))];

    /// <summary>A declaration on one line, or with each parameter on a line of its own.</summary>
    /// <param name="start">What comes before the parameters.</param>
    /// <param name="parameters">The parameters, or null for a type without a list of them.</param>
    /// <param name="end">What comes after them.</param>
    /// <param name="indent">The declaration's own indentation.</param>
    public static string Wrapped(string start, IReadOnlyList<string>? parameters, string end, int indent)
    {
        if (parameters is null) return start + end;
        var line = $"{start}({string.Join(", ", parameters)}){end}";
        if (line.Length < Columns || parameters.Count < 2) return line;
        var margin = "\n" + new string(' ', indent + 4);
        return $"{start}({margin}{string.Join("," + margin, parameters)}){end}";
    }

    /// <summary>Attributes that concern callers.</summary>
    public static IEnumerable<string> Attributes(ISymbol symbol) => symbol.GetAttributes()
        .Where(static attribute => attribute.AttributeClass is { } type && Shown.Contains(type.Name))
        .Select(static attribute => $"[{attribute}]");

    /// <summary>Whether the compiler wrote it.</summary>
    public static bool IsGenerated(ISymbol symbol) =>
        symbol.GetAttributes().Any(static attribute => attribute.AttributeClass?.Name == "CompilerGeneratedAttribute");

    /// <summary>The order of kinds of members.</summary>
    public static int Rank(ISymbol member) => member switch
    {
        IFieldSymbol { IsConst: true } => 0,
        IFieldSymbol => 1,
        IMethodSymbol { MethodKind: MethodKind.Constructor } => 2,
        IPropertySymbol => 3,
        IEventSymbol => 4,
        IMethodSymbol { MethodKind: MethodKind.Ordinary } => 5,
        _ => 6,
    };

    /// <summary>The value of a member of an enum; zero for all else, which is ordered by name.</summary>
    public static decimal EnumValue(ISymbol member) =>
        member is IFieldSymbol { ContainingType.TypeKind: TypeKind.Enum, ConstantValue: { } value }
            ? Convert.ToDecimal(value, CultureInfo.InvariantCulture)
            : 0;

    /// <summary>An accessibility as C# writes it.</summary>
    public static string Word(Accessibility accessibility) => accessibility switch
    {
        Accessibility.Public => "public",
        Accessibility.Protected => "protected",
        Accessibility.ProtectedOrInternal => "protected internal",
        _ => throw new ArgumentOutOfRangeException(nameof(accessibility), accessibility, "It is not visible."),
    };

    private static readonly SymbolDisplayFormat DelegateName = new(
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeVariance);

    // What Roslyn does not write for members of interfaces: those that implementations need not have, and static ones.
    private static string Modifier(ISymbol member) =>
        member is { ContainingType.TypeKind: TypeKind.Interface, Kind: not SymbolKind.NamedType }
            ? (member.IsStatic ? "static " : "")
                + (
                    member.IsStatic && member.IsAbstract ? "abstract "
                    : member.IsVirtual ? "virtual "
                    : "")
            : "";

    private static string Accessors(IPropertySymbol property) => string.Concat(
        new[] { property.GetMethod, property.SetMethod }.OfType<IMethodSymbol>().Where(ApiType.IsVisible).Select(accessor =>
            (accessor.DeclaredAccessibility == property.DeclaredAccessibility ? "" : Word(accessor.DeclaredAccessibility) + " ")
            + (accessor.MethodKind == MethodKind.PropertyGet ? "get; " : accessor.IsInitOnly ? "init; " : "set; ")));

    /// <summary>The constraints of type parameters, with a space before them.</summary>
    public static string Where(ISymbol symbol) => Constraint().Match(symbol.ToDisplayString(Constraints)).Value;

    [GeneratedRegex(" where .*$")]
    private static partial Regex Constraint();
}
