/// Everything that the operator can ask for.
/// Numbered from zero without gaps: `CaseIterable` would bring in an array.
public enum Verb: UInt8, Sendable {
  case help, status, report, start, stop, abort, selftest
  case qber, link, rates, counters, temperature, keys, auth
  case acquire, motion, align, twirl, intensity, gate, delay, voa, plates, pdl, adaptive
  case config, show, set, changes, apply, discard, defaults, save, load
  case register, peek, poke, i2c, gpio, watchdog, timing
  case trace, log, alarm, clear, telemetry
  case scpi, update, reboot, zeroize, version
}

/// The command table. Parsing, completion, help, the manual page and the checks of arguments are derived from it.
public let commandTable: [51 of CommandSpec] = [
  CommandSpec(.help, "help", .command, summary: "describe the commands"),
  CommandSpec(.status, "status", .subject, summary: "state, link, policy, blocks, QBER, faults; or of one subject"),
  CommandSpec(.report, "report", summary: "the facts of status as key=value"),
  CommandSpec(.start, "start", for: .operate, summary: "agree with the peer and exchange"),
  CommandSpec(.stop, "stop", for: .operate, summary: "end the exchange, or leave the fault state"),
  CommandSpec(.abort, "abort", .now, least: 1, for: .operate, summary: "give the session and its open blocks up"),
  CommandSpec(.selftest, "selftest", for: .operate, summary: "bring the devices up again and test them, at rest"),

  CommandSpec(.qber, "qber", summary: "error rate, bounds, efficiency, bits told"),
  CommandSpec(.link, "link", summary: "the peer, the frames, bytes, last end"),
  CommandSpec(.rates, "rates", summary: "clicks, sifted and secret bits a second"),
  CommandSpec(.counters, "counters", summary: "the wire to the gateware, detector counts and bias"),
  CommandSpec(.temperature, "temperature", summary: "detectors and board, degrees Celsius"),
  CommandSpec(.keys, "keys", summary: "names and states of the keys in store"),
  CommandSpec(.auth, "auth", summary: "the reserve of one-time bytes for tags, never delivered"),

  CommandSpec(.acquire, "acquire", summary: "how far the modules have found each other"),
  CommandSpec(
    .motion, "motion", .millimetres, .speed, .acceleration, for: .operate, alone: .observe,
    summary: "range of the peer, speed away, acceleration: fed to the slots; Bob's"),
  CommandSpec(
    .align, "align", .run, for: .operate, alone: .observe,
    summary: "the last scan of the gate; run scans, gives the session up"),
  CommandSpec(.twirl, "twirl", summary: "the variant of the twirl and what it is worth"),
  CommandSpec(
    .intensity, "intensity", .intensity, .millionths, for: .operate, alone: .observe,
    summary: "mean photon numbers; sets one, between sessions"),
  CommandSpec(
    .gate, "gate", .picoseconds, .picoseconds, for: .operate, alone: .observe,
    summary: "detector gate: delay and width; Bob's"),
  CommandSpec(
    .delay, "delay", .picoseconds, .picoseconds, for: .operate, alone: .observe,
    summary: "laser pulse: delay and width; Alice's"),
  CommandSpec(
    .voa, "voa", .decibels, for: .operate, alone: .observe,
    summary: "attenuator behind the lasers and monitor; Alice's"),
  CommandSpec(.plates, "plates", summary: "wave plates: targets, angles, motors"),
  CommandSpec(
    .pdl, "pdl", .loss, for: .operate, alone: .observe,
    summary: "loss by polarisation and detectors that differ: found, in force; or do it"),
  CommandSpec(.adaptive, "adaptive", summary: "what the module adapts by itself, and why"),

  CommandSpec(.config, "config", summary: "hash of the configuration, what is set, what is saved"),
  CommandSpec(.show, "show", .field, summary: "what is in force, as lines to paste back; running, or one field"),
  CommandSpec(.set, "set", .field, .value, least: 2, for: .operate, summary: "note a value for the next apply"),
  CommandSpec(.changes, "changes", summary: "what was set and is not in force"),
  CommandSpec(.apply, "apply", for: .operate, summary: "put what was set into force, as a whole"),
  CommandSpec(.discard, "discard", for: .operate, summary: "forget what was set"),
  CommandSpec(.defaults, "defaults", for: .operate, summary: "set every field to the program's default"),
  CommandSpec(.save, "save", for: .operate, summary: "keep what is in force for the next start"),
  CommandSpec(.load, "load", for: .operate, summary: "set every field to what was saved"),

  CommandSpec(.register, "register", .register, summary: "registers of the gateware, or the fields of one"),
  CommandSpec(.peek, "peek", .register, least: 1, summary: "read a register or one of its fields"),
  CommandSpec(
    .poke, "poke", .register, .number, .now, least: 3, for: .secure,
    summary: "write a register or one of its fields, between sessions"),
  CommandSpec(.i2c, "i2c", .address, summary: "who answers on the I2C bus; or the first bytes of one device"),
  CommandSpec(.gpio, "gpio", summary: "the lines of the board and their levels"),
  CommandSpec(.watchdog, "watchdog", summary: "heartbeat, period and latch of the gateware's watchdog, ticks"),
  CommandSpec(.timing, "timing", summary: "steps of the tick: budget, worst, how often over it; late writes"),

  CommandSpec(.trace, "trace", .count, summary: "what the module did, and why; or the last few events"),
  CommandSpec(.log, "log", .level, for: .operate, alone: .observe, summary: "which events are told as they happen"),
  CommandSpec(.alarm, "alarm", .alarm, summary: "alarms that are active or latched; or what one means"),
  CommandSpec(.clear, "clear", .alarm, for: .operate, summary: "clear latched alarms whose cause is gone"),
  CommandSpec(.telemetry, "telemetry", summary: "period of the line of telemetry, lines sent"),

  CommandSpec(.scpi, "scpi", summary: "lines of SCPI from now on, for programs"),
  CommandSpec(
    .update, "update", .now, for: .secure, alone: .observe,
    summary: "a program that waits; tests it, puts it in place, starts anew"),
  CommandSpec(.reboot, "reboot", .now, least: 1, for: .secure, summary: "start the program anew; a session is lost"),
  CommandSpec(.zeroize, "zeroize", .now, least: 1, for: .secure, summary: "erase all keys; only new ones revive it"),
  CommandSpec(.version, "version", summary: "program, role and register map"),
]
