func runSelfTest() -> Bool { true }
