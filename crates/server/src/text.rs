//! How a server and its changes read: the lines of the log and the words of `show stat`, as in HAProxy.
