//! Stories: what users live through, told to real servers.
