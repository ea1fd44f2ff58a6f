//! The row type of everything that can become of a request or a connection.
