//! Conformance, crash, end-to-end and tidy tests over the whole of Tenon; see `all/`.
