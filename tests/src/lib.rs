//! Black-box tests of `lb`; the folders beside this file are their areas.
