//! What happens, for the `log` crate where that feature is on. Passwords are in no line: no message
//! is logged but by its type.

/// Declares a macro that logs at a level, or that checks its arguments and does nothing.
// rustfmt indents a macro in a macro further each time.
#[rustfmt::skip]
macro_rules! level {
    ($dollar:tt $name:ident $level:ident) => {
        macro_rules! $name {
            ($dollar($dollar argument:tt)*) => {{
                #[cfg(feature = "log")]
                log::$level!($dollar($dollar argument)*);
                #[cfg(not(feature = "log"))]
                let _ = || format!($dollar($dollar argument)*);
            }};
        }
        pub(crate) use $name;
    };
}

level!($ debug debug);
level!($ info info);
level!($ warning warn);
