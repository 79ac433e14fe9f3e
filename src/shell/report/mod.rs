//! Takes: what the store holds. Gives: the figures of docs/metrics.md. Remembers: nothing. Source: docs/metrics.md.
