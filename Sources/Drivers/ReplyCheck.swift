import RegisterMap

/// A reply with a right CRC has a status, nil if its byte is no status.
enum ReplyCheck {
  case intact(SpiProtocol.Status?)
  case damaged(DriverFault)
}
