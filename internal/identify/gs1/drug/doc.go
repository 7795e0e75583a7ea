// Package drug tells the three forms of Chinese drug trace codes (药品追溯码) apart and reads them: the supervision code of 20 digits
// (码上放心), GS1's GTIN with a serial number, and codes that a firm has defined for itself. It is pure.
//
// Source: NMPAB/T 1002-2019, 药品追溯码编码要求: a code is of 20 characters whose first seven identify the drug, or follows an
// international standard of ISO; it holds the serial number of the package, and may hold lot and dates. The last four digits of a
// supervision code are a cipher that only the platform that issued it can verify: a wrong digit among them is not found here.
package drug
