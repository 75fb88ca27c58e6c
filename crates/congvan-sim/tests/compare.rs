//! Becoming the same costs what is missing, not what exists.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use congvan_sim::compare;

#[test]
fn two_thousand_chains_that_differ_in_ten_cost_a_few_round_trips_and_under_64_kib_both_ways_with_their_entries() {
    let cost = compare(2_000, 10).unwrap();
    assert!(cost.same, "{cost:?}");
    assert!(cost.rounds <= 5, "{cost:?}");
    assert!(cost.bytes <= 32 * 1024, "half of what is allowed: {cost:?}");
}

#[test]
fn what_it_costs_follows_the_differences_and_hardly_the_chains() {
    let few = compare(300, 10).unwrap();
    let many = compare(4_800, 10).unwrap();
    assert!(few.same && many.same);
    // Sixteen times the chains are one step of the tree more.
    assert!(many.rounds <= few.rounds + 1, "{few:?} {many:?}");
    assert!(many.bytes <= 2 * few.bytes, "{few:?} {many:?}");
    let none = compare(4_800, 0).unwrap();
    assert!(none.rounds == 1 && none.bytes < 512, "{none:?}");
    let all = compare(300, 299).unwrap();
    assert!(all.same && all.bytes < 2 * all.missing + 300 * 400, "{all:?}");
}
