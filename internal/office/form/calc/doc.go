// Package calc works out fields of a form from others: small typed expressions over integers, decimals, money and lists, exact and
// three-valued. A number is a rational of whole numbers, never a floating-point one; what needs something that is not known is
// not known itself. The browser evaluates the same tree at once (web/src/form/calc.ts); what counts is worked out here. Both are
// held together by testdata/corpus.json.
//
//	a + b, a - b, a * 0.3, a / b, -a, (a)   money plus money is money, money times a number is money, money by money is a number
//	sum(items.amount), count(items)         over the items of a list
//	min(a, b, …), max(a, b, …)              of one kind; min(items.amount) over a list
//	change(now, before)                     by how many percent now differs from before; not known unless before is above zero
//
// A division by zero is not known. A list that is not given is not known either, nor is a sum over items of which one does not say.
package calc
