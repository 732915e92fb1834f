import Optics
