//! ASC MHL histories: read, verify, write.
