//! Databases for programs that are not tests in Rust: starts a throw-away server, then makes a database
//! for each line of standard input, whose address it prints. All is gone when standard input ends.

use std::io::{self, BufRead, Write};

use testdb::Cluster;

fn main() -> io::Result<()> {
    let cluster = Cluster::start(&[]);
    let mut databases = Vec::new();
    for line in io::stdin().lock().lines() {
        line?;
        let database = cluster.database();
        writeln!(io::stdout(), "{}", database.url())?;
        databases.push(database);
    }
    Ok(())
}
