"""PeakRDL exporter `swift-map`: the tables of the module RegisterMap and the manual page of a map.

The output option names the root of a source tree. The files written there are
Sources/RegisterMap/Generated/<Name>Map.swift and <Name>Map+Tables.swift beside it, and
Documentation/Registers/<Name>.md.
"""

import re
import textwrap
from pathlib import Path

from peakrdl.plugins.exporter import ExporterSubcommandPlugin
from systemrdl.node import FieldNode, RegfileNode, RegNode

COLUMNS = 120
SWIFT_KEYWORDS = {"as", "case", "class", "default", "do", "else", "enum", "false", "for", "func", "if", "in", "init",
                  "is", "let", "nil", "repeat", "return", "self", "static", "struct", "switch", "true", "var", "where",
                  "while"}


class Exporter(ExporterSubcommandPlugin):
    short_desc = "Generate the Swift register tables and the manual page"

    def do_export(self, top_node, options):
        registers = [Register(node) for node in unrolled_registers(top_node)]
        name = upper_camel(top_node.inst_name)
        root = Path(options.output)
        generated = root / "Sources/RegisterMap/Generated"
        write(generated / f"{name}Map.swift", swift(top_node, name, registers))
        write(generated / f"{name}Map+Tables.swift", swift_tables(top_node, name, registers))
        write(root / "Documentation/Registers" / f"{name}.md", manual(top_node, registers))


class Register:
    """One register instance with everything that both outputs need."""

    def __init__(self, node):
        self.node = node
        self.address = node.absolute_address
        self.desc = text(node.get_property("desc"))
        # An instance in an array of register files carries the index of its file at the end of its name.
        path = [step.inst_name for step in ancestors(node)] + [node.inst_name]
        self.group = "_".join(path)
        indices = [step.current_idx[0] for step in ancestors(node) + [node] if step.is_array]
        if len(indices) > 1 or self.address > 0xff:
            raise ValueError(f"{self.group}: nested arrays and addresses above 0xff are not supported")
        self.index = indices[0] if indices else None
        self.name = self.group if self.index is None else f"{self.group}_{self.index}"
        self.shadow = bool(node.get_property("shadow"))
        self.burst = bool(node.get_property("burst"))
        self.fields = [Field(field) for field in node.fields()]
        self.defined = 0
        self.reset = 0
        for field in self.fields:
            self.defined |= field.mask
            self.reset |= field.reset << field.low

    @property
    def access(self):
        if self.burst:
            return "burst"
        kinds = {field.access for field in self.fields}
        return kinds.pop() if len(kinds) == 1 else "readWrite"


class Field:
    def __init__(self, node: FieldNode):
        self.name = node.inst_name
        self.low, self.high = node.low, node.high
        self.mask = ((1 << node.width) - 1) << node.low
        self.desc = text(node.get_property("desc"))
        self.meanings = [(m.name, m.value, text(m.rdl_desc)) for m in node.get_property("encode") or []]
        readable, writable = node.is_sw_readable, node.is_sw_writable
        self.access = "readWrite" if readable and writable else "readOnly" if readable else "writeOnly"
        reset = node.get_property("reset")
        self.reset = reset if isinstance(reset, int) else 0


def unrolled_registers(node):
    for child in node.children(unroll=True):
        if isinstance(child, RegNode):
            yield child
        elif isinstance(child, RegfileNode):
            yield from unrolled_registers(child)
        else:
            raise ValueError(f"{child.get_path()}: only registers and register files are supported")


def ancestors(node):
    """The register files around a register, outermost first."""
    result = []
    while isinstance(node.parent, RegfileNode):
        node = node.parent
        result.insert(0, node)
    return result


# Swift

def swift(top, name, registers):
    out = heading(top) + comment(text(top.get_property("desc")), 0)
    out.append(f"public enum {name}Map {{")
    for group in groups(registers):
        out += comment(group[0].desc, 2)
        out += declaration(group)
    for group in groups(registers):
        out += namespace(group[0])
    return checked(out + ["}"])


def swift_tables(top, name, registers):
    out = heading(top) + [f"extension {name}Map {{", "  /// Every register, by rising address.",
                          f"  public static let all: [{len(registers)} of Register] = ["]
    for register in registers:
        out += call("    ", f"{facts(register)},")
    rows = [entry(register, field) for register in registers for field in register.fields]
    out += ["  ]", "", "  /// Every field of every register, by rising address and bit.",
            f"  public static let fields: [{len(rows)} of FieldEntry] = ["]
    out += [f"    {row}," for row in rows]
    return checked(out + ["  ]", "}"])


def heading(top):
    return [f"// Generated by `make registers` from Board/Registers/{top.inst_name}.rdl; do not edit.", ""]


def checked(lines):
    long = [line for line in lines if len(line) > COLUMNS]
    if long:
        raise ValueError(f"line over {COLUMNS} columns: {long[0]}")
    return "\n".join(lines) + "\n"


# Tables repeat their elements in full: the compiler lays such a table out as static data, while one that names
# other constants may be built at first use instead.
def declaration(group):
    name = lower_camel(group[0].group)
    if group[0].index is None:
        return call(f"  public static let {name} = ", facts(group[0]))
    out = [f"  public static let {name}: [{len(group)} of Register] = ["]
    for register in group:
        out += call("    ", f"{facts(register)},")
    return out + ["  ]"]


def facts(register):
    digits = register.node.get_property("regwidth") // 4
    result = (f'Register("{register.name}", at: 0x{register.address:02x}, .{register.access}, '
              f"reset: {hexadecimal(register.reset, digits)}, defined: {hexadecimal(register.defined, digits)}")
    return result + (", isShadow: true)" if register.shadow else ")")


def call(head, expression):
    """`head` and a call on one line, or broken after the opening parenthesis."""
    if len(head + expression) <= COLUMNS:
        return [head + expression]
    opening, rest = expression.split("(", 1)
    return [head + opening + "(", " " * (len(head) - len(head.lstrip()) + 2) + rest]


def namespace(register):
    title = upper_camel(register.group)
    out = ["", f"  /// Fields of {register.group}.", f"  public enum {title} {{"]
    for field in register.fields:
        out += comment(field.desc, 4)
        bits = f"{field.low}...{field.high}"
        out.append(f"    public static let {lower_camel(field.name)} = Field(bits: {bits})")
    for field in register.fields:
        if field.meanings:
            out += ["", f"    /// Meanings of {field.name}.",
                    f"    public enum {upper_camel(field.name)}: UInt32, Sendable {{"]
            for meaning, value, desc in field.meanings:
                out += comment(desc, 6)
                out.append(f"      case {lower_camel(meaning)} = {value}")
            out.append("    }")
    return out + ["  }"]


def entry(register, field):
    return (f'FieldEntry("{field.name}", at: 0x{register.address:02x}, '
            f"Field(bits: {field.low}...{field.high}), .{field.access})")


def groups(registers):
    """Registers that differ in their index only, in order of first appearance."""
    result = {}
    for register in registers:
        result.setdefault(register.group, []).append(register)
    return list(result.values())


def comment(desc, indent):
    prefix = " " * indent + "/// "
    return [prefix + line for line in textwrap.wrap(desc, COLUMNS - len(prefix))]


# Manual

def manual(top, registers):
    out = [f"<!-- Generated by `make registers` from Board/Registers/{top.inst_name}.rdl; do not edit. -->",
           f"# Registers: {top.get_property('name')}", "", text(top.get_property("desc")), "",
           "| Address | Register | Access | Reset | Defined | Purpose |", "|---|---|---|---|---|---|"]
    for register in registers:
        digits = register.node.get_property("regwidth") // 4
        out.append(f"| `0x{register.address:02x}` | {register.name} | {access_words(register)} "
                   f"| `0x{register.reset:0{digits}x}` | `0x{register.defined:0{digits}x}` | {register.desc} |")
    for group in groups(registers):
        first = group[0]
        addresses = ", ".join(f"`0x{register.address:02x}`" for register in group)
        out += ["", f"## {first.group} ({addresses})", "", first.desc, "",
                "| Bits | Field | Access | Reset | Meaning |", "|---|---|---|---|---|"]
        for field in first.fields:
            bits = str(field.low) if field.low == field.high else f"{field.high}:{field.low}"
            meaning = field.desc
            for value_name, value, desc in field.meanings:
                meaning += f" {value} = `{lower_camel(value_name)}`: {desc}"
            out.append(f"| {bits} | {field.name} | {words(field.access)} | `0x{field.reset:x}` | {meaning} |")
    return "\n".join(out) + "\n"


def access_words(register):
    return words(register.access) + (", shadow" if register.shadow else "")


def words(access):
    return {"readOnly": "read", "readWrite": "read, write", "writeOnly": "write", "burst": "burst"}[access]


# Text

def text(desc):
    """The description on one line; every part of a map has one."""
    if not desc:
        raise ValueError("a register, field or meaning has no description")
    return re.sub(r"\s+", " ", desc).strip()


def upper_camel(name):
    return "".join(part[0].upper() + part[1:].lower() for part in name.split("_"))


def lower_camel(name):
    camel = upper_camel(name)
    camel = camel[0].lower() + camel[1:]
    return f"`{camel}`" if camel in SWIFT_KEYWORDS else camel


def hexadecimal(value, digits):
    plain = f"{value:0{digits}x}"
    return "0x" + (plain[:4] + "_" + plain[4:] if digits == 8 else plain)


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
