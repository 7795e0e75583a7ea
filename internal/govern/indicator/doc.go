// Package indicator computes what policies set targets for: definitions of indicators and the targets of regions as packs, what an
// enterprise's and a region's value is out of the real inputs of this node, and how far that is from the target. A value comes with
// its coverage, the worst grade of its evidence, what is missing, the formula with the numbers filled in, and what it rests on down to
// single facts, entries and machines. What is not known is never zero.
//
// Definitions stand apart from targets: one definition, many targets (region, population, deadline, value). Evaluation is pure: the
// same definition, population and inputs give the same bytes. The room reads inputs through interfaces that it declares; what another
// organisation has not granted is missing, and is never fetched.
//
// Sources: the numeric targets of the policies of Guangdong 2016 and 2021, Zhejiang 2017, Hunan 2018 and Guangzhou 2018, none of which
// defines how a target is computed; every formula is therefore an assumption of ours that stands beside the figure.
package indicator
