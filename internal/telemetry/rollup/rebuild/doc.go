// Package rebuild makes the rows of a roll-up again from the samples that leaves of the evidence log are of, as somebody does who has the
// samples and not the node. It is pure: package rollup folds, and what counts of samples of one time is decided as the store decides it.
package rebuild
