// Package incentive tells what support an enterprise's project can get, and why: measures as dated packs, eligibility that
// is true, false or unknown with the evidence that is missing, amounts exact to the fen, and an explanation of every step
// in Chinese and English with its clause. It is pure: values in, values out; the same packs, facts and date give the same
// bytes on every machine.
//
// A measure is one file (packs/policy): its clauses with the document's hash, validity, facts and the grade of evidence each
// needs, conditions, amount, and its own tests. Conditions are a small typed tree over declared facts, evaluated in Kleene's
// strong three-valued logic; amounts are integers of fen and decimal rates, multiplied in 128 bits and rounded once. Tiers
// may be a decision table (package table). A general expression language was not taken: those at hand compute in binary
// floating point, have no unknown, and cannot say clause by clause what they did.
//
// Sources: the measures of the five policies (Guangdong 2016, Hunan 2018, Zhejiang 2017, Guangzhou 2018, Guangdong 2021),
// whose texts lie in packs/policy/documents; DMN 1.5, clause 8; S. C. Kleene, Introduction to Metamathematics, §64.
package incentive
