public import Distillation
public import Ports

/// Everything of the board but the SPI bus, which the gateware driver owns.
public protocol ModuleBoard:
  I2cBus, LinePort, EntropySource, ClassicalLink, IndexJournal, ConfigurationStore, KeyVault, ProgramStore,
  Timekeeper, BlockObserver, ~Copyable
{}
