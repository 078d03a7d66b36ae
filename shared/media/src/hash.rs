//! Any set of digests in one pass.
