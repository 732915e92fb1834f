import Console
import LinkControl
import Scpi

/// The manual page of the machine mode, from the tables of SCPI.
enum ScpiManual {
  static func print() {
    Swift.print(introduction)
    Swift.print("## Headers\n\n| Header | Takes | Obeys | What it does |\n|---|---|---|---|")
    for i in scpiTable.indices { Swift.print(line(scpiTable[i])) }
    Swift.print(arguments)
    Swift.print(status)
    Swift.print("## Errors\n\n| Number | Text |\n|--:|---|")
    for i in scpiErrors.indices { Swift.print("| \(scpiErrors[i].rawValue) | \(scpiErrors[i].summary) |") }
    Swift.print(errors)
    Swift.print("## Faults\n\n`*TST?` answers one more than the number of the fault, 0 if there is none.\n")
    Swift.print("| `*TST?` | `SYSTem:FAULt?` | Fault |\n|--:|---|---|")
    var number: UInt8 = 0
    while let kind = FaultKind(rawValue: number) {
      number += 1
      Swift.print("| \(number) | `\(kind.name)` | \(kind.summary) |")
    }
  }

  private static func line(_ row: ScpiRow) -> String {
    let form =
      switch row.form {
      case .query: "\(row.pattern)?"
      case .command: "\(row.pattern)"
      case .both: "\(row.pattern)[?]"
      }
    let takes = row.form == .query ? row.queryArgument : row.argument
    let privilege = row.form == .query ? "observe" : "\(row.privilege.name)"
    return "| `\(form)` | \(argument(takes, row)) | \(privilege) | \(row.node.summary) |"
  }

  private static func argument(_ argument: ScpiArgument, _ row: ScpiRow) -> String {
    switch argument {
    case .none: ""
    case .number: range(row)
    case .name: "name"
    case .nameAndNumber: "name, number"
    }
  }

  private static func range(_ row: ScpiRow) -> String {
    switch row.unit {
    case .count: row.numberMax == 0 ? "0" : "0 to \(row.numberMax)"
    case .seconds: "0 to \(row.numberMax) PS"
    case .photons: "0 to \(Double(row.numberMax) / 1e6)"
    }
  }

  private static let introduction = """
    # The console for programs: SCPI

    Written by `make manual` from the tables of the program; `SYSTem:HELP:HEADers?` tells the headers too.

    A console of `gimbal` speaks SCPI-1999 over IEEE 488.2 when it was started with `--scpi`, or after the command
    `scpi`; `SYSTem:CONSole` gives it back to people, and what was sent ahead is dropped. There is no echo and no
    prompt. For example, with answers:

    ```
    *IDN?
    Gimbal,QKD alice,0,0.1.0
    CONF:FIEL exchange_frames,200;APPL
    INIT;*OPC?
    1
    SYST:SESS?;:MEAS:QBER?;QBER:UPP?
    finished;1.23400E-2;1.98700E-2
    SYST:ERR?
    0,"No error"
    ```

    ## Lines

    - A line ends with LF, CR or CR LF and has at most 256 bytes. A longer one (-223) or one with a byte that is not
      printable ASCII, blank or tab (-101) is dropped whole.
    - Units are separated by `;`. The answers of a line come as one line, joined by `;`. An empty unit says nothing.
    - Units are carried out one by one. The first that fails ends its line: what stands before it is done, what stands
      behind it is not. One unit does everything or nothing; `CONFigure:APPLy` puts all of what was noted into force or
      nothing.
    - A header may be written short (the capitals) or long, in letters of either size, without what stands in brackets.
      It continues where the last one of the line ended: `MEAS:RATE:SIFT?;SECR?`. A colon begins at the root:
      `MEAS:QBER?;:SYST:ERR?`. Common commands, with a `*`, have no part in that.
    - Up to 512 bytes can be sent ahead while a line waits. Ctrl-C (byte 3) clears the device: it drops what was sent
      ahead and ends the waiting of `*OPC?`, `*WAI` and `*RST`. Session, settings, status and errors stay.
    - No header tells or erases a key; `zeroize` is for people.

    """

  private static let arguments = """

    ## Arguments and answers

    - Numbers are decimal: `1750`, `.5`, `1.75E-9`. Seconds may have a suffix: `S MS US NS PS`, as `1750 PS` or
      `1.75 NS`. They are rounded to the nearest picosecond; what is no whole step of pulse or gate is
      refused (-222).
    - Names stand without quotation marks; a field or a register may be cut short where only one begins so.
    - Ratios, seconds, amperes and bits per second come as `1.23400E-2`. Where nothing is known yet: `9.91E+37`.
    - `CONFigure:FIELd? name` answers the noted number and the one in force; fields and their units are those of
      [Configuration](Configuration.md). `INTensity` answers what is noted.
    - `*SAV 0` and `*RCL 0` use the file of `gimbal --configuration FILE`; `*RCL` notes what was saved and puts it into
      force.
    - What the other end has, as the gate at Alice's, is refused with -241.

    ## Sessions

    `INITiate` begins a session and is pending until the module is idle again, or at fault. `*OPC?` answers 1 then,
    `*OPC` sets bit 0 of `*ESR?`, `*WAI` holds the rest of its line. A session that the peer began is not waited for.
    `STOP` ends the light in order and finishes the last block, or leaves the fault state; `ABORt` gives the session up.
    Where there is nothing to end, both do nothing.

    `*RST` stops a session as `STOP` does, waits until the module is idle, and puts the program's defaults into force;
    the rest of the line waits. It leaves the variant, keys, the saved configuration and a fault as they are; at fault
    it is refused (-221).

    """

  private static let status = """
    ## Status

    | Bit | `*STB?` | `*ESR?` |
    |--:|---|---|
    | 0 | | no operation is pending any more, after `*OPC` |
    | 2 | an error waits | query error |
    | 3 | questionable event | device error |
    | 4 | this line has an answer already | execution error |
    | 5 | standard event | command error |
    | 6 | any other that `*SRE` enables | |
    | 7 | operation event | the program has started |

    | Bit | Value | `STATus:OPERation` | `STATus:QUEStionable` |
    |--:|--:|---|---|
    | 4 | 16 | exchanging: light is on | alarm `detector_warm` |
    | 8 | 256 | acquiring: agreeing with the peer | |
    | 9 | 512 | draining: the last blocks are distilled | alarm `qber_high` |
    | 10 | 1024 | a block is in distillation | no link to the peer |
    | 11 | 2048 | booting or in the self-test | at fault, or zeroized |
    | 12 | 4096 | | alarm `auth_low` or `auth_empty` |

    Each of the two registers has a condition, events (cleared when read), an enable mask, and filters that say which
    conditions count when they begin (`PTRansition`, at first all) and when they end (`NTRansition`, at first none).
    Conditions are looked at while the console speaks SCPI. The alarms are in [Troubleshooting](Troubleshooting.md).

    """

  private static let errors = """

    `SYSTem:ERRor?` takes the oldest of 16 errors; when more come, the last place tells -350. Behind a semicolon in the
    text stands what an error is about, if that is known.

    """
}
