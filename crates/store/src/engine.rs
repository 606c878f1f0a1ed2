//! The engines. One runs per process, chosen at start; nothing outside of this folder and the
//! seam, [`Tx`](crate::Tx), knows which.

pub mod sqlite;
