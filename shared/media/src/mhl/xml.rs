//! Reading XML from strangers.
