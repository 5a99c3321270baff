//! Every other extension, one file each.
