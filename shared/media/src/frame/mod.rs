//! Framing documents (ASC FDL) and crops.
