// Package party knows what an enterprise is by the national rules: its industry (GB/T 4754) and its size class (国统字〔2017〕213号). Both
// are tables in packs; the rules are pure. The credit code is checked by kernel/org (GB 32100), through the format credit-code.
package party
