//! Plays a SCIM client, against anybody's server.
//!
//! [`simulate`](simulate::simulate) does what an identity provider does, in its order and with its habits, and says where it
//! would be stuck. [`self_test`](self_test::self_test) asks for what RFC 7643, RFC 7644 and RFC 9865
//! demand, one thing at a time, and says what to mend. Both know nothing of Muster: no URL, no
//! extension, no admin API. Both remove what they made.

pub mod answer;
pub mod ask;
pub mod connection;
mod document;
mod made;
mod random;
pub mod report;
pub mod self_test;
pub mod simulate;
mod stop;
pub mod target;
mod tls;
mod urns;

pub use connection::{CannotConnect, Connection, Unreachable};
pub use stop::Stop;
pub use target::{BaseUrl, Target, Token};
