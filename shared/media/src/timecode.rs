//! SMPTE ST 12-1 timecode, and the rationals that rates are.
