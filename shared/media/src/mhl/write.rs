//! Documents as XML.
