/// What the manual page of the console says behind the tables of commands and arguments.
let manualText = """

  Names of commands, fields, alarms and registers may be cut short where only one begins so, and written in small or
  capital letters. A line that begins with `#` says nothing. Every refusal is one line that begins with `error:` and
  changes nothing.

  ## What a console may do

  `gimbal --privilege LEVEL` says what its console is trusted with: `observe` looks, `operate` also runs sessions and
  sets the configuration, `secure` also destroys keys and writes registers. Each level includes those before it. What
  cannot be undone wants the word `now` besides.

  ## Bench

  `gate` and `delay` move Bob's gate and Alice's pulse for the next session. `align run` moves the gate through the
  first 8 ns of the slot while light is on, counts for 76 ms at each of 32 places, sets `gate_delay_ps` to the middle
  of the places with more than half of the excess, and gives the session up, because bits that were sifted on the way
  are of unequal quality. `align` shows the counts.

  `poke` writes past every setting. No session begins, from either side, before `selftest` has brought the devices up
  again.

  `pdl` tells contrasts of the detectors since light began, what was measured, and what is in force. `pdl run` at Bob,
  while a session runs, turns his wave plates so that loss and detectors that differ change sign apart, and ends by
  itself; the frames of these seconds carry no key, but for a fifth of a second behind each round. Behind the session
  it tilts Bob's plates of glass against the loss and forgets part of the single clicks of better detectors, if either
  exceeds three standard deviations. From then on one second in 64 of a session carries no key, the first one to begin
  with: contrasts are looked at, and loss is measured again when they leave what was found. `pdl measure` only tells
  what would be set: where the element is Alice's and the frames of the modules roll, `set tilt_cdeg` and
  `tilt_axis_cdeg` at her module. `pdl undo` goes back to nothing. `save` keeps what is in force.

  ## Trace and log

  The last 128 events stand in a ring; what repeats at once is counted. With `gimbal --trace FILE` the ring stands in
  FILE, and the next run of the program continues it, whatever ended the last one: `start 2` begins its events. On a
  board FILE is on `/run`, which outlives the program and not the power. `log LEVEL` tells events as they happen,
  above the line that is being typed: `error` are faults and alarms from major on, `warning` also other alarms, blocks
  without key and broken sessions, `notice` all but late ticks and repeated transfers, which are `debug`.

  ## Start anew, update

  `reboot now` starts the program anew with the same options, on the same console; a session is lost. `update now`
  runs the self-test of the program in `gimbal --update FILE`, on this very processor. If it passes and the module is
  at rest, the program is kept as PROGRAM.previous, the new one takes its place, and the module starts anew; else
  `trace` tells why not. The new program is trusted like the old one: the rights of FILE and its folder are what
  protects the module.

  ## Alarms

  An alarm is active while its cause is there and latched until it is cleared. `alarm NAME` says what it means and
  what to do; the list is in [Troubleshooting](Troubleshooting.md).

  ## Configuration

  `set` notes a value, `changes` shows what was noted, `apply` puts all of it into force or refuses all of it, and
  only between sessions. `show running` prints what is in force as lines that can be pasted to another module; `show
  FIELD` tells the unit and what is asked of a value. Both modules have to agree on the fields of the first part, the
  link's; `config` shows the hash of these fields here and at the peer. The fields are in
  [Configuration](Configuration.md).

  `save` keeps what is in force in the file of `gimbal --configuration FILE`, where the next start finds it; `load`
  sets it again. The file is replaced as a whole and ends with its checksum; a program that finds it damaged, written
  by a newer one or unusable says so and does not start.

  ## Keys of the line editor

  | Key | Effect |
  |---|---|
  | Tab | completes the name; a second time lists what fits |
  | `?` | explains what may stand at the cursor |
  | Left, Right, Home, End or Ctrl-B F A E | move the cursor |
  | Delete or Ctrl-D, Backspace | delete a character |
  | Ctrl-W, Ctrl-U, Ctrl-K | delete the word before, to the start, to the end |
  | Up, Down or Ctrl-P N | the last eight lines |
  | Ctrl-L, Ctrl-C | a clean screen; abandon the line |

  The console prints no faster than its terminal takes: 16 KiB wait, what finds no room is lost and counted, and the
  control loop never waits. `gimbal --console tty:PATH --baud 115200` opens a serial device, 8N1 without flow control.
  """
