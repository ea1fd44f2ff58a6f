//! The spanned configuration tree, its diagnostics and units; knows no option by name.
