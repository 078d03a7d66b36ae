//! Recipe and frame in, EXR bytes out: the one pure function that render is.
