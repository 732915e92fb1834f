/// What the page of alarms says before its table.
let alarmsText = """
  # Troubleshooting

  By alarm. Written by `make manual` from the table of the program; `alarm NAME` tells the same at the console.

  `alarm` lists what is active or latched, worst first; `trace` says what came before it, with the time. A latched
  alarm
  stays until `clear`, so that what happened at night is seen in the morning; one whose cause is there cannot be
  cleared.
  Severities: *critical*, security or the module itself; *major*, no key is made; *minor*, less key is made;
  *warning*,
  look in daylight.

  | Alarm | Severity | What it means | What to do |
  |---|---|---|---|
  """

/// And behind it.
let troubleText = """

  ## By symptom

  | What is seen | Where to look |
  |---|---|
  | nothing on the console | the prompt comes at the first Enter; speed 115 200, 8N1, no flow control; \
  `--console` says where it is |
  | `error: ...: only between sessions` | `stop`, wait for `state idle`, then again |
  | `start` says that there is no link | `link`: address, port, cable; one side listens, the other connects |
  | session refused, *configured differently* | `link` names the field; `config` shows both hashes; paste `show \
  running` of one module to the other |
  | session refused, *keys are used up* | `auth`; bring a new pre-shared key to both modules |
  | no counts | `gate`, `align run`, `counters`; at Alice `delay`, `gpio` (LASER_ARM), `alarm` (interlock) |
  | error rate near 50 % | other slots: `acquire`; no common clock: `set clock recovered` at Bob; else `align run` |
  | blocks refused with `not_reconciled` | as for an error rate near 50 % |
  | error rate above the plan | `pdl`, `counters`, stray light; `adaptive`: a row of the policy for that rate |
  | blocks refused, `axis_biased` | one axis sees more light than `axis_share_max` allows: `pdl`, `counters` |
  | blocks refused, `no_length` | too few bits or too many errors for a key: larger `block_bits`, or `adaptive` |
  | blocks refused, `tag_wrong` | the pre-shared keys differ, or somebody changes messages |
  | fault `stuck_register`, `bus_checksum` | `counters`: repeated and damaged transfers; cable and speed of the \
  SPI bus |
  | fault `front_end`, `wave_plates` | `i2c`: who answers |
  | fault `watchdog_expired` | `watchdog`, `status` (late ticks): something held the control loop up |
  | fault `journal_lost` | the disk of `--journal` is full or read-only; without a durable index no block is opened |
  | everything was fine before the restart | `trace` of a module with `--trace FILE` goes back beyond it |
  """
