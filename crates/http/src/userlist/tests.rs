//! Passwords that others hashed: `openssl passwd`, `mkpasswd`, `htpasswd`.
